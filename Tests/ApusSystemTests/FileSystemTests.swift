import ApusSystem
import Testing

/// Runs against the real file system and the one in memory: they must not differ.
struct FileSystemTests {
  private static let real = PosixFileSystem()

  /// Gives `body` an empty directory of each file system.
  private func inBoth(_ body: (any FileSystem, String) throws -> Void) throws {
    let directory = TestDirectory()
    defer { directory.remove() }
    try body(Self.real, directory.path)
    let memory = MemoryFileSystem()
    try memory.makeDirectory("/tmp/x")
    try body(memory, "/tmp/x")
  }

  private func code(_ body: () throws -> Void) -> Int32? {
    do {
      try body()
      return nil
    } catch { return (error as? PosixError)?.code }
  }

  @Test func `what is written is read`() throws {
    try inBoth { files, directory in
      let path = FilePath.join(directory, "a")
      try files.write(path, [1, 2, 3])
      #expect(try files.read(path) == [1, 2, 3])
      #expect(try files.map(path).array() == [1, 2, 3])
      #expect(try files.status(path)?.sizeBytes == 3)
      #expect(try files.status(path)?.kind == .file)
      try files.replace(path, [4])
      #expect(try files.read(path) == [4])
      #expect(try files.list(directory) == ["a"])
      try files.write(path, [])
      #expect(try files.map(path).isEmpty)
    }
  }

  @Test(arguments: [AppendMode.written, .mapped(stepBytesMax: 4096), .mapped(stepBytesMax: 16384)])
  func `an appended file holds the pieces in order`(_ mode: AppendMode) throws {
    try inBoth { files, directory in
      let path = FilePath.join(directory, "a")
      let file = try files.create(path, mode)
      var expected: [UInt8] = []
      for i in 0..<200 {
        let piece = [UInt8](repeating: UInt8(i), count: i * 3)
        try file.append(piece.span, [UInt8(i)].span)
        expected += piece + [UInt8(i)]
        if i % 50 == 0 {
          try file.appendZeros(10)
          expected += [UInt8](repeating: 0, count: 10)
          try file.sync()
        }
        #expect(file.lengthBytes == expected.count)
      }
      #expect(Array(try files.read(path).prefix(expected.count)) == expected)
      try file.close()
      try file.close()
      #expect(try files.read(path) == expected)
      let more = try files.append(to: path)
      try more.append([9].span)
      try more.close()
      #expect(try files.read(path) == expected + [9])
    }
  }

  @Test func `directories are made, renamed and removed with what they hold`() throws {
    try inBoth { files, directory in
      let deep = FilePath.join(directory, "x/y/z")
      try files.makeDirectory(deep)
      try files.makeDirectory(deep)
      try files.write(FilePath.join(deep, "f"), [1])
      try files.write(FilePath.join(directory, "x/g"), [1, 2])
      #expect(try files.list(FilePath.join(directory, "x")) == ["g", "y"])
      #expect(files.sizeBytes(under: directory) == 3)
      try files.rename(FilePath.join(directory, "x"), to: FilePath.join(directory, "w"))
      #expect(files.exists(FilePath.join(directory, "w/y/z/f")))
      #expect(!files.exists(FilePath.join(directory, "x")))
      #expect(files.isDirectory(FilePath.join(directory, "w")))
      try files.remove(FilePath.join(directory, "w"))
      #expect(try files.list(directory) == [])
      try files.remove(FilePath.join(directory, "w"))
    }
  }

  @Test func `errors name call, path and reason`() throws {
    try inBoth { files, directory in
      let path = FilePath.join(directory, "none")
      #expect(try files.status(path) == nil)
      var text = ""
      do throws(PosixError) { _ = try files.read(path) } catch { text = "\(error)" }
      #expect(text == "open \(path): no such file or directory")
      #expect(code { _ = try files.create(FilePath.join(path, "f"), .written) } == 2)
      #expect(code { try files.rename(path, to: path + "2") } == 2)
      #expect(code { _ = try files.list(path) } == 2)
      try files.write(path, [1])
      #expect(code { try files.makeDirectory(path) } == 20)
    }
  }

  @Test func `a cut file is shorter and a link shares its bytes`() throws {
    try inBoth { files, directory in
      let path = FilePath.join(directory, "a")
      try files.write(path, [1, 2, 3])
      try files.link(path, to: path + "b")
      try files.truncate(path, toBytes: 2)
      #expect(try files.read(path + "b") == [1, 2])
      try files.truncate(path, toBytes: 4)
      #expect(try files.read(path) == [1, 2, 0, 0])
      try files.remove(path)
      #expect(try files.read(path + "b") == [1, 2, 0, 0])
    }
  }

  @Test func `a second lock of a directory is refused until the first is released`() throws {
    try inBoth { files, directory in
      let lock = try files.lock(directory)
      var text = ""
      do throws(PosixError) { _ = try files.lock(directory) } catch { text = "\(error)" }
      #expect(
        text == "lock DB directory \(directory): resource temporarily unavailable (another process "
          + "uses it: stop that one, or choose another directory)")
      lock.release()
      let again = try files.lock(directory)
      #expect(!again.wasLeftBehind)
      again.release()
    }
  }

  @Test func `a full memory file system says so`() throws {
    let files = MemoryFileSystem()
    files.limit(toBytes: 10)
    try files.write("/a", [UInt8](repeating: 1, count: 10))
    #expect(code { try files.write("/b", [1]) } == 28)
    #expect(try files.freeBytes("/") == 0)
  }

  @Test func `a mapped slice outlives its file's name`() throws {
    let directory = TestDirectory()
    defer { directory.remove() }
    let path = directory.path + "/a"
    try Self.real.write(path, [5, 6, 7])
    let slice = try Self.real.map(path)[1..<3]
    try Self.real.remove(path)
    #expect(slice.array() == [6, 7])
  }

  @Test func `files of the kernel, which know no size, are read whole`() throws {
    #expect(try Self.real.readText("/proc/self/status").contains("VmRSS"))
  }

  @Test(arguments: [("a/b", "a", "b"), ("/a", "/", "a"), ("a", ".", "a"), ("/a/b", "/a", "b")])
  func `a path has a parent and a last name`(_ path: String, _ parent: String, _ name: String) {
    #expect(FilePath.parent(of: path) == parent)
    #expect(FilePath.lastName(of: path) == name)
  }
}
