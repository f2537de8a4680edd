import ApusTesting
import Synchronization
import Testing

@testable import apustool

@Suite struct CreateBlocksFromRulesTests {
  private let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  private static let rules = """
    groups:
    - name: g
      rules:
      - record: job:reqs:rate
        expr: sum by (job) (rate(reqs_total[5m]))
        labels: {team: x}
      - alert: A
        expr: vector(1)
    """

  private func server(_ answer: String, status: Int = 200) async throws -> LocalServer {
    try await LocalServer { _ in .answer(status: status, body: Array(answer.utf8)) }
  }

  private static let matrix = """
    {"status":"success","data":{"resultType":"matrix","result":[{"metric":{"job":"a",
    "__name__":"reqs"},"values":[[1700000026.816,"1.5"],[1700000086.816,"+Inf"]]}]}}
    """

  private func run(_ server: LocalServer, _ flags: String...) async throws -> ToolResult {
    // The name of the file decides when the group's turns are.
    let file = try directory.file("rr.yml", Self.rules)
    return await tool(
      ["tsdb", "create-blocks-from", "rules", "--url=\(server.url)"] + flags
        + ["--output-dir=\(directory["out"])", file])
  }

  @Test func `recording rules are asked for block by block, and what comes is stored`()
    async throws
  {
    let server = try await server(Self.matrix)
    let result = try await run(server, "--start=1700000000", "--end=1700010000")
    #expect(result.status == 0)
    #expect(result.output == "")
    #expect(result.errors.contains("level=INFO msg=\"new rule importer\" component=backfiller"))
    #expect(
      result.errors.contains("start=\"14 Nov 23 22:13 UTC\" end=\"15 Nov 23 01:00 UTC\"\n"))
    #expect(server.requests.count == 2)
    let forms = server.requests.map { String(decoding: $0.body, as: UTF8.self) }
    #expect(server.requests[0].target == "/api/v1/query_range")
    #expect(forms[0].contains("query=sum%20by%20%28job%29%20%28rate%28reqs_total%5B5m%5D%29%29"))
    #expect(forms[0].contains("&end=1700006399&step=60"))
    #expect(forms[1].contains("&end=1700010000&step=60"))
    #expect(
      await tool("tsdb", "dump", directory["out"]).output == """
        {__name__="job:reqs:rate", job="a", team="x"} 1.5 1700000026816
        {__name__="job:reqs:rate", job="a", team="x"} +Inf 1700000086816

        """)
  }

  @Test func `without an end it is three hours ago`() async throws {
    let server = try await server(Self.matrix)
    _ = try await run(server, "--start=2023-11-14T19:00:00Z")
    let form = String(decoding: server.requests.last?.body ?? [], as: UTF8.self)
    #expect(form.contains("&end=\(1_700_000_000 - 3 * 3_600)&"))
  }

  @Test func `times and files that are wrong`() async throws {
    let server = try await server(Self.matrix)
    let end = try await run(server, "--start=5", "--end=5")
    #expect(end.errors == "start time is not before end time\n")
    #expect(end.status == 1)
    #expect(
      try await run(server, "--start=x").errors
        == "error parsing start time: cannot parse \"x\" to a valid timestamp\n")
    #expect(
      try await run(server).errors
        == "apustool: error: required flag --start not provided, try --help\n")
    let bad = try directory.file("bad.yml", "groups: [{name: g, rules: [{record: a}]}]")
    let result = await tool("tsdb", "create-blocks-from", "rules", "--start=1", bad)
    #expect(result.errors.contains("rule importer parse error: \(bad): 0:0: "))
    #expect(result.status == 1)
  }

  @Test func `a server that refuses is told of, once for each rule`() async throws {
    let server = try await server(
      #"{"status":"error","errorType":"execution","error":"too much"}"#, status: 422)
    let result = try await run(server, "--start=1700000000", "--end=1700010000")
    #expect(result.status == 1)
    #expect(
      result.errors.hasSuffix(
        "rule importer error: query range: execution: too much\nerror importing rules\n"))
    #expect(server.requests.count == 1)
    #expect(await tool("tsdb", "list", directory["out"]).lines.count == 2)
  }
}
