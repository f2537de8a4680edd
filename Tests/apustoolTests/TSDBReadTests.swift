import ApusModel
import ApusSystem
import Foundation
import Testing

@testable import apustool

@Suite struct TSDBReadTests {
  private let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  /// A directory with one block of two series.
  private func block() async throws -> String {
    let input = try directory.file(
      "in.om",
      (0..<60).map { "up{job=\"a\"} 1 \($0 * 60)\n" }.joined()
        + "up{job=\"bb\"} 1 0\nother{job=\"a\"} 1 1770\n# EOF\n")
    _ = await tool("tsdb", "create-blocks-from", "-q", "openmetrics", input, directory["data"])
    return directory["data"]
  }

  @Test func `a directory that is not there, or has no blocks`() async throws {
    let missing = await tool("tsdb", "list", "/no/such")
    #expect(missing.errors == "opening the db dir: stat /no/such: no such file or directory\n")
    #expect(missing.status == 1)
    let empty = await tool("tsdb", "list", directory.path)
    #expect(
      empty.output
        == "BLOCK ULID   MIN TIME     MAX TIME     DURATION     NUM SAMPLES  NUM CHUNKS   "
        + "NUM SERIES   SIZE\n")
    #expect(await tool("tsdb", "analyze", directory.path).errors == "no blocks found\n")
    let data = try await block()
    #expect(await tool("tsdb", "analyze", data, "xx").errors == "invalid block ID xx\n")
  }

  @Test func `an analysis counts churn, pairs, lengths and cardinalities`() async throws {
    let data = try await block()
    let result = await tool("tsdb", "analyze", "--limit=2", data)
    #expect(result.status == 0)
    #expect(
      result.lines.dropFirst().joined(separator: "\n") == """
        Duration: 59m0.001s
        Total Series: 3
        Label names: 2
        Postings (unique label pairs): 4
        Postings entries (total label pairs): 6

        Label pairs most involved in churning:
        1 __name__=other
        1 __name__=up

        Label names most involved in churning:
        2 __name__
        2 job

        Most common label pairs:
        2 __name__=up
        2 job=a

        Label names with highest cumulative label value length:
        7 __name__
        3 job

        Highest cardinality labels:
        2 __name__
        2 job

        Highest cardinality metric names:
        2 up
        1 other

        """)
  }

  @Test func `an analysis of some series, with the fullness of their chunks`() async throws {
    let data = try await block()
    let result = await tool("tsdb", "analyze", "--match=up{job=\"a\"}", "--extended", data)
    #expect(result.output.contains("\nMatcher: up{job=\"a\"}\nLabel names: 2\nMatched series: 1\n"))
    #expect(
      result.output.contains(
        """

        Compaction analysis:

        samples per float chunk (min/avg/max): 60/60/60
        [61, 70]: 1 \(String(repeating: "#", count: 100))
        [71, 80]: 0 \n
        bytes per float chunk
        """))
    #expect(result.output.hasSuffix("buckets per histogram chunk: N/A\n\n"))
    let bad = await tool("tsdb", "analyze", "--match={", data)
    #expect(bad.status == 1)
    #expect(bad.errors.contains("parse error"))
  }

  @Test func `distributions have steps of powers of ten`() {
    #expect(
      ChunkHistogram.lines(of: [3, 250, 251], title: "t", total: 4) == [
        "t (min/avg/max): 3/168/251",
        "[  1, 100]: 1 #########################", "[101, 200]: 0 ",
        "[201, 300]: 2 ##################################################", "[301, 400]: 0 ", "",
      ])
  }

  @Test func `a dump is bounded in time and chosen by any of its selectors`() async throws {
    let data = try await block()
    let result = await tool(
      "tsdb", "dump", "--min-time=0", "--max-time=60000", "--match=up{job=\"a\"}",
      "--match={job=~\".+\"}", data)
    #expect(
      result.output == """
        {__name__="up", job="a"} 1 0
        {__name__="up", job="a"} 1 60000
        {__name__="up", job="bb"} 1 0

        """)
    #expect(
      await tool("tsdb", "dump", "--format=seriesjson", data).output == """
        {"__name__":"other","job":"a"}
        {"__name__":"up","job":"a"}
        {"__name__":"up","job":"bb"}

        """)
    #expect(
      await tool("tsdb", "dump-openmetrics", "--match=other", data).output == """
        other{job="a"} 1 1770.000
        # EOF

        """)
  }

  @Test func `what only the log holds is dumped, and the directory stays as it is`() async throws {
    let series = try directory.file("s.json", "{\"__name__\":\"a\",\"b\":\"c d\"}\n")
    let bench = await tool(
      "tsdb", "bench", "write", "--out=\(directory["bench"])", "--scrapes=200", series)
    #expect(bench.status == 0)
    #expect(bench.lines.first == ">> start stage=readData")
    #expect(bench.lines.contains("ingestion completed"))
    #expect(bench.lines.contains(" > total samples: 200"))
    #expect(bench.lines.last { !$0.isEmpty }?.hasPrefix(">> completed stage=stopStorage") == true)
    let storage = directory["bench/storage"]
    // As a crash leaves it: half a record at the end of the log.
    let last = FilePath.join(storage, "wal/00000000")
    let bytes = try PosixFileSystem().read(last)
    try PosixFileSystem().write(last, bytes + [1, 0, 200, 1, 2, 3, 4, 9])
    let before = directory.contents
    let sandboxes = try TemporaryDirectory()
    let dump = await tool(
      "tsdb", "dump", "--sandbox-dir-root=\(sandboxes.path)", storage)
    #expect(dump.status == 0)
    #expect(dump.lines.count == 201)
    #expect(dump.lines.first == "{__name__=\"a\", b=\"c d\"} 1.23457789e+08 30000")
    #expect(directory.contents == before)
    #expect(sandboxes.contents.isEmpty)
  }

  @Test func `a benchmark without its file says so`() async throws {
    let result = await tool("tsdb", "bench", "write", "--out=\(directory["b"])", "/no/such")
    #expect(result.errors == "open /no/such: no such file or directory\n")
    #expect(result.status == 1)
    let labels = WriteBenchmark.series(
      in: "{\"a\":\"1\"}\n{\"a\":\"1\"}\n\n{\"b\":\"2\",\"a\":\"3\"}\n{\"c\":\"4\"}", limit: 2)
    #expect(labels.map(\.description) == ["{a=\"1\"}", "{a=\"3\", b=\"2\"}"])
  }
}
