import ApusSystem
import Testing

@testable import apustool

@Suite struct SandboxFileSystemTests {
  private let base = MemoryFileSystem()
  private let files: SandboxFileSystem

  init() throws {
    for name in ["data/a", "data/sub/b", "data/sub/c"] {
      try base.makeDirectory(FilePath.parent(of: name))
      try base.write(name, Array(name.utf8))
    }
    try base.makeDirectory("box")
    files = SandboxFileSystem(base, root: "data", sandbox: "box")
  }

  private func text(_ path: String) throws -> String { try files.readText(path) }

  @Test func `what nobody changed is read from below`() throws {
    #expect(try text("data/a") == "data/a")
    #expect(try files.map("data/sub/b").array() == Array("data/sub/b".utf8))
    #expect(try files.list("data/sub") == ["b", "c"])
    #expect(files.isDirectory("data/sub"))
    #expect(try base.list("box").isEmpty)
  }

  @Test func `what is written, removed and renamed is seen so, and stays below as it was`() throws {
    try files.write("data/a", [1])
    try files.write("data/sub/new", [2])
    try files.remove("data/sub/b")
    try files.rename("data/sub/c", to: "data/sub/d")
    let grown = try files.append(to: "data/sub/d")
    let mark: [UInt8] = [33]
    try grown.append(mark.span)
    try grown.close()
    #expect(try files.read("data/a") == [1])
    #expect(try files.list("data/sub") == ["d", "new"])
    #expect(try text("data/sub/d") == "data/sub/c!")
    #expect(!files.exists("data/sub/b"))
    #expect(throws: PosixError.self) { _ = try text("data/sub/b") }
    #expect(try base.readText("data/a") == "data/a")
    #expect(try base.list("data/sub") == ["b", "c"])
    #expect(try base.readText("data/sub/c") == "data/sub/c")
  }

  @Test func `a directory that was removed and made again is empty`() throws {
    try files.remove("data/sub")
    #expect(!files.exists("data/sub"))
    try files.makeDirectory("data/sub")
    #expect(try files.list("data/sub").isEmpty)
    try files.write("data/sub/x", [1])
    #expect(try files.list("data/sub") == ["x"])
    #expect(try base.list("data/sub") == ["b", "c"])
  }

  @Test func `a directory is renamed with all that it holds, and a file is cut`() throws {
    try files.rename("data/sub", to: "data/moved")
    #expect(try files.list("data") == ["a", "moved"])
    #expect(try text("data/moved/b") == "data/sub/b")
    try files.truncate("data/moved/b", toBytes: 4)
    #expect(try text("data/moved/b") == "data")
    try files.link("data/a", to: "data/moved/l")
    #expect(try text("data/moved/l") == "data/a")
    #expect(try base.readText("data/sub/b") == "data/sub/b")
  }
}
