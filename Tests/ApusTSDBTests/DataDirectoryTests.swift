import ApusModel
import ApusStorage
import ApusSystem
import ApusTSDB
import ApusTelemetry
import Testing

@Suite struct DataDirectoryTests {
  let files = MemoryFileSystem()
  var data: DataDirectory { DataDirectory(path: "/data", files: files) }

  func write(_ start: Int64, seed: UInt64) throws -> BlockMeta {
    try #require(
      try TestBlock.write(
        [(["a": "1"], (0..<10).map { (start + $0, 1) })], dataDirectory: "/data", files: files,
        seed: seed))
  }

  @Test func `blocks are opened by time, and other names are left alone`() throws {
    let late = try write(5_000, seed: 1)
    let early = try write(1_000, seed: 2)
    try files.makeDirectory("/data/wal")
    try files.makeDirectory("/data/01ARZ3NDEKTSV4RRFFQ69G5FAV")
    let opened = try data.open()
    #expect(opened.blocks.map(\.ulid) == [early.ulid, late.ulid])
    #expect(opened.failures.isEmpty)
    let again = try data.open(opened.blocks)
    #expect(again.blocks.first === opened.blocks.first)
    #expect(try data.list() == [early.ulid, late.ulid].sorted())
  }

  @Test func `a corrupt block is reported and the others serve`() throws {
    let good = try write(1_000, seed: 1)
    let bad = try write(2_000, seed: 2)
    try files.write("/data/\(bad.ulid)/index", [1, 2, 3])
    let opened = try data.open()
    #expect(opened.blocks.map(\.ulid) == [good.ulid])
    #expect(opened.failures.map(\.ulid) == [bad.ulid])
    #expect(opened.failures.first?.error.reason == .corrupt)
    #expect(files.exists("/data/\(bad.ulid)/index"), "nothing is taken away")
  }

  @Test func `leftovers of a crash are removed, and nothing else`() throws {
    let meta = try write(1_000, seed: 1)
    let leftovers = [
      "\(meta.ulid).tmp-for-creation", "\(meta.ulid).tmp-for-deletion",
      "01ARZ3NDEKTSV4RRFFQ69G5FAV.tmp",
    ]
    for name in leftovers + ["wal", "notes.tmp", "x.tmp-for-creation"] {
      try files.makeDirectory("/data/\(name)")
    }
    #expect(try data.removeLeftovers() == leftovers.sorted())
    #expect(
      try files.list("/data").sorted()
        == [
          meta.ulid.description, "notes.tmp", "wal", "x.tmp-for-creation",
        ].sorted())
  }

  @Test func `a removed block is gone but still readable by those that have it`() throws {
    let meta = try write(1_000, seed: 1)
    let block = try #require(try data.open().blocks.first)
    try data.remove(meta.ulid)
    try data.remove(meta.ulid)
    #expect(try files.list("/data") == [])
    #expect(try block.querier(in: .all).dumped().count == 10)
  }

  @Test
  func `after a crash behind the publishing both old and new are there, and plans say what goes`()
    throws
  {
    let one = try write(0, seed: 1)
    let two = try write(5_000, seed: 2)
    let compactor = BlockCompactor(
      dataDirectory: "/data", files: files, clock: StillClock(9), random: SeededRandom(4),
      log: .none, metrics: MetricRegistry())
    let child = try #require(try compactor.compact(data.open().blocks))
    // Not yet removed when the process died.
    let opened = try data.open()
    #expect(opened.blocks.count == 3)
    let decision = RetentionPlan(retentionMs: 0, sizeBytesMax: 0).decide(
      opened.blocks.map { .init(meta: $0.meta, sizeBytes: Int64($0.sizeBytes)) }, otherBytes: 0)
    #expect(decision.all == [one.ulid, two.ulid])
    for ulid in decision.all { try data.remove(ulid) }
    #expect(try data.list() == [child.ulid])
  }
}
