import ApusModel
import ApusStorage
import ApusSystem
import ApusTSDB
import ApusTelemetry
import Testing

/// What happens to a store whose log was damaged while it was closed.
struct WALFaultTests {
  private let files = MemoryFileSystem()

  private func open(
    _ options: TSDBOptions = TSDBOptions(), _ metrics: MetricRegistry = MetricRegistry()
  ) throws -> TSDB {
    // Only the log is looked at: what else the head left behind would stand in for it.
    for name in (try? files.list("/data")) ?? [] where name != "wal" {
      try files.remove("/data/" + name)
    }
    return try openStore("/data", options, files: files, metrics: metrics)
  }

  /// A store that was opened three times, so that its log has three segments, a sample in each.
  private func fill(_ compression: WALCompression = .none) throws {
    var options = TSDBOptions()
    options.walCompression = compression
    for round in 0..<3 {
      let store = try open(options)
      try store.append(["__name__": "a"], Int64(round) * 1000, Double(round))
      try store.append(["__name__": "r\(round)"], Int64(round) * 1000, 1)
      try store.close()
    }
  }

  private func error(_ body: () throws -> Void) -> String {
    do {
      try body()
      return ""
    } catch {
      return "\(error)"
    }
  }

  private func value(_ name: String, in registry: MetricRegistry) -> Double? {
    registry.snapshot().first { $0.name == name }?.points.first?.value
  }

  @Test(arguments: WALCompression.allCases)
  func `a store comes back from a log of any compression`(_ compression: WALCompression) throws {
    try fill(compression)
    #expect(try open().answers(everything).map(\.times.count) == [3, 1, 1, 1])
  }

  @Test func `a bit flipped in any byte leaves a store that opens, with nothing made up`() throws {
    var store = try open()
    for i in 0..<3 { try store.append(["__name__": "a"], Int64(i) * 1000, Double(i)) }
    try store.close()
    let path = "/data/wal/00000000"
    let whole = try files.read(path)
    let end = (whole.lastIndex { $0 != 0 } ?? 0) + 1
    let all = try open().answers(everything)
    try files.remove("/data")
    var wrong: [Int] = []
    for i in 0..<end {
      var bytes = Array(whole[..<end])
      let bit = i * 3 % 8
      bytes[i] ^= 1 << bit
      try files.makeDirectory("/data/wal")
      try files.write(path, bytes)
      store = try open()
      let answers = try store.answers(everything)
      let count = answers.first?.times.count ?? 0
      // The bits of the compression are under no checksum: there a record may go unseen.
      let isPart =
        answers.count <= 1 && answers.allSatisfy { $0.labels == all[0].labels }
        && ((3...5).contains(bit)
          ? answers.allSatisfy { Set(all[0].times).isSuperset(of: $0.times) }
          : answers.allSatisfy { $0.times == Array(all[0].times[..<count]) })
      if !isPart { wrong.append(i) }
      try store.close()
      try files.remove("/data")
    }
    #expect(wrong.isEmpty, "\(wrong.prefix(10))")
  }

  @Test func `damage in the middle is repaired, counted, and what follows is dropped`() throws {
    try fill()
    var bytes = try files.read("/data/wal/00000001")
    bytes[40] ^= 1
    try files.write("/data/wal/00000001", bytes)
    let metrics = MetricRegistry()
    let store = try open(TSDBOptions(), metrics)
    #expect(value("prometheus_tsdb_wal_corruptions_total", in: metrics) == 1)
    #expect(try store.answers(everything).map(\.times.count).reduce(0, +) == 3)
    #expect(try files.list("/data/wal") == ["00000000", "00000001", "00000002"])
    try store.close()
    let again = MetricRegistry()
    _ = try open(TSDBOptions(), again)
    #expect(value("prometheus_tsdb_wal_corruptions_total", in: again) == 0)
  }

  @Test func `segments without bytes, or of zeros, hold nothing and harm nothing`() throws {
    try fill()
    try files.write("/data/wal/00000001", [])
    #expect(try open().answers(everything).map(\.times.count) == [2, 1, 1])
    try files.remove("/data/lock")
    try files.write("/data/wal/00000001", [UInt8](repeating: 0, count: 100_001))
    #expect(try open().answers(everything).map(\.times.count) == [2, 1, 1])
  }

  @Test func `swapped segments lose no sample of a series that is known by then`() throws {
    try fill()
    try files.rename("/data/wal/00000001", to: "/data/x")
    try files.rename("/data/wal/00000002", to: "/data/wal/00000001")
    try files.rename("/data/x", to: "/data/wal/00000002")
    // The samples of what is now the third segment are older than the newest.
    #expect(try open().answers(everything).map(\.times.count) == [2, 1, 1, 1])
  }

  @Test func `a missing segment is named, and nothing is touched`() throws {
    try fill()
    for (lost, next) in [(1, 2), (0, 1)] {
      let path = WALSegments.path("/data/wal", lost)
      let bytes = try files.read(path)
      try files.remove(path)
      let before = try files.list("/data/wal")
      let text = error { _ = try open() }
      #expect(text.contains("WAL segment \(lost) is missing in /data/wal"), "\(text)")
      #expect(text.contains("the next is \(next)"))
      #expect(try files.list("/data/wal") == before)
      try files.write(path, bytes)
    }
    #expect(try open().answers(everything).count == 4)
  }

  @Test func `a torn or changed checkpoint is told and not cut, a missing one is missed`() throws {
    try fill()
    var options = WALOptions()
    options.compression = .none
    _ = try Checkpoint.write(
      through: 1, of: "/data/wal", files: files, options: options,
      rules: CheckpointRules(minTimeMs: 0) { _ in true })
    try Checkpoint.removeOld(of: "/data/wal", files: files)
    #expect(try files.list("/data/wal") == ["00000002", "checkpoint.00000001"])
    let segment = "/data/wal/checkpoint.00000001/00000000"
    let whole = try files.read(segment)
    for damage in [Array(whole[..<40]), whole.enumerated().map { $0 == 20 ? $1 ^ 4 : $1 }] {
      try files.write(segment, damage)
      let text = error { _ = try open() }
      #expect(text.contains("corruption in segment \(segment)"), "\(text)")
      #expect(try files.read(segment) == damage)
    }
    try files.remove("/data/wal/checkpoint.00000001")
    #expect(error { _ = try open() }.contains("WAL segment 0 is missing in /data/wal"))
    try files.makeDirectory("/data/wal/checkpoint.00000001")
    try files.write(segment, whole)
    #expect(try open().answers(everything).count == 4)
  }

  @Test func `a segment size that is no multiple of the page is refused`() {
    var options = TSDBOptions()
    options.walSegmentBytes = 10_000_001
    #expect(error { _ = try open(options) }.contains("invalid segment size: 10000001 bytes"))
  }

  @Test func `with an interval of zero each append is synced before it is answered`() throws {
    let name = "prometheus_tsdb_wal_fsync_duration_seconds"
    for (interval, wanted) in [(Int64(0), 3.0), (1000, 0)] {
      var options = TSDBOptions()
      options.walSyncIntervalMs = interval
      let metrics = MetricRegistry()
      let store = try open(options, metrics)
      for i in 0..<3 { try store.append(["__name__": "a"], Int64(i + 10) * 1000, 1) }
      let family = metrics.snapshot().first { $0.name == name }
      #expect(family?.points.first { $0.suffix == "_count" }?.value == wanted)
      try store.close()
      try files.remove("/data")
    }
  }

  @Test func `the log counts what it writes under Prometheus's names`() throws {
    let metrics = MetricRegistry()
    let store = try open(TSDBOptions(), metrics)
    for i in 0..<200 {
      var batch = AppendBatch()
      let refs = try store.resolve((0..<100).map { ["__name__": "a", "i": "\($0)"] })
      for ref in refs { batch.append(ref, timeMs: Int64(i) * 1000, value: Double(i)) }
      _ = try store.append(batch)
    }
    func wal(_ name: String) -> Double { value("prometheus_tsdb_wal_" + name, in: metrics) ?? -1 }
    #expect(wal("page_flushes_total") == 201)
    #expect(wal("record_part_writes_total") >= 201)
    #expect(wal("segment_current") == 0)
    #expect(wal("writes_failed_total") == 0)
    #expect(wal("truncations_total") == 0)
    #expect(wal("record_bytes_saved_total") > 1000)
    let bytes = wal("record_parts_bytes_written_total")
    #expect(bytes == wal("storage_size_bytes"))
    #expect(wal("completed_pages_total") == (bytes / Double(WALPage.bytes)).rounded(.down))
    files.limit(toBytes: 0)
    #expect(throws: StorageError.self) { try store.append(["__name__": "b"], 1, 1) }
    #expect(wal("writes_failed_total") == 1)
  }

  @Test func `the out-of-order log has the same metrics under its own name`() {
    let metrics = MetricRegistry()
    _ = WALMetrics(.outOfOrder, metrics, clock: StillClock(0))
    #expect(value("prometheus_tsdb_out_of_order_wbl_page_flushes_total", in: metrics) == 0)
  }
}
