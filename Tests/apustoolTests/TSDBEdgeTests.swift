import ApusSystem
import Foundation
import Synchronization
import Testing

@testable import apustool

/// Times, counts, names and directories at the ends of what there can be.
@Suite struct TSDBEdgeTests {
  private let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  private func create(_ text: String, _ flags: [String] = []) async throws -> ToolResult {
    let input = try directory.file("in.om", text)
    return await tool(
      ["tsdb", "create-blocks-from", "openmetrics"] + flags + [input, directory["out"]])
  }

  @Test(arguments: [
    "-9223372036854775.808", "9223372036854775.807", "1e300", "-1e300", "576460752303424",
    "-576460752303424",
  ])
  func `a time that no block holds is refused before anything is written`(time: String)
    async throws
  {
    let result = try await create("a 1 1\na 1 \(time)\n# EOF\n")
    #expect(result.status == 1)
    #expect(result.errors.hasPrefix("getting min and max timestamp: "))
    #expect(result.errors.contains("is out of bounds"))
    #expect(try PosixFileSystem().list(directory["out"]) == [])
  }

  @Test func `the furthest times are stored, listed, analysed and dumped`() async throws {
    let result = try await create(
      "a 1 -500000000000000\na 2 500000000000000\nb 1 0\n# EOF\n", ["-q"])
    #expect(result.errors == "")
    #expect(result.status == 0)
    #expect(
      await tool("tsdb", "dump", directory["out"]).output == """
        {__name__="a"} 1 -500000000000000000
        {__name__="a"} 2 500000000000000000
        {__name__="b"} 1 0

        """)
    #expect(await tool("tsdb", "list", "-r", directory["out"]).lines.count == 5)
    #expect(await tool("tsdb", "analyze", "--extended", directory["out"]).status == 0)
  }

  @Test func `a block that says it holds millions of years is analysed`() async throws {
    let text = (0..<40).map { "a{n=\"\($0)\"} 1 \($0)\n" }.joined() + "# EOF\n"
    _ = try await create(text, ["-q"])
    let name = try #require(try PosixFileSystem().list(directory["out"]).first)
    let meta = directory["out/\(name)/meta.json"]
    var lines = try PosixFileSystem().readText(meta)
    lines = lines.replacing("\"minTime\": 0", with: "\"minTime\": -1152921504606846975")
    lines = lines.replacing("\"maxTime\": 39001", with: "\"maxTime\": 1152921504606846975")
    lines = lines.replacing("\"apus\"", with: "\"other\"")
    try PosixFileSystem().write(meta, Array(lines.utf8))
    let result = await tool("tsdb", "analyze", directory["out"])
    #expect(result.status == 0)
    #expect(result.output.contains("Total Series: 40"))
  }

  @Test func `a dump in the text format gives the same samples back`() async throws {
    let text = """
      a{b="x\\"y\\\\z\\nq"} 1 1.000
      a{b="\u{a0}\u{7f}\u{200b}ü"} 2 1.000
      {"u.t f","l.x"="1"} 3 1.500
      # EOF

      """
    _ = try await create(text, ["-q"])
    let dump = await tool("tsdb", "dump-openmetrics", directory["out"])
    #expect(dump.output == text)
    let again = try directory.file("again.om", dump.output)
    _ = await tool("tsdb", "create-blocks-from", "-q", "openmetrics", again, directory["again"])
    let (one, other) = (
      await tool("tsdb", "dump", directory["out"]), await tool("tsdb", "dump", directory["again"])
    )
    #expect(one.lines.count == 4)
    #expect(one.output == other.output)
  }

  @Test func `a flag may have an empty value, and a count a fraction`() async throws {
    _ = try await create("a 1 1\nb 1 1\nc 1 1\n# EOF\n", ["-q"])
    let out = directory["out"]
    let empty = await tool("tsdb", "dump", "--match=", out)
    #expect(empty.status == 1)
    #expect(empty.errors.hasSuffix("parse error: unexpected end of input\n"))
    #expect(await tool("tsdb", "dump", "--match={}", out).output == "")
    #expect(await tool("tsdb", "dump", "--match={}", "--match=a", out).lines.count == 2)
    for (limit, wanted) in [("2.7", 2), ("2e0", 2), ("99999999999999999999", 3), ("-1", 0)] {
      let result = await tool("tsdb", "analyze", "--limit=\(limit)", out)
      #expect(result.status == 0)
      #expect(result.lines.filter { ["1 a", "1 b", "1 c"].contains($0) }.count == wanted)
    }
    #expect(
      await tool("tsdb", "analyze", "--limit=x", out).errors
        == "apustool: error: strconv.ParseFloat: parsing \"x\": invalid syntax, try --help\n")
    #expect(
      EmptyValues.apart(["--a=", "--b=c", "--", "--d="]) == ["--a", "", "--b=c", "--", "--d="])
    let label = try await create("a 1 1\n# EOF\n", ["--label==x"])
    #expect(label.status == 1)
    #expect(label.errors == "apustool: error: expected KEY=VALUE got '=x', try --help\n")
  }

  @Test func `a failure of what a command does is not one of its arguments`() async throws {
    struct Full: Error, CustomStringConvertible { let description = "WAL: the disk is full" }
    let (status, text) = run { Tool.status(after: Full()) }
    #expect(status == 1)
    #expect(text == "WAL: the disk is full\n")
  }

  /// Runs something on a console; what it says on standard error.
  private func run(_ body: () -> Int32) -> (Int32, String) {
    let text = Mutex("")
    let console = Console(
      writeOutput: { _ in }, writeError: { line in text.withLock { $0 += line } },
      readInput: { [] }, clock: SystemWallClock())
    let status = Console.$current.withValue(console) { body() }
    return (status, text.withLock { $0 })
  }

  @Test func `a dump says what of a damaged log it could not read`() async throws {
    let series = try directory.file(
      "s.json", (0..<50).map { "{\"__name__\":\"a\",\"n\":\"\($0)\"}\n" }.joined())
    let storage = directory["bench/storage"]
    _ = await tool("tsdb", "bench", "write", "--out=\(directory["bench"])", "--scrapes=300", series)
    let whole = await tool("tsdb", "dump", storage)
    #expect(whole.errors == "")
    #expect(whole.lines.count == 15_001)
    let path = FilePath.join(storage, "wal/00000000")
    var bytes = try PosixFileSystem().read(path)
    bytes[(bytes.lastIndex { $0 != 0 } ?? 0) / 2] ^= 1
    try PosixFileSystem().write(path, bytes)
    let rest = await tool("tsdb", "dump", storage)
    #expect(rest.status == 0)
    #expect(rest.lines.count < 15_001 && rest.lines.count > 1)
    #expect(rest.errors.contains("level=WARN"))
    #expect(rest.errors.contains("err=\"corruption in segment \(path) at "))
  }

  @Test func `a dump copies nothing of the log that it only reads`() async throws {
    let series = try directory.file(
      "s.json", (0..<50).map { "{\"__name__\":\"a\",\"n\":\"\($0)\"}\n" }.joined())
    let storage = directory["bench/storage"]
    _ = await tool("tsdb", "bench", "write", "--out=\(directory["bench"])", "--scrapes=300", series)
    let sandbox = directory["box"]
    try PosixFileSystem().makeDirectory(sandbox)
    let files = SandboxFileSystem(
      PosixFileSystem(), root: storage, sandbox: sandbox)
    let path = FilePath.join(storage, "wal/00000000")
    let file = try files.append(to: path)
    let size = file.lengthBytes
    try file.sync()
    try file.close()
    #expect(size > 0)
    #expect(try PosixFileSystem().list(sandbox) == [])
    let more: [UInt8] = [1, 2, 3]
    let other = try files.append(to: path)
    try other.append(more.span)
    #expect(other.lengthBytes == size + 3)
    try other.close()
    #expect(try files.read(path).count == size + 3)
    #expect(try PosixFileSystem().read(path).count == size)
  }
}
