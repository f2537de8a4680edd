import ApusModel
import ApusStorage
import ApusSystem
import ApusTSDB
import ApusTelemetry
import Testing

struct CompactionOfHeadTests {
  private static let hour: Int64 = 3_600_000

  /// Some series with a sample each 15 s from `start` on.
  private func fill(
    _ store: TSDB, from start: Int64, hours: Int64, series: Int = 5
  ) throws {
    let labels = (0..<series).map { Labels([Label("__name__", "cpu"), Label("cpu", "\($0)")]) }
    let refs = try store.resolve(labels)
    var time = start
    while time < start + hours * Self.hour {
      var batch = AppendBatch()
      for (i, ref) in refs.enumerated() {
        batch.append(ref, timeMs: time, value: Double(time / 1000 * Int64(i)))
      }
      #expect(try store.append(batch).rejections.isEmpty)
      time += 15_000
    }
  }

  @Test func `a head that holds enough is cut into blocks and answers the same`() throws {
    let directory = StoreDirectory()
    let registry = MetricRegistry()
    let store = try openStore(directory.path, metrics: registry)
    let start = 1_700_000_000_000 / (2 * Self.hour) * 2 * Self.hour
    try fill(store, from: start, hours: 7)
    let before = try store.answers(everything)
    store.maintain()
    let names = try PosixFileSystem().list(directory.path).filter { ULID($0) != nil }
    #expect(names.count >= 1)
    #expect(try store.answers(everything) == before)
    #expect(try store.append(["__name__": "late"], start + 2 * Self.hour, 1) == .outOfBounds)
    try store.close()
    let again = try openStore(directory.path)
    #expect(try again.answers(everything) == before)
    #expect(again.oldestTimeMs == start)
    #expect(registry.snapshot().contains { $0.name == "prometheus_tsdb_blocks_loaded" })
  }

  @Test func `series without samples leave the head, and come back under a new ref`() throws {
    let directory = StoreDirectory()
    let store = try openStore(directory.path)
    let start = 1_700_000_000_000 / (2 * Self.hour) * 2 * Self.hour
    let gone: Labels = ["__name__": "gone", "only": "here"]
    try store.append(gone, start, 1)
    let ref = try store.resolve([gone])[0]
    try fill(store, from: start, hours: 4)
    #expect(try store.status(limit: 10).seriesCount == 6)
    store.maintain()
    #expect(try store.status(limit: 10).seriesCount == 5)
    var batch = AppendBatch()
    batch.append(ref, timeMs: start + 4 * Self.hour, value: 2)
    #expect(try store.append(batch).rejections.map(\.error) == [.unknownSeries])
    #expect(try store.answers([.equal("only", "here")]).map(\.times) == [[start]])
    #expect(try store.resolve([gone])[0] > ref)
    try store.append(gone, start + 4 * Self.hour, 3)
    #expect(
      try store.answers([.equal("only", "here")]).map(\.times) == [[start, start + 4 * Self.hour]])
  }

  @Test func `old segments of the log go, and nothing is lost with them`() throws {
    let directory = StoreDirectory()
    var options = TSDBOptions()
    options.walSegmentBytes = 32 * 1024
    options.walCompression = .none
    let store = try openStore(directory.path, options)
    let start = 1_700_000_000_000 / (2 * Self.hour) * 2 * Self.hour
    try fill(store, from: start, hours: 5, series: 30)
    let wal = FilePath.join(directory.path, "wal")
    let segmentsBefore = try PosixFileSystem().list(wal).count
    let before = try store.answers(everything)
    store.maintain()
    let left = try PosixFileSystem().list(wal)
    #expect(left.count < segmentsBefore)
    #expect(left.contains { $0.hasPrefix("checkpoint.") })
    let copy = StoreDirectory()
    try copyTree(directory.path, copy.path)
    #expect(try openStore(copy.path, options).answers(everything) == before)
  }

  @Test func `blocks beyond the retention are deleted`() throws {
    let directory = StoreDirectory()
    var options = TSDBOptions()
    options.retentionMs = 4 * Self.hour
    options.blockMaxMs = 2 * Self.hour
    let store = try openStore(directory.path, options)
    let start = 1_700_000_000_000 / (2 * Self.hour) * 2 * Self.hour
    try fill(store, from: start, hours: 12)
    store.maintain()
    store.maintain()
    let oldest = try #require(store.oldestTimeMs)
    #expect(oldest >= start + 4 * Self.hour)
    #expect(try store.answers(everything).allSatisfy { $0.times.first == oldest })
  }

  @Test func `deleted samples are gone from head and blocks, for good after cleaning`() throws {
    let directory = StoreDirectory()
    let store = try openStore(directory.path)
    let start = 1_700_000_000_000 / (2 * Self.hour) * 2 * Self.hour
    try fill(store, from: start, hours: 5)
    store.maintain()
    let range = TimeRange(start + Self.hour, start + 4 * Self.hour)
    try store.deleteSeries(in: range, matching: [.equal("cpu", "1")])
    func check(_ store: TSDB) throws {
      let answers = try store.answers(everything)
      #expect(answers.count == 5)
      for answer in answers {
        let isDeleted = answer.labels["cpu"] == "1"
        #expect(answer.times.contains { range.contains($0) } != isDeleted)
        #expect(answer.times.count == (isDeleted ? 5 * 240 - 3 * 240 - 1 : 5 * 240))
      }
    }
    try check(store)
    try store.cleanTombstones()
    try check(store)
    try store.close()
    try check(try openStore(directory.path))
  }

  @Test func `what was deleted with whole blocks is back after no start`() throws {
    let directory = StoreDirectory()
    var options = TSDBOptions()
    options.headImageIntervalMs = 0
    let store = try openStore(directory.path, options)
    let start = 1_700_000_000_000 / (2 * Self.hour) * 2 * Self.hour
    try fill(store, from: start, hours: 5)
    store.maintain()
    #expect(store.oldestTimeMs == start)
    try store.deleteSeries(in: .all, matching: everything)
    try store.cleanTombstones()
    try fill(store, from: start + 5 * Self.hour, hours: 1)
    let wanted = try store.answers(everything)
    #expect(wanted.allSatisfy { $0.times.first == start + 5 * Self.hour })
    let copy = StoreDirectory()
    try copyTree(directory.path, copy.path)
    let found = try openStore(copy.path, options).answers(everything)
    #expect(found.map { $0.times.first } == wanted.map { $0.times.first })
    #expect(found.map { $0.times.count } == wanted.map { $0.times.count })
    #expect(found == wanted)
  }

  @Test func `a snapshot is a data directory of its own`() throws {
    let directory = StoreDirectory()
    let store = try openStore(directory.path, clock: StillClock(1_700_000_000_123))
    let start = 1_700_000_000_000 / (2 * Self.hour) * 2 * Self.hour
    try fill(store, from: start, hours: 5)
    store.maintain()
    let name = try store.snapshot(skipHead: false)
    #expect(name.hasPrefix("20231114T221320Z-"))
    #expect(name.utf8.count == 33)
    let path = FilePath.join(FilePath.join(directory.path, "snapshots"), name)
    let copy = try openStore(path)
    #expect(try copy.answers(everything) == store.answers(everything))
  }
}
