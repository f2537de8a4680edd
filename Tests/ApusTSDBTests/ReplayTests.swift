import ApusModel
import ApusStorage
import ApusSystem
import ApusTSDB
import Testing

struct ReplayTests {
  @Test func `nothing acknowledged is lost when the process dies`() throws {
    let directory = StoreDirectory()
    var store: TSDB? = try openStore(directory.path)
    for i in 0..<500 {
      try store?.append(["__name__": "a"], Int64(i) * 15_000, Double(i))
      if i % 3 == 0 { try store?.append(["__name__": "b"], Int64(i) * 15_000, 1) }
    }
    let before = try store?.answers(everything)
    // No close: the copy is what a killed process leaves behind.
    let copy = StoreDirectory()
    try copyTree(directory.path, copy.path)
    store = nil
    let again = try openStore(copy.path)
    #expect(try again.answers(everything) == before)
    #expect(before?.map(\.times.count) == [500, 167])
  }

  @Test func `a store goes on after it was closed and opened many times`() throws {
    let directory = StoreDirectory()
    for round in 0..<4 {
      let store = try openStore(directory.path)
      for series in 0...round {
        let labels: Labels = ["__name__": "s", "n": "\(series)"]
        #expect(try store.append(labels, Int64(round) * 60_000, Double(round)) == nil)
      }
      try store.close()
    }
    let answers = try openStore(directory.path).answers(everything)
    #expect(answers.map(\.times.count) == [4, 3, 2, 1])
  }

  @Test func `a closed store takes no more samples`() throws {
    let directory = StoreDirectory()
    let store = try openStore(directory.path)
    try store.append(["__name__": "a"], 1, 1)
    try store.close()
    #expect(throws: StorageError.self) { try store.append(["__name__": "a"], 2, 1) }
  }

  @Test func `a directory in use by another is refused`() throws {
    let directory = StoreDirectory()
    let first = try openStore(directory.path)
    let error = #expect(throws: StorageError.self) { try openStore(directory.path) }
    #expect(error?.reason == .system)
    #expect(error?.description.contains("lock") == true)
    try first.close()
    try openStore(directory.path).close()
  }
}

/// Copies a directory with all that it holds.
func copyTree(_ from: String, _ to: String) throws {
  let files = PosixFileSystem()
  try files.makeDirectory(to)
  for name in try files.list(from) {
    let source = FilePath.join(from, name)
    let target = FilePath.join(to, name)
    if files.isDirectory(source) {
      try copyTree(source, target)
    } else {
      try files.write(target, try files.read(source))
    }
  }
}

extension ReplayTests {
  @Test func `full chunks move to disk and come back from there`() throws {
    let directory = StoreDirectory()
    let store = try openStore(directory.path)
    let labels: Labels = ["__name__": "a"]
    for i in 0..<400 { try store.append(labels, Int64(i) * 15_000, Double(i % 7)) }
    let before = try store.answers(everything)
    store.maintain()
    #expect(try store.answers(everything) == before)
    let chunks = FilePath.join(directory.path, "chunks_head")
    #expect(try PosixFileSystem().list(chunks) == ["000001"])
    let copy = StoreDirectory()
    try copyTree(directory.path, copy.path)
    let again = try openStore(copy.path)
    #expect(try again.answers(everything) == before)
    #expect(try again.append(labels, 399 * 15_000, Double(399 % 7)) == nil)
    #expect(try again.append(labels, 399 * 15_000, 77) == .duplicate)
    // The same without the chunk files: the log has it all.
    let bare = StoreDirectory()
    try copyTree(directory.path, bare.path)
    try PosixFileSystem().remove(FilePath.join(bare.path, "chunks_head"))
    #expect(try openStore(bare.path).answers(everything) == before)
  }

  @Test func `a damaged chunk file is replaced by the log`() throws {
    let directory = StoreDirectory()
    let store = try openStore(directory.path)
    for i in 0..<700 { try store.append(["__name__": "a"], Int64(i) * 15_000, Double(i % 7)) }
    let before = try store.answers(everything)
    store.maintain()
    try store.close()
    let path = FilePath.join(directory.path, "chunks_head/000001")
    var bytes = try PosixFileSystem().read(path)
    bytes[200] ^= 0x10
    try PosixFileSystem().write(path, bytes)
    #expect(try openStore(directory.path).answers(everything) == before)
  }

  @Test func `a log torn anywhere in its last page loses only what was torn`() throws {
    let directory = StoreDirectory()
    var options = TSDBOptions()
    options.walCompression = .none
    let store = try openStore(directory.path, options)
    for i in 0..<40 { try store.append(["__name__": "a"], Int64(i) * 15_000, Double(i)) }
    try store.close()
    let segment = FilePath.join(directory.path, "wal/00000000")
    let whole = try PosixFileSystem().read(segment)
    let end = (whole.lastIndex { $0 != 0 } ?? 0) + 8
    var counts: [Int] = []
    for cut in stride(from: end, to: end - 120, by: -7) {
      let torn = StoreDirectory()
      try copyTree(directory.path, torn.path)
      try PosixFileSystem().write(
        FilePath.join(torn.path, "wal/00000000"), Array(whole[..<cut]))
      let again = try openStore(torn.path, options)
      let count = try again.answers(everything).first?.times.count ?? 0
      counts.append(count)
      #expect(try again.append(["__name__": "a"], 1_000_000, 1) == nil)
      try again.close()
      #expect(try openStore(torn.path, options).answers(everything)[0].times.count == count + 1)
    }
    #expect(counts.first == 40)
    #expect(counts == counts.sorted(by: >))
    #expect(counts.last ?? 0 >= 34)
  }
}
