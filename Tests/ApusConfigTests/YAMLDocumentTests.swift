import ApusConfig
import ApusSystem
import Testing

struct YAMLDocumentTests {
  @Test func `deep nesting is refused, not fatal`() {
    for depth in [101, 2_000, 200_000] {
      let flow = String(repeating: "[", count: depth)
      #expect(!problems("rule_files: \(flow)").isEmpty)
      let closed = flow + String(repeating: "]", count: depth)
      #expect(!problems("rule_files: \(closed)").isEmpty)
    }
    let block = (0..<3_000).map { String(repeating: " ", count: $0) + "a:\n" }.joined()
    #expect(!problems(block).isEmpty)
    #expect(!problems(String(repeating: "- ", count: 3_000)).isEmpty)
    #expect(!problems("a: " + String(repeating: "{b: ", count: 3_000)).isEmpty)
  }

  @Test func `a bomb of aliases in values is refused`() {
    var text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
    for i in 1..<12 {
      let names = [String](repeating: "*a\(i - 1)", count: 10).joined(separator: ", ")
      text += "a\(i): &a\(i) [\(names)]\n"
    }
    #expect(
      problems(text).contains { $0.contains("yaml: document contains excessive aliasing") })
  }

  @Test func `a bomb of aliases in a key is refused`() {
    var text = "a0: &a0 [x, x]\n"
    for i in 1..<60 { text += "a\(i): &a\(i) [*a\(i - 1), *a\(i - 1)]\n" }
    text += "? *a59\n: value\n"
    #expect(
      problems(text) == [
        "61: yaml: document contains excessive aliasing: aliases within keys"
      ])
    #expect(!problems(text.replacing("? *a59\n: value", with: "? [*a59]\n: value")).isEmpty)
    #expect(!problems(text.replacing("? *a59\n: value", with: "*a59 : value")).isEmpty)
    #expect(!problems(text.replacing("? *a59\n: value", with: "[*a59, b]: value")).isEmpty)
  }

  @Test func `many harmless aliases are taken`() throws {
    var text = "global: {external_labels: &l {a: b}}\nscrape_configs:\n"
    for i in 0..<300 {
      text += "- job_name: j\(i)\n  static_configs: [{targets: [x], labels: *l}]\n"
    }
    #expect(try config(text).scrapeConfigs.count == 300)
  }

  @Test func `bytes that are no UTF-8 are refused with their line`() {
    let files = MemoryFileSystem()
    do {
      try files.write("p.yml", Array("global:\n  # ".utf8) + [0xFF, 0x0A])
      _ = try ConfigLoader(files: files, environment: { _ in nil }).load(path: "p.yml")
      Issue.record("loaded")
    } catch let errors as ConfigErrors {
      #expect(errors.description == "p.yml:2: yaml: invalid leading UTF-8 octet")
    } catch {
      Issue.record("\(error)")
    }
  }

  @Test func `a control character is refused with its line`() {
    #expect(problems("global:\n  query_log_file: a\u{1}b\n").first?.hasPrefix("2: yaml: ") == true)
  }

  @Test func `a key that stands twice does not hide other errors`() {
    #expect(
      problems(
        """
        global:
          scrape_interval: 1s
          "scrape_interval": 2s
          foo: 1
        scrape_configs:
          - job_name: a
            # a comment
            scheme: http
            scheme : https
            bar: 2
        """) == [
          "3: field scrape_interval already set in type config.plain",
          "4: field foo not found in type config.plain",
          "9: field scheme already set in type config.ScrapeConfig",
          "10: field bar not found in type config.ScrapeConfig",
        ])
  }

  @Test func `a key of the same name in another mapping is no repetition`() {
    #expect(
      problems(
        """
        scrape_configs:
          - job_name: a
            static_configs:
              - targets: [x]
          - job_name: b
            static_configs:
              - targets: [y]
        """) == [])
  }

  @Test func `a large file is read in one go`() throws {
    var text = "scrape_configs:\n"
    for i in 0..<5_000 {
      text += "  - job_name: job\(i)\n    static_configs:\n      - targets: ['h\(i):1']\n"
    }
    #expect(try config(text).scrapeConfigs.count == 5_000)
  }

  @Test(arguments: [
    ("0x1F", 31), ("0b11", 3), ("0o17", 15), ("017", 15), ("1_000", 1_000), ("1e3", 1_000),
    ("+5", 5),
  ])
  func `whole numbers are written as YAML 1.1 allows`(text: String, number: Int) throws {
    #expect(try config("global: {sample_limit: \(text)}").global.limits.samples == number)
  }

  @Test func `booleans are written as YAML 1.1 allows`() throws {
    for word in ["y", "Yes", "on", "TRUE"] {
      let text = "scrape_configs: [{job_name: a, honor_labels: \(word)}]"
      #expect(try config(text).scrapeConfigs[0].honorsLabels)
    }
    #expect(!problems("scrape_configs: [{job_name: a, honor_labels: 'yes'}]").isEmpty)
  }
}
