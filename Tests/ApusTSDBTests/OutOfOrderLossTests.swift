import ApusModel
import ApusStorage
import ApusSystem
import ApusTesting
import Testing

@testable import ApusTSDB

private let hour: Int64 = 3_600_000
/// On a border between blocks.
private let start = 1_700_000_000_000 / (2 * hour) * 2 * hour

private func window(_ ms: Int64) -> TSDBOptions {
  var options = TSDBOptions()
  options.outOfOrderWindowMs = ms
  return options
}

/// A series named `x`.
private let x: Labels = ["__name__": "x"]

private func times(_ store: TSDB) throws -> [Int64] {
  try store.answers([.equal("__name__", "x")]).first?.times ?? []
}

/// Late samples of which the log, or the chunks, or parts of them are lost.
struct OutOfOrderLossTests {
  @Test func `samples of a chunk that was lost come from the log`() throws {
    let directory = StoreDirectory()
    let store = try openStore(directory.path, window(2 * hour))
    try store.append(x, start + hour, 0)
    for i in 0..<100 { try store.append(x, start + Int64(i) * 7, 1) }
    let expected = try times(store)
    #expect(expected.count == 101)
    let copy = StoreDirectory("lost")
    try copyTree(directory.path, copy.path)
    try PosixFileSystem().remove(copy.path + "/chunks_head")
    #expect(try times(openStore(copy.path, window(2 * hour))) == expected)
    // And samples of a log that was lost, as far as chunks hold them.
    let other = StoreDirectory("lost log")
    try copyTree(directory.path, other.path)
    try PosixFileSystem().remove(other.path + "/wbl")
    #expect(try times(openStore(other.path, window(2 * hour))).count == 97)
    // They are found again at later starts.
    let (found, first) = try afterKill(other, window(2 * hour))
    #expect(try times(found).count == 97)
    for i in 100..<150 { try found.append(x, start + Int64(i) * 7, 1) }
    let (again, second) = try afterKill(first, window(2 * hour))
    #expect(try times(again).count == 147)
    withExtendedLifetime(second) {}
  }

  @Test func `a chunk that stands where a lost one stood is not taken for it`() throws {
    let directory = StoreDirectory()
    let y: Labels = ["__name__": "y"]
    let store = try openStore(directory.path, window(2 * hour))
    try store.append(x, start + hour, 0)
    try store.append(y, start + hour, 0)
    for i in 0..<40 { try store.append(x, start + Int64(i) * 7, 1) }
    let lost = StoreDirectory("lost")
    try copyTree(directory.path, lost.path)
    try PosixFileSystem().remove(lost.path + "/chunks_head")
    let next = try openStore(lost.path, window(2 * hour))
    for i in 0..<80 { try next.append(y, start + Int64(i) * 7, 2) }
    let (again, kept) = try afterKill(lost, window(2 * hour))
    defer { withExtendedLifetime(kept) {} }
    #expect(try again.answers(everything).map { $0.times.count } == [41, 81])
  }

  @Test func `behind a chunk that was lost the log is believed`() throws {
    let directory = StoreDirectory()
    let store = try openStore(directory.path, window(2 * hour))
    try store.append(x, start + hour, 0)
    for i in 0..<40 { try store.append(x, start + Int64(i) * 7, 1) }
    let (again, kept) = try afterKill(directory, window(2 * hour))
    defer { withExtendedLifetime(kept) {} }
    // These go to another file of chunks.
    for i in 40..<80 { try again.append(x, start + Int64(i) * 7, 1) }
    let lost = StoreDirectory("lost")
    try copyTree(kept.path, lost.path)
    try PosixFileSystem().remove(lost.path + "/chunks_head/000001")
    #expect(try times(openStore(lost.path, window(2 * hour))).count == 81)
  }

  @Test func `what was found behind damage of the out-of-order log is kept`() throws {
    let directory = StoreDirectory()
    let store = try openStore(directory.path, window(2 * hour))
    try store.append(x, start + hour, 0)
    for i in 0..<100 { try store.append(x, start + Int64(i) * 7, 1) }
    let damaged = StoreDirectory("damaged")
    try copyTree(directory.path, damaged.path)
    try PosixFileSystem().truncate(damaged.path + "/wbl/00000000", toBytes: 1000)
    let found = try times(openStore(damaged.path, window(2 * hour)))
    #expect(found.count >= 97)
    let (again, first) = try afterKill(damaged, window(2 * hour))
    #expect(try times(again) == found)
    let (third, second) = try afterKill(first, window(2 * hour))
    #expect(try times(third) == found)
    withExtendedLifetime(second) {}
  }

  @Test func `a torn out-of-order log loses what was torn and nothing else`() throws {
    let directory = StoreDirectory()
    let store = try openStore(directory.path, window(2 * hour))
    try store.append(x, start + hour, 0)
    for i in 0..<10 { try store.append(x, start + Int64(i), 1) }
    let segment = directory.path + "/wbl/00000000"
    let bytes = try PosixFileSystem().read(segment)
    let used = (bytes.lastIndex { $0 != 0 } ?? 0) + 1
    for cut in stride(from: used - 1, to: used - 60, by: -7) {
      let copy = StoreDirectory("torn")
      try copyTree(directory.path, copy.path)
      try PosixFileSystem().truncate(copy.path + "/wbl/00000000", toBytes: cut)
      let again = try openStore(copy.path, window(2 * hour))
      let left = try times(again)
      #expect(left.last == start + hour)
      #expect(Array(left.dropLast()) == (0..<Int64(left.count - 1)).map { start + $0 })
      #expect(left.count >= 7 && left.count <= 11)
      #expect(try again.append(x, start + 500, 1) == nil)
      let (third, kept) = try afterKill(copy, window(2 * hour))
      defer { withExtendedLifetime(kept) {} }
      #expect(try times(third).count == left.count + 1)
    }
  }
}
