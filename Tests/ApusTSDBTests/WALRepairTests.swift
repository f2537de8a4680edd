import ApusSystem
import ApusTSDB
import Testing

struct WALRepairTests {
  private func damaged(
    segment: Int, at offset: Int
  ) throws -> (files: MemoryFileSystem, records: [[UInt8]]) {
    let files = MemoryFileSystem()
    var all: [[UInt8]] = []
    for i in 0..<3 {
      let records = WALFixture.records([100 + i, 200 + i, 40_000 + i, 300 + i])
      try WALFixture.write(records, files, WALFixture.options(.none))
      all += records
    }
    var bytes = try files.read(WALSegments.path(WALFixture.directory, segment))
    bytes[offset] ^= 0xFF
    try files.write(WALSegments.path(WALFixture.directory, segment), bytes)
    return (files, all)
  }

  @Test func `repair keeps what stands before the damage and drops the rest`() throws {
    // The third record of the middle segment.
    let (files, records) = try damaged(segment: 1, at: 1000)
    let before = try WALFixture.read(files)
    #expect(before.records == Array(records[..<6]))
    let corruption = try #require(before.corruption)
    try WALRepair.repair(corruption, files: files)
    #expect(try WALSegments.list(files, WALFixture.directory) == [0, 1])
    #expect(try files.read("/data/wal/00000001").count % WALPage.bytes == 0)
    let after = try WALFixture.read(files)
    #expect(after.records == Array(records[..<6]))
    #expect(after.corruption == nil)
    // The log goes on in a new segment.
    try WALFixture.write([[1, 2]], files, WALFixture.options(.none))
    #expect(try WALFixture.read(files).records == Array(records[..<6]) + [[1, 2]])
  }

  @Test func `a damage at the very beginning leaves nothing`() throws {
    let (files, _) = try damaged(segment: 0, at: 0)
    let corruption = try #require(try WALFixture.read(files).corruption)
    try WALRepair.repair(corruption, files: files)
    #expect(try WALFixture.read(files).records == [])
    #expect(try WALFixture.read(files).corruption == nil)
  }

  @Test func `a damaged checkpoint is not repaired`() throws {
    let files = MemoryFileSystem()
    let directory = "/data/wal/checkpoint.00000007"
    try WALFixture.write([[1, 2, 3]], files, WALFixture.options(.none), directory: directory)
    try files.truncate(directory + "/00000000", toBytes: 9)
    let corruption = try #require(try WALFixture.read(files, directory: directory).corruption)
    #expect(throws: WALError.corruption(corruption)) {
      try WALRepair.repair(corruption, files: files)
    }
    #expect(try files.read(directory + "/00000000").count == 9)
  }
}
