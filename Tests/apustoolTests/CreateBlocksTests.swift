import ApusModel
import ApusSystem
import ApusTSDB
import Testing

@testable import apustool

@Suite struct CreateBlocksTests {
  private let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  private static let text = """
    # HELP http_requests_total The total number of HTTP requests.
    # TYPE http_requests_total counter
    http_requests_total{code="200",service="user"} 123 1609954636
    http_requests_total{code="200",service="user"} 125 1609954640
    http_requests_total{code="500",service="us\\"er"} 0.5 1609954636.5
    http_requests_total{code="200",service="user"} 223 1609984636
    # TYPE g gauge
    g 1 1609954636
    g NaN 1609984637
    g +Inf 1609984638
    # EOF

    """

  private func create(_ text: String, _ flags: [String] = []) async throws -> ToolResult {
    let input = try directory.file("in.om", text)
    return await tool(
      ["tsdb", "create-blocks-from"] + flags + ["openmetrics", input, directory["out"]])
  }

  private func dump(_ flags: String...) async -> String {
    await tool(["tsdb", "dump"] + flags + [directory["out"]]).output
  }

  @Test func `samples come back from blocks of two hours, each of which is told of`()
    async throws
  {
    let result = try await create(Self.text)
    #expect(result.status == 0)
    #expect(result.errors == "")
    #expect(result.lines.count == 4)
    #expect(
      result.lines[0]
        == "BLOCK ULID                  MIN TIME       MAX TIME       DURATION     NUM SAMPLES"
        + "  NUM CHUNKS   NUM SERIES   SIZE")
    #expect(
      result.lines[1].dropFirst(26).hasPrefix(
        "  1609954636000  1609954640001  4.001s       4            3            3            "))
    #expect(
      result.lines[2].dropFirst(26).hasPrefix(
        "  1609984636000  1609984638001  2.001s       3            2            2            "))
    #expect(
      await dump() == """
        {__name__="g"} 1 1609954636000
        {__name__="g"} NaN 1609984637000
        {__name__="g"} +Inf 1609984638000
        {__name__="http_requests_total", code="200", service="user"} 123 1609954636000
        {__name__="http_requests_total", code="200", service="user"} 125 1609954640000
        {__name__="http_requests_total", code="200", service="user"} 223 1609984636000
        {__name__="http_requests_total", code="500", service="us\\"er"} 0.5 1609954636500

        """)
  }

  @Test func `longer blocks are made when asked for, and told of in human words or not at all`()
    async throws
  {
    let one = try await create(Self.text, ["--max-block-duration=72h", "-r"])
    #expect(one.lines.count == 3)
    #expect(one.lines[1].contains("  2021-01-06 17:37:16 +0000 UTC  2021-01-07 01:57:18 +0000 UTC"))
    #expect(one.lines[1].hasSuffix("B"))
    let silent = try await create(Self.text, ["-q"])
    #expect(silent.output == "")
    #expect(silent.status == 0)
    #expect(BlockRange.compatible(maxMs: 1) == 2 * 3_600_000)
    #expect(BlockRange.compatible(maxMs: 18 * 3_600_000) == 18 * 3_600_000)
    #expect(BlockRange.compatible(maxMs: 53 * 3_600_000) == 18 * 3_600_000)
    #expect(BlockRange.compatible(maxMs: .max) == 2 * 3_600_000 * 19_683)
  }

  @Test func `labels are added, in place of those that are there`() async throws {
    let input = try directory.file("in.om", "a{x=\"1\",y=\"2\"} 5 60\n# EOF\n")
    let result = await tool(
      "tsdb", "create-blocks-from", "openmetrics", "--label=x=9", "--label=z=q=r", input,
      directory["out"])
    #expect(result.status == 0)
    #expect(await dump() == "{__name__=\"a\", x=\"9\", y=\"2\", z=\"q=r\"} 5 60000\n")
    let bad = await tool("tsdb", "create-blocks-from", "openmetrics", "--label=x", input)
    #expect(bad.errors == "apustool: error: expected KEY=VALUE got 'x', try --help\n")
    #expect(bad.status == 1)
  }

  @Test(arguments: [
    ("a 1\n# EOF\n", "getting min and max timestamp: expected timestamp for series got none"),
    ("a 1 2\n", "getting min and max timestamp: next: data does not end with # EOF"),
  ])
  func `a text that cannot be taken makes no block`(_ text: String, _ error: String) async throws {
    let result = try await create(text)
    #expect(result.errors == error + "\n")
    #expect(result.status == 1)
    #expect(await tool("tsdb", "list", directory["out"]).lines.count == 2)
  }

  @Test func `a file that is not there is told in promtool's words`() async {
    let result = await tool("tsdb", "create-blocks-from", "openmetrics", "/no/such.om")
    #expect(result.errors == "try lock file: open /no/such.om: no such file or directory\n")
    #expect(result.status == 1)
  }

  @Test func `an empty text makes nothing`() async throws {
    let result = try await create("# EOF\n")
    #expect(result.output == "")
    #expect(result.status == 0)
  }

  @Test func `an older sample is left out before a commit and refused after one`() async throws {
    #expect(try await create("a 1 20\na 2 10\n# EOF\n").status == 0)
    #expect(await dump() == "{__name__=\"a\"} 1 20000\n")
    let many = (0..<5_000).map { "a \($0) \($0)\n" }.joined()
    let late = try await create(many + "a 1 10\n# EOF\n")
    #expect(late.status == 1)
    #expect(
      late.errors == "block creation: process blocks: add sample: out of order sample\n")
    let double = try await create(many + "a 1 4999\n# EOF\n")
    #expect(
      double.errors
        == "block creation: process blocks: add sample: duplicate sample for timestamp\n")
  }

  @Test func `times before 1970 lie in blocks that begin at full lengths`() {
    #expect(BlockRange.start(of: -1, lengthMs: 7_200_000) == -7_200_000)
    #expect(BlockRange.start(of: -7_200_000, lengthMs: 7_200_000) == -7_200_000)
    #expect(BlockRange.start(of: 7_199_999, lengthMs: 7_200_000) == 0)
  }

  @Test func `of a text that runs through time each part is read for its block alone`() throws {
    let text = (0..<240).map { "a \($0) \($0 * 60)\n" }.joined() + "# EOF\n"
    let input = OpenMetricsInput(ByteSlice(Array(text.utf8)))
    let parts = try input.parts(blockMs: 7_200_000)
    #expect(parts.map(\.startMs) == [0, 7_200_000])
    #expect(parts[0].bytes.upperBound <= parts[1].bytes.lowerBound)
    let first = try input.read(parts[0], blockMs: 7_200_000)
    #expect(first.range?.minMs == 0)
    #expect(first.range?.maxMs == Int64(7_140_000))
  }

  @Test func `the bounds of histograms keep their kind when only a part is read`() async throws {
    let rows = [0, 10_000].map { "h_bucket{le=\"1\"} 1 \($0)\n" }.joined()
    _ = try await create("# TYPE h histogram\n\(rows)# EOF\n", ["-q"])
    #expect(
      await dump() == """
        {__name__="h_bucket", le="1.0"} 1 0
        {__name__="h_bucket", le="1.0"} 1 10000000

        """)
  }

  @Test(.disabled(if: Promtool.isMissing))
  func `promtool reads the blocks and finds the same in them`() async throws {
    let text = (0..<1_000).map { i in
      "up{i=\"\(i % 7)\"} \(i * i % 13).25 \(1_600_000_000 + i * 30)\n"
    }.joined()
    _ = try await create(text + "# EOF\n", ["-q"])
    // Without the directory of a log it refuses to read anything.
    try PosixFileSystem().makeDirectory(directory["out/wal"])
    let theirs = try Promtool.run(["tsdb", "dump", directory["out"]])
    #expect(theirs.status == 0)
    #expect(await dump() == theirs.output)
    for flags in [[], ["-r"]] {
      let list = try Promtool.run(["tsdb", "list"] + flags + [directory["out"]])
      #expect(await tool(["tsdb", "list"] + flags + [directory["out"]]).output == list.output)
    }
  }
}
