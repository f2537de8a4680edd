import ApusSystem
import Testing

@testable import apustool

@Suite struct CommandLineTests {
  @Test(arguments: [
    (["nosuch"], "expected command but got \"nosuch\""),
    (["tsdb", "create-blocks-from"], "must select a subcommand of 'tsdb create-blocks-from'"),
    (["tsdb", "bench"], "must select a subcommand of 'tsdb bench'"),
    (["tsdb", "list", "--foo"], "unknown long flag '--foo'"),
    (["tsdb", "list", "a", "b"], "unexpected b"),
    (
      ["tsdb", "dump", "--min-time=x"],
      "strconv.ParseInt: parsing \"x\": invalid syntax"
    ),
    (
      ["tsdb", "analyze", "--limit=a"],
      "strconv.ParseFloat: parsing \"a\": invalid syntax"
    ),
    (["tsdb", "dump", "--format=x"], "enum value must be one of prom,seriesjson, got 'x'"),
    (
      ["tsdb", "create-blocks-from", "openmetrics"],
      "required argument 'input file' not provided"
    ),
    (["test", "rules"], "required argument 'test-rule-file' not provided"),
  ])
  func `what is wrong with a line is told as promtool tells it`(
    _ line: [String], _ problem: String
  ) async {
    let result = await tool(line)
    #expect(result.errors == "apustool: error: \(problem), try --help\n")
    #expect(result.output == "")
    #expect(result.status == 1)
  }

  @Test func `flags of a group may stand anywhere behind its name`() {
    #expect(
      GlobalOptions.moved(["--experimental", "promql", "format", "x"])
        == ["promql", "format", "x", "--experimental"])
    #expect(
      GlobalOptions.moved(["tsdb", "create-blocks-from", "-r", "openmetrics", "in", "out"])
        == ["tsdb", "create-blocks-from", "openmetrics", "in", "out", "-r"])
    #expect(
      GlobalOptions.moved(["test", "--junit", "f", "rules", "--debug", "t"])
        == ["test", "rules", "--debug", "t", "--junit", "f"])
    #expect(
      GlobalOptions.moved(["query", "-o", "json", "instant", "s", "--", "-x"])
        == ["query", "instant", "s", "-o", "json", "--", "-x"])
    #expect(GlobalOptions.moved(["tsdb", "--help"]) == ["tsdb", "--help"])
  }

  @Test func `queries are formatted, and their matchers edited`() async {
    func promql(_ arguments: String...) async -> String {
      await tool(["--experimental", "promql"] + arguments).output
    }
    #expect(await promql("format", "sum(up)by(job)") == "sum by (job) (up)\n")
    let query = "sum(rate(x{a=\"b\"}[5m])) / y"
    #expect(
      await promql("label-matchers", "set", query, "a", "c")
        == "sum(rate(x{a=\"c\"}[5m])) / y{a=\"c\"}\n")
    #expect(
      await promql("label-matchers", "set", "-t", "!~", "x{a=\"b\",c=\"d\"}", "a", "q.*")
        == "x{a!~\"q.*\",c=\"d\"}\n")
    #expect(await promql("label-matchers", "delete", query, "a") == "sum(rate(x[5m])) / y\n")
    let refused = await tool("promql", "label-matchers", "delete", query, "a")
    #expect(
      refused.errors
        == "This command is experimental and requires the --experimental flag to be set.\n")
    #expect(refused.status == 1)
    let bad = await tool("--experimental", "promql", "label-matchers", "set", "x{", "a", "b")
    #expect(bad.errors == "1:3: parse error: unexpected end of input inside braces\n")
    let pattern = await tool(
      "--experimental", "promql", "label-matchers", "set", "x", "a", "(",
      "--type==~")
    #expect(pattern.status == 1)
  }

  @Test func `times are printed as Go prints them`() {
    #expect(CivilTime.text(seconds: 0) == "1970-01-01 00:00:00")
    #expect(CivilTime.text(seconds: 1_709_251_199) == "2024-02-29 23:59:59")
    #expect(CivilTime.text(seconds: -1) == "1969-12-31 23:59:59")
    #expect(CivilTime.rfc822(seconds: 1_700_000_000) == "14 Nov 23 22:13 UTC")
    #expect(GoDuration.text(ms: 7_199_751) == "1h59m59.751s")
    #expect(GoDuration.text(ms: 1) == "1ms")
    #expect(GoDuration.text(ns: 50_255) == "50.255µs")
    #expect(GoDuration.text(ns: 8_240_415) == "8.240415ms")
    #expect(GoDuration.text(ns: 1_500_000_000) == "1.5s")
  }
}
