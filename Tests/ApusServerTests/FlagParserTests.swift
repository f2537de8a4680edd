import Testing

@testable import ApusServer

@Suite struct FlagParserTests {
  private func parse(_ arguments: String...) throws -> Flags {
    Flags(try FlagParser(arguments) { _ in [] })
  }

  private func refusal(_ arguments: String...) -> String? {
    do {
      _ = try FlagParser(arguments) { _ in [] }
      return nil
    } catch {
      return "\(error)"
    }
  }

  @Test func `a value stands behind an equals sign or as the next argument`() throws {
    let flags = try parse("--config.file=a.yml", "--storage.tsdb.path", "b")
    #expect(flags.text("config.file") == "a.yml")
    #expect(flags.text("storage.tsdb.path") == "b")
  }

  @Test func `what is not given has Prometheus's default`() throws {
    let flags = try parse()
    #expect(flags.text("config.file") == "prometheus.yml")
    #expect(flags.list("web.listen-address") == ["0.0.0.0:9090"])
    #expect(flags.durationMs("query.lookback-delta") == 300_000)
    #expect(flags.durationMs("storage.tsdb.retention.time") == nil)
    #expect(flags.bytes("storage.tsdb.wal-segment-size") == 128 << 20)
    #expect(!flags.bool("web.enable-lifecycle"))
  }

  @Test func `a count is whole, and never too large to be one`() throws {
    func count(_ text: String) throws -> Int {
      try parse("--query.max-samples=\(text)").count("query.max-samples")
    }
    #expect(try count("5e7") == 50_000_000)
    #expect(try count("1.9") == 1)
    #expect(try count("9223372036854775807") == .max)
    #expect(try count("1e300") == .max)
    #expect(try count("NaN") == 0)
    #expect(try count("-1e300") == 0)
  }

  @Test func `a switch is turned on by its name and off by no- before it`() throws {
    #expect(try parse("--web.enable-lifecycle").bool("web.enable-lifecycle"))
    #expect(try !parse("--no-storage.tsdb.wal-compression").bool("storage.tsdb.wal-compression"))
    #expect(refusal("--web.enable-lifecycle=false") == "unexpected false")
  }

  @Test func `a repeated flag keeps all values`() throws {
    let flags = try parse("--web.listen-address=a:1", "--web.listen-address=b:2")
    #expect(flags.list("web.listen-address") == ["a:1", "b:2"])
  }

  @Test func `an unknown flag is refused with the nearest name`() {
    #expect(
      refusal("--config.fil=x")
        == "unknown long flag '--config.fil'; did you mean '--config.file'?")
    #expect(refusal("--zzzzzzzz") == "unknown long flag '--zzzzzzzz'")
  }

  @Test func `bad values and stray words are refused`() {
    #expect(refusal("--query.timeout=5") == "not a valid duration string: \"5\"")
    #expect(refusal("--log.level=loud") != nil)
    #expect(refusal("--config.file") == "expected argument for flag '--config.file'")
    #expect(refusal("serve") == "unexpected serve")
  }

  @Test func `a file of arguments stands for its lines`() throws {
    let parser = try FlagParser(["@args"]) { name in
      name == "args" ? ["--config.file=z.yml", ""] : []
    }
    #expect(Flags(parser).text("config.file") == "z.yml")
  }

  @Test func `flags of the agent are refused without it, and the server's with it`() throws {
    #expect(
      try parse("--storage.agent.path=x").refusal
        == "The following flag(s) can only be used in agent mode: [\"--storage.agent.path\"]")
    #expect(
      try parse("--agent", "--query.timeout=1m").refusal
        == "The following flag(s) can not be used in agent mode: [\"--query.timeout\"]")
    #expect(try parse("--query.timeout=1m").refusal == nil)
  }

  @Test func `the flags page lists every flag by name`() throws {
    let shown = try parse("--query.max-samples=7").shown
    #expect(shown.map(\.name) == shown.map(\.name).sorted())
    #expect(shown.first { $0.name == "query.max-samples" }?.value == "7")
    #expect(shown.contains { $0.name == "storage.tsdb.max-block-duration" })
  }

  @Test func `help names every flag that is not hidden`() {
    for spec in FlagTable.all {
      #expect(FlagHelp.text.contains(spec.name) == !spec.isHidden || spec.name == "agent")
    }
  }
}
