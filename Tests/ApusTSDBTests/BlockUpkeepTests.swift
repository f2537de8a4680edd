import ApusModel
import ApusStorage
import ApusSystem
@testable import ApusTSDB
import ApusTelemetry
import Testing

/// What a store does with the blocks of its directory, round by round.
@Suite struct BlockUpkeepTests {
  let files = MemoryFileSystem()
  let registry = MetricRegistry()
  private static let hour: Int64 = 3_600_000
  private static let start: Int64 = 1_700_006_400_000

  /// Two-hour blocks behind one another, with a sample each two minutes.
  func write(_ numbers: Range<Int>) throws -> [BlockMeta] {
    try numbers.map { number in
      let begin = Self.start + Int64(number) * 2 * Self.hour
      let samples = (0..<60).map { (begin + Int64($0) * 120_000, Double($0 * number)) }
      var meta = try #require(
        try TestBlock.write(
          [(["__name__": "up"], samples)], dataDirectory: "/data", files: files,
          seed: UInt64(number + 1)))
      meta.minTimeMs = begin
      meta.maxTimeMs = begin + 2 * Self.hour
      try meta.write("/data/\(meta.ulid)", files: files)
      return meta
    }
  }

  func open(
    _ clock: StillClock = StillClock(5), _ change: (inout TSDBOptions) -> Void = { _ in }
  ) throws -> TSDB {
    var options = TSDBOptions()
    options.retentionMs = 0
    change(&options)
    return try openStore("/data", options, clock: clock, files: files, metrics: registry)
  }

  func blocks() throws -> [ULID] { try files.list("/data").compactMap { ULID($0) } }

  func value(_ name: String) -> Double? {
    registry.snapshot().first { $0.name == "prometheus_tsdb_" + name }?.points.first?.value
  }

  @Test func `blocks of equal length are merged by three`() throws {
    _ = try write(0..<4)
    let store = try open()
    let before = try store.answers(everything)
    store.maintain()
    #expect(try blocks().count == 2)
    #expect(try store.answers(everything) == before)
    #expect(before.first?.times.count == 240)
  }

  @Test func `blocks as long as the longest are left alone, as Thanos wants them`() throws {
    let metas = try write(0..<8)
    let store = try open { $0.blockMaxMs = $0.blockMinMs }
    store.maintain()
    #expect(try blocks() == metas.map(\.ulid).sorted())
  }

  @Test func `overlapping blocks are merged, unless somebody else does that`() throws {
    _ = try write(0..<2)
    let late: [TestBlock.Series] = [(["__name__": "late"], [(Self.start + 7, 1)])]
    _ = try TestBlock.write(late, dataDirectory: "/data", files: files, seed: 90)
    let left = try open { $0.mergesOverlapping = false }
    left.maintain()
    #expect(try blocks().count == 3)
    try left.close()
    let merging = try open()
    merging.maintain()
    #expect(try blocks().count == 2)
    #expect(try merging.answers(everything).count == 2)
  }

  @Test func `blocks that are not uploaded yet wait`() throws {
    let metas = try write(0..<4)
    let path = "/data/thanos.shipper.json"
    let list = metas.prefix(2).map { "\"\($0.ulid)\"" }.joined(separator: ",")
    try files.write(path, Array("{\"version\":1,\"uploaded\":[\(list)]}".utf8))
    let clock = StillClock(1_000_000)
    let store = try open(clock) { $0.uploadedBlocksPath = path }
    store.maintain()
    #expect(try blocks().count == 4)
    let all = metas.map { "\"\($0.ulid)\"" }.joined(separator: ",")
    let text = Array("{\"uploaded\":[\(all)]}".utf8)
    try files.write(path, text)
    store.maintain()
    #expect(try blocks().count == 4, "the file is not read again within a minute")
    clock.set(1_060_001)
    store.maintain()
    #expect(try blocks().count == 2)
    #expect(try files.read(path) == text, "it belongs to somebody else")
  }

  @Test(arguments: [nil, "{", "[]", "{\"uploaded\":7}", "{\"uploaded\":[7]}"])
  func `without a list of uploads nothing waits`(text: String?) throws {
    _ = try write(0..<4)
    if let text { try files.write("/data/u.json", Array(text.utf8)) }
    let store = try open { $0.uploadedBlocksPath = "/data/u.json" }
    store.maintain()
    #expect(try blocks().count == 2)
  }

  @Test func `a block put into the directory is served from the next round on`() throws {
    _ = try write(0..<1)
    let store = try open()
    #expect(try store.answers(everything).first?.times.count == 60)
    _ = try write(1..<2)
    store.maintain()
    #expect(try store.answers(everything).first?.times.count == 120)
  }

  @Test func `a corrupt block is counted and left where it is, and all else goes on`() throws {
    let metas = try write(0..<5)
    let bad = "/data/\(metas[4].ulid)"
    try files.write(bad + "/index", [1, 2, 3])
    let store = try open()
    let before = try store.answers(everything)
    #expect(before.first?.times.count == 240)
    let failures = try #require(value("reloads_failures_total"))
    #expect(failures > 0)
    store.maintain()
    #expect(try #require(value("reloads_failures_total")) > failures)
    #expect(value("compactions_failed_total") == 0)
    #expect(try store.answers(everything) == before)
    // The first three became one; the fourth is now the newest, and the bad one is still there.
    #expect(try blocks().count == 3)
    #expect(try files.read(bad + "/index") == [1, 2, 3])
    #expect(value("blocks_loaded") == 2)
  }

  @Test func `a directory without a meta is no block`() throws {
    _ = try write(0..<1)
    try files.makeDirectory("/data/01ARZ3NDEKTSV4RRFFQ69G5FAV/chunks")
    let store = try open()
    store.maintain()
    #expect(value("reloads_failures_total") == 0)
    #expect(files.exists("/data/01ARZ3NDEKTSV4RRFFQ69G5FAV/chunks"))
  }

  @Test func `a share of the volume bounds the blocks, and goes before a number of bytes`() throws {
    let metas = try write(0..<3)
    let sizes = try metas.map {
      Int64(try Block(directory: "/data/\($0.ulid)", files: files).sizeBytes)
    }
    // What the log takes counts too, so there is some room behind two blocks.
    files.limit(toBytes: Int(sizes[1] + sizes[2]) * 10 + 5_000)
    let store = try open {
      $0.retentionPercentage = 10
      $0.retentionBytesMax = 1
      $0.compacts = false
    }
    store.maintain()
    #expect(try blocks() == [metas[1].ulid, metas[2].ulid])
    #expect(value("retention_limit_percentage") == 10)
    #expect(value("retention_limit_bytes") == Double((sizes[1] + sizes[2]) + 500))
    #expect(value("size_retentions_total") == 1)
  }

  @Test func `blocks of which nothing is left go, and no empty one comes`() throws {
    _ = try write(0..<4)
    let store = try open()
    try store.deleteSeries(in: .all, matching: [])
    store.maintain()
    #expect(try store.answers(everything).isEmpty)
    // The newest one waits for somebody to clean.
    #expect(try blocks().count == 1)
    try store.cleanTombstones()
    #expect(try blocks() == [])
  }

  @Test func `what Thanos wrote into a meta stays when series are deleted`() throws {
    let meta = try write(0..<1)[0]
    let path = "/data/\(meta.ulid)/meta.json"
    let text = String(decoding: try files.read(path), as: UTF8.self)
    let thanos = "\"thanos\":{\"labels\":{\"replica\":\"a\"},\"source\":\"sidecar\"},\"version\""
    try files.write(path, Array(text.replacing("\"version\"", with: thanos).utf8))
    let store = try open()
    try store.deleteSeries(in: TimeRange(0, Self.start + 9), matching: [])
    let after = String(decoding: try files.read(path), as: UTF8.self)
    #expect(after.contains("\"numTombstones\": 1"))
    #expect(after.contains("\"replica\": \"a\"") && after.contains("\"source\": \"sidecar\""))
  }
}
