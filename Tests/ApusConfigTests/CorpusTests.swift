import ApusConfig
import ApusModel
import ApusSystem
import Testing

struct CorpusTests {
  @Test(arguments: try TestFiles.names(in: TestFiles.bad, ending: ".yml"))
  func `a bad configuration is refused with exactly the errors written beside it`(
    name: String
  ) throws {
    let expected = try PosixFileSystem().readText(
      "\(TestFiles.bad)/\(name.dropLast(4)).txt")
    do {
      _ = try TestFiles.load("\(TestFiles.bad)/\(name)")
      Issue.record("\(name) was taken")
    } catch let errors as ConfigErrors {
      let shown = errors.errors.map { "\(name):\($0.line): \($0.fullText)\n" }
      #expect(shown.joined() == expected)
      #expect(errors.description.hasPrefix("\(TestFiles.bad)/\(name):"))
    }
  }

  @Test(arguments: try TestFiles.names(in: TestFiles.good, ending: ".yml"))
  func `a configuration that operators use loads as it stands`(name: String) throws {
    let config = try TestFiles.load("\(TestFiles.good)/\(name)")
    #expect(!config.scrapeConfigs.isEmpty)
    let files = config.ruleFiles.flatMap { Glob.expand($0, files: PosixFileSystem()) }
    #expect(!files.isEmpty)
  }

  @Test(arguments: try TestFiles.names(in: TestFiles.good, ending: ".yml"))
  func `what is shown of a configuration loads again and is shown the same`(
    name: String
  ) throws {
    let config = try TestFiles.load("\(TestFiles.good)/\(name)")
    let loader = ConfigLoader(files: MemoryFileSystem(), environment: { _ in nil })
    let again = try loader.load(text: config.shownText, path: "other.yml")
    #expect(again.shownText == config.shownText)
    #expect(again.scrapeConfigs == config.scrapeConfigs)
    #expect(again.alerting == config.alerting)
  }

  @Test func `the configuration at the top level scrapes itself and a node exporter`() throws {
    let config = try TestFiles.load("\(TestFiles.root)/prometheus.yml")
    let targets = config.scrapeConfigs.map {
      $0.discovery.staticGroups.flatMap(\.targets).map { $0.value(of: "__address__") }
    }
    #expect(targets == [["localhost:9090"], ["localhost:9100"]])
    #expect(config.ruleFiles == ["\(TestFiles.root)/rules/*.yml"])
    let managers = config.alerting.alertmanagers.flatMap(\.discovery.staticGroups)
    #expect(managers.flatMap(\.targets).map { $0.value(of: "__address__") } == ["localhost:9093"])
  }

  @Test(arguments: try TestFiles.names(in: "\(TestFiles.root)/rules", ending: ".yml"))
  func `a shipped rule file loads`(name: String) throws {
    let loader = RuleFileLoader(files: PosixFileSystem(), checks: .none)
    let file = try loader.load(path: "\(TestFiles.root)/rules/\(name)")
    #expect(file.groups.contains { !$0.rules.isEmpty })
  }
}
