import ApusModel
import ApusStorage
import ApusSystem
import ApusTelemetry
import Logging
import Synchronization
import Testing

@testable import ApusTSDB

/// What the options say, and when a change of them comes into force.
@Suite struct StoreOptionsTests {
  let files = MemoryFileSystem()
  let registry = MetricRegistry()
  private static let hour: Int64 = 3_600_000
  private static let start: Int64 = 1_700_006_400_000

  private func open(_ change: (inout TSDBOptions) -> Void, log: Log = .none) throws -> TSDB {
    var options = TSDBOptions()
    options.retentionMs = 0
    change(&options)
    return try TSDB.open(
      directory: "/data", options: options, files: files, clock: StillClock(5),
      random: SeededSource(1), log: log, metrics: registry)
  }

  private func blocks() throws -> [ULID] { try files.list("/data").compactMap { ULID($0) } }

  private func value(_ name: String, _ suffix: String = "") -> Double? {
    let family = registry.snapshot().first { $0.name == "prometheus_tsdb_" + name }
    return family?.points.first { $0.suffix == suffix }?.value
  }

  /// Two-hour blocks behind one another, one sample in each.
  private func write(_ count: Int) throws {
    for number in 0..<count {
      let begin = Self.start + Int64(number) * 2 * Self.hour
      var meta = try #require(
        try TestBlock.write(
          [(["__name__": "up"], [(begin, 1)])], dataDirectory: "/data", files: files,
          seed: UInt64(number + 1)))
      (meta.minTimeMs, meta.maxTimeMs) = (begin, begin + 2 * Self.hour)
      try meta.write("/data/\(meta.ulid)", files: files)
    }
  }

  @Test func `the retention may change while the store is open`() throws {
    try write(6)
    var options = TSDBOptions()
    options.retentionMs = 0
    let store = try open { $0.compacts = false }
    store.maintain()
    #expect(try blocks().count == 6)
    options.retentionMs = 4 * Self.hour
    try store.apply(options)
    #expect(value("retention_limit_seconds") == 14_400)
    #expect(try blocks().count == 6)
    store.maintain()
    #expect(try blocks().count == 2)
    options.retentionMs = 0
    options.retentionBytesMax = 1
    try store.apply(options)
    store.maintain()
    #expect(try blocks().isEmpty)
    #expect(value("retention_limit_seconds") == 0)
    #expect(value("retention_limit_bytes") == 1)
  }

  @Test func `the head image takes room as blocks do`() throws {
    try write(2)
    let sizes = try blocks().map {
      Int64(try Block(directory: "/data/\($0)", files: files).sizeBytes)
    }
    try files.makeDirectory("/data/apus_head")
    try files.write("/data/apus_head/image", [UInt8](repeating: 7, count: 1_000_000))
    let store = try open {
      $0.compacts = false
      $0.retentionBytesMax = sizes.reduce(0, +) + 500_000
      $0.headImageIntervalMs = 0
    }
    store.maintain()
    #expect(try blocks().isEmpty)
  }

  @Test(arguments: [0, -1] as [Int64])
  func `blocks without a length have that of Prometheus`(_ length: Int64) throws {
    let store = try open {
      $0.blockMinMs = length
      $0.samplesPerChunk = 0
    }
    for i in 0..<300 {
      #expect(try store.append(["__name__": "x"], Self.start + Int64(i) * 15_000, 1) == nil)
    }
    store.maintain()
    #expect(try blocks().isEmpty)
    #expect(try store.answers(everything).first?.times.count == 300)
  }

  // 480 samples of a window: 4 chunks of 120 as Prometheus has them. The end is told from a quarter
  // of the samples, so that of small chunks there are some more.
  @Test(arguments: [(120, 4), (60, 8), (30, 19), (480, 1), (1, 240)])
  func `chunks of the head aim at so many samples`(_ target: Int, _ count: Double) throws {
    let store = try open { $0.samplesPerChunk = target }
    for i in 0..<480 {
      #expect(try store.append(["__name__": "x"], Self.start + Int64(i) * 15_000, 1) == nil)
    }
    let created = try #require(value("head_chunks_created_total"))
    #expect(created == count)
    #expect(try store.answers(everything).first?.times.count == 480)
  }

  @Test func `a block that was merged is named once when it goes, and never again`() throws {
    let lines = Mutex<[String]>([])
    let handler = LineLogHandler(level: .info, format: .logfmt, nowMs: { 0 }) { line in
      lines.withLock { $0.append(line) }
    }
    try write(4)
    let store = try open({ _ in }, log: Log(Logger(label: "test") { _ in handler }))
    store.maintain()
    store.maintain()
    store.maintain()
    #expect(try blocks().count == 2)
    let named = lines.withLock { $0.filter { $0.contains("Deleting obsolete block") } }
    #expect(named.count == 3)
  }

  @Test func `appends, collections and images are counted under Prometheus's names`() throws {
    let store = try open { _ in }
    try store.append(["__name__": "x"], Self.start, 1)
    var batch = AppendBatch()
    var histogram = FloatHistogram()
    histogram.positiveSpans = [.init(offset: 0, length: 2)]
    histogram.positiveBuckets = [1, 2]
    histogram.count = 3
    let ref = try store.resolve([["__name__": "h"]])[0]
    batch.append(ref, timeMs: Self.start, histogram: histogram)
    #expect(try store.append(batch).rejections.isEmpty)
    #expect(value("head_appenders_created_total") == 2)
    #expect(value("head_active_appenders") == 0)
    #expect(value("isolation_high_watermark") == 2)
    #expect(value("isolation_low_watermark") == 2)
    #expect(value("head_native_histogram_series") == 1)
    #expect(value("head_native_histogram_buckets") == 2)
    #expect(value("head_gc_duration_seconds", "_count") == 0)
    try store.append(["__name__": "x"], Self.start + 4 * Self.hour, 1)
    store.maintain()
    #expect(value("head_gc_duration_seconds", "_count") == value("head_truncations_total"))
    #expect(try #require(value("head_truncations_total")) > 0)
    #expect(value("snapshot_replay_error_total") == 0)
    try store.close()
    try files.write("/data/apus_head/image", [1, 2, 3])
    _ = try open { _ in }
    #expect(value("snapshot_replay_error_total") == 1)
  }

  @Test func `what is out of bounds is not late`() throws {
    let store = try open { _ in }
    try store.append(["__name__": "x"], Self.start, 1)
    #expect(try store.append(["__name__": "x"], Self.start - 1000, 1) == .outOfOrder)
    #expect(try store.append(["__name__": "x"], Self.start - 2 * Self.hour, 1) == .outOfBounds)
    #expect(value("sample_ooo_delta", "_count") == 1)
    #expect(value("sample_ooo_delta", "_sum") == 1)
  }

  @Test func `a limit counts series that have samples, in whatever order they are wanted`() throws {
    let store = try open { _ in }
    for i in 0..<60 {
      try store.append(
        ["__name__": "x", "n": "\(i)"], Self.start + (i < 50 ? 0 : 1000), 1)
    }
    var hints = SelectHints()
    hints.limit = 5
    hints.isSorted = false
    let range = TimeRange(Self.start + 1, .max)
    let cursor = try store.querier(in: range).select(everything, in: range, hints: hints)
    var count = 0
    while try cursor.next() { count += 1 }
    #expect(count == 5)
  }
}
