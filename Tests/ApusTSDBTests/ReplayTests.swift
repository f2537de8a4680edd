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
