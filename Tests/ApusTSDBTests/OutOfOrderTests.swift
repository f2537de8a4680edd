import ApusModel
import ApusStorage
import ApusSystem
import ApusTelemetry
import ApusTesting
import Synchronization
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

private func times(_ store: TSDB, _ labels: Labels = x, in range: TimeRange = .all) throws
  -> [Int64]
{
  try store.answers([.equal("__name__", labels["__name__"] ?? "")], in: range).first?.times ?? []
}

private func counter(_ registry: MetricRegistry, _ name: String, _ type: String) -> Double {
  let family = registry.snapshot().first { $0.name == "prometheus_tsdb_" + name }
  return family?.points.first { $0.labels.contains { $0.value == type } }?.value ?? -1
}

/// What a killed process leaves behind, opened.
func afterKill(
  _ directory: StoreDirectory, _ options: TSDBOptions
) throws -> (TSDB, StoreDirectory) {
  let copy = StoreDirectory("kill")
  try copyTree(directory.path, copy.path)
  // Another time, so that blocks get other names than those that are there.
  let clock = StillClock(Int64.random(in: 1...1_000_000_000_000))
  return (try openStore(copy.path, options, clock: clock), copy)
}

struct OutOfOrderTests {
  @Test func `a late sample is judged as Prometheus judges it`() throws {
    let directory = StoreDirectory()
    let registry = MetricRegistry()
    let store = try openStore(directory.path, window(4 * hour), metrics: registry)
    let now = start + 10 * hour
    #expect(try store.append(x, now, 1) == nil)
    #expect(try store.append(x, now, 2) == .duplicate)
    #expect(try store.append(x, now - 1, 2) == nil)
    #expect(try store.append(x, now - 4 * hour, 3) == nil)
    #expect(try store.append(x, now - 4 * hour - 1, 3) == .tooOld)
    // Old for the head, but in the window: late, though the series is new.
    #expect(try store.append(["__name__": "y"], now - 2 * hour, 4) == nil)
    #expect(try store.append(["__name__": "y"], now - 5 * hour, 4) == .tooOld)
    // A time that is there already: nothing is done, whatever the value.
    #expect(try store.append(x, now - 1, 7) == nil)
    #expect(try times(store) == [now - 4 * hour, now - 1, now])
    #expect(try store.answers([.equal("__name__", "x")])[0].bits[1] == 2.0.bitPattern)
    #expect(counter(registry, "head_out_of_order_samples_appended_total", "float") == 3)
    #expect(counter(registry, "too_old_samples_total", "float") == 2)
    #expect(counter(registry, "head_samples_appended_total", "float") == 4)
    #expect(counter(registry, "out_of_order_samples_total", "float") == 0)
  }

  @Test func `the window can be opened and closed while the store runs`() throws {
    let directory = StoreDirectory()
    let store = try openStore(directory.path)
    #expect(try store.append(x, start + hour, 1) == nil)
    #expect(try store.append(x, start + hour - 5, 1) == .outOfOrder)
    #expect(!PosixFileSystem().exists(directory.path + "/wbl"))
    try store.setOutOfOrderWindow(hour)
    #expect(try store.append(x, start + hour - 5, 1) == nil)
    #expect(PosixFileSystem().exists(directory.path + "/wbl"))
    try store.setOutOfOrderWindow(0)
    #expect(try store.append(x, start + hour - 6, 1) == .outOfOrder)
    #expect(try times(store) == [start + hour - 5, start + hour])
    // What was taken stays, also where the next start has no window.
    let (again, kept) = try afterKill(directory, TSDBOptions())
    defer { withExtendedLifetime(kept) {} }
    #expect(try times(again) == [start + hour - 5, start + hour])
  }

  @Test func `a batch that wants no late samples gets them refused`() throws {
    let directory = StoreDirectory()
    let store = try openStore(directory.path, window(hour))
    let ref = try store.resolve([x])[0]
    var batch = AppendBatch()
    batch.discardsOutOfOrder = true
    batch.append(ref, timeMs: start + 100, value: 1)
    batch.append(ref, timeMs: start + 50, value: 1)
    batch.append(ref, timeMs: start - 2 * hour, value: 1)
    #expect(try store.append(batch).rejections.map(\.error) == [.outOfOrder, .tooOld])
    #expect(try times(store) == [start + 100])
  }

  @Test func `a duplicate is told with both values`() throws {
    let directory = StoreDirectory()
    let store = try openStore(directory.path)
    let ref = try store.resolve([x])[0]
    var batch = AppendBatch()
    batch.append(ref, timeMs: 5000, value: 1.5)
    batch.append(ref, timeMs: 5000, value: 2_000_000)
    let rejection = try #require(store.append(batch).rejections.first)
    #expect(
      rejection.text(in: batch)
        == "duplicate sample for timestamp 5000; overrides not allowed: existing 1.5, "
        + "new value 2e+06")
  }

  @Test func `late samples survive a kill, in memory and in chunks`() throws {
    let directory = StoreDirectory()
    let store = try openStore(directory.path, window(2 * hour))
    try store.append(x, start + hour, 0)
    var expected: Set<Int64> = [start + hour]
    var numbers = SeededNumbers(5)
    for count in 1...200 {
      let time = start + Int64.random(in: 0..<3_000_000, using: &numbers)
      try store.append(x, time, Double(time))
      expected.insert(time)
      guard count % 20 == 0 else { continue }
      let (again, kept) = try afterKill(directory, window(2 * hour))
      defer { withExtendedLifetime(kept) {} }
      #expect(try times(again) == expected.sorted())
      try again.append(x, start + 3_000_001, 1)
      #expect(try times(again).count == expected.count + 1)
    }
    #expect(try times(store) == expected.sorted())
    let late = try store.answers(everything)[0]
    for (time, bits) in zip(late.times, late.bits) where time != start + hour {
      #expect(bits == Double(time).bitPattern)
    }
    let wbl = directory.path + "/wbl"
    var reader = WALReader(
      files: PosixFileSystem(), directory: wbl,
      segments: try WALSegments.list(PosixFileSystem(), wbl))
    var markers = 0
    while try reader.next() {
      if RecordType(of: reader.record) == .mmapMarkers { markers += 1 }
    }
    #expect(markers == (expected.count - 2) / 32)
  }

  @Test(arguments: [1, 2, 3, 4, 5] as [UInt64])
  func `with an interval of zero late samples survive the loss of power`(seed: UInt64) throws {
    let files = FaultyFileSystem(seed: seed)
    var closed = window(0)
    closed.walSyncIntervalMs = 0
    var open = closed
    open.outOfOrderWindowMs = 2 * hour
    let store = try openStore("/data", closed, files: files)
    try store.append(x, start + hour, 0)
    // The log of late samples begins while the store runs, and a chunk is full in between.
    try store.apply(open)
    for i in 0..<40 { try store.append(x, start + Int64(i), 1) }
    files.restart(losingPower: true)
    let again = try openStore("/data", open, files: files)
    #expect(try times(again) == (0..<40).map { start + $0 } + [start + hour])
  }

  @Test func `the newest sample is found among late ones`() throws {
    let directory = StoreDirectory()
    let store = try openStore(directory.path, window(4 * hour))
    try store.append(["__name__": "now"], start + 5 * hour, 0)
    try store.append(x, start + 4 * hour + 1, 1)
    try store.append(x, start + 2 * hour, 2)
    let y: Labels = ["__name__": "y"]
    // Newer than all that came in order, and late nevertheless.
    try store.append(y, start + 3 * hour, 3)
    func latest(_ labels: Labels, _ at: Int64, _ oldest: Int64) throws -> Int64? {
      let matchers = [LabelMatcher.equal("__name__", labels["__name__"] ?? "")]
      let cursor = try store.querier(in: .all).select(matchers, in: .all, hints: SelectHints())
      guard try cursor.next() else { return nil }
      return try cursor.latest(atMs: at, newerThanMs: oldest)?.timeMs
    }
    #expect(try latest(x, start + 5 * hour, 0) == start + 4 * hour + 1)
    #expect(try latest(x, start + 4 * hour, 0) == start + 2 * hour)
    #expect(try latest(x, start + 2 * hour - 1, 0) == nil)
    #expect(try latest(y, start + 5 * hour, 0) == start + 3 * hour)
    #expect(try latest(y, start + 5 * hour, start + 3 * hour) == nil)
  }

  @Test func `a series without late samples costs nothing more`() throws {
    let directory = StoreDirectory()
    let store = try openStore(directory.path, window(hour))
    let refs = try store.resolve((0..<100).map { Labels([Label("__name__", "m\($0)")]) })
    for round in 0..<50 {
      var batch = AppendBatch()
      for ref in refs { batch.append(ref, timeMs: start + Int64(round) * 1000, value: 1) }
      _ = try store.append(batch)
    }
    #expect(store.head.outOfOrder.isEmpty)
    #expect(MemoryLayout<SeriesState>.size == 64)
    var batch = AppendBatch()
    batch.append(refs[3], timeMs: start + 1, value: 1)
    _ = try store.append(batch)
    #expect(store.head.outOfOrder.ordinals == [3])
  }
}

struct OutOfOrderCompactionTests {
  /// Five series with a sample each minute for so many hours; then late ones between them.
  private func fill(_ store: TSDB, hours: Int64) throws -> [Answer] {
    let labels = (0..<5).map { Labels([Label("__name__", "cpu"), Label("cpu", "\($0)")]) }
    let refs = try store.resolve(labels)
    for minute in 0..<(hours * 60) {
      var batch = AppendBatch()
      for ref in refs { batch.append(ref, timeMs: start + minute * 60_000, value: 1) }
      #expect(try store.append(batch).rejections.isEmpty)
    }
    for minute in stride(from: hours * 60 - 2, to: 0, by: -3) {
      var batch = AppendBatch()
      for ref in refs.dropLast() {
        batch.append(ref, timeMs: start + minute * 60_000 + 30_000, value: 2)
      }
      #expect(try store.append(batch).rejections.isEmpty)
    }
    return try store.answers(everything)
  }

  private func metas(_ store: TSDB) -> [BlockMeta] { store.blocks.map(\.meta) }

  @Test func `late samples become blocks, which are merged with the others`() throws {
    let directory = StoreDirectory()
    let store = try openStore(directory.path, window(24 * hour))
    let before = try fill(store, hours: 7)
    #expect(before[0].times.count == 7 * 60 + 140)
    store.maintain()
    #expect(try store.answers(everything) == before)
    let left = metas(store)
    // Two blocks in order, merged with the late ones; the head's time stays apart.
    #expect(
      left.filter { !$0.compaction.isFromOutOfOrder }.map(\.minTimeMs) == [
        start, start + 2 * hour,
      ])
    let late = left.filter(\.compaction.isFromOutOfOrder)
    #expect(late.map(\.minTimeMs) == [start + 4 * hour, start + 6 * hour])
    #expect(late.allSatisfy { $0.maxTimeMs - $0.minTimeMs == 2 * hour })
    #expect(store.head.outOfOrder.isEmpty)
    let wbl = try WALSegments.list(PosixFileSystem(), directory.path + "/wbl")
    #expect(wbl == [1])
    let (again, kept) = try afterKill(directory, window(24 * hour))
    defer { withExtendedLifetime(kept) {} }
    #expect(try again.answers(everything) == before)
    #expect(again.head.outOfOrder.isEmpty)
    // Late samples of times that blocks hold, and then a block for them too.
    for answer in before { try again.append(answer.labels, start + 5 * hour + 7, 3) }
    for answer in before { try again.append(answer.labels, start + 7, 3) }
    let more = try again.answers(everything)
    #expect(more[4].times.count == before[4].times.count + 2)
    try again.compactLate()
    #expect(try again.answers(everything) == more)
    again.maintain()
    #expect(try again.answers(everything) == more)
  }

  @Test func `a crash at any step of the compaction loses nothing`() throws {
    let directory = StoreDirectory()
    let store = try openStore(directory.path, window(24 * hour))
    let before = try fill(store, hours: 7)
    func check(_ step: String) throws {
      let (again, copy) = try afterKill(directory, window(24 * hour))
      #expect(try again.answers(everything) == before, "\(step)")
      again.maintain()
      #expect(try again.answers(everything) == before, "\(step)")
      try again.close()
      #expect(
        try openStore(copy.path, window(24 * hour)).answers(everything) == before, "\(step)")
    }
    let head = store.head
    _ = try head.cutOutOfOrderLog()
    try check("log cut")
    try head.moveLateToDisk()
    #expect(try store.answers(everything) == before)
    try check("chunks written")
    let picture = try head.select([], in: .all, isSorted: true, limit: 0, part: .lateChunks)
    for range in try picture.lateRanges(lengthMs: 2 * hour) {
      _ = try store.compactor.write(
        HeadSeriesSource(picture, in: range, part: .lateChunks), minTimeMs: range.minMs,
        maxTimeMs: range.maxMs + 1, hints: [BlockMeta.Compaction.fromOutOfOrderHint])
      try check("a block written")
    }
    try store.reloadBlocks()
    #expect(try store.answers(everything) == before)
    try check("blocks loaded")
    head.dropLate(picture)
    #expect(try store.answers(everything) == before)
    try check("chunks dropped")
    try WALSegments.remove(below: 1, PosixFileSystem(), directory.path + "/wbl")
    try check("log cut short")
  }

  @Test func `deleted late samples are gone for good, and later ones of that time are kept`() throws
  {
    let directory = StoreDirectory()
    let store = try openStore(directory.path, window(24 * hour))
    _ = try fill(store, hours: 3)
    let range = TimeRange(start, start + hour)
    try store.deleteSeries(in: range, matching: [.equal("cpu", "1")])
    func left(_ store: TSDB) throws -> [Int64] {
      try store.answers([.equal("cpu", "1")], in: range).first?.times ?? []
    }
    #expect(try left(store).isEmpty)
    let labels: Labels = ["__name__": "cpu", "cpu": "1"]
    #expect(try store.append(labels, start + 5, 9) == nil)
    #expect(try left(store) == [start + 5])
    let (again, kept) = try afterKill(directory, window(24 * hour))
    defer { withExtendedLifetime(kept) {} }
    #expect(try left(again) == [start + 5])
    try again.cleanTombstones()
    #expect(try left(again) == [start + 5])
  }

  @Test func `a snapshot holds late samples`() throws {
    let directory = StoreDirectory()
    let store = try openStore(directory.path, window(24 * hour), clock: StillClock(start))
    let before = try fill(store, hours: 3)
    try store.append(["__name__": "cpu", "cpu": "0"], start - 5 * hour, 4)
    let now = try store.answers(everything)
    #expect(now != before)
    let name = try store.snapshot(skipHead: false)
    let copy = try openStore(directory.path + "/snapshots/" + name)
    #expect(try copy.answers(everything) == now)
  }

  @Test func `a series lives for as long as it has late samples`() throws {
    let directory = StoreDirectory()
    let store = try openStore(directory.path, window(24 * hour))
    try store.append(["__name__": "now"], start + 10 * hour, 1)
    try store.append(x, start + 6 * hour, 1)
    store.head.truncate(before: start + 9 * hour)
    #expect(try times(store) == [start + 6 * hour])
    try store.compactLate()
    #expect(try times(store) == [start + 6 * hour])
    store.head.truncate(before: start + 9 * hour)
    #expect(try store.status(limit: 1).seriesCount == 1)
    #expect(try times(store) == [start + 6 * hour])
  }
}

extension TSDB {
  /// Late samples to blocks, as it happens after a block was cut from the head.
  fileprivate func compactLate() throws {
    try compacting.withLock { _ throws(StorageError) in try compactOutOfOrder() }
  }
}

struct OutOfOrderIsolationTests {
  // Writer                     Compactor                      Reader
  // in order and late
  //                            late samples to blocks
  //                                                           selects: nothing is missing
  //                            head to blocks, merges
  //                                                           selects: nothing is missing
  @Test func `a reader misses nothing while late samples become blocks`() async throws {
    let directory = StoreDirectory()
    let store = try openStore(directory.path, window(24 * hour))
    let refs = try store.resolve((0..<20).map { Labels([Label("__name__", "x\($0)")]) })
    let writing = Writing()
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask {
        for minute in 0..<Int64(480) {
          var batch = AppendBatch()
          for (i, ref) in refs.enumerated() {
            let time = start + minute * 60_000
            batch.append(ref, timeMs: time, value: 1)
            guard minute > 0, i % 2 == 0 else { continue }
            batch.append(ref, timeMs: time - minute * 7 % 400 * 60_000 - 1 - minute, value: 2)
          }
          let rejections = try store.append(batch).rejections
          #expect(rejections.isEmpty)
        }
        writing.isDone.store(true, ordering: .releasing)
      }
      group.addTask {
        while !writing.isDone.load(ordering: .acquiring) {
          try store.compactLate()
          store.maintain()
        }
      }
      group.addTask {
        var seen: [Labels: Int] = [:]
        while !writing.isDone.load(ordering: .acquiring) {
          for answer in try store.answers(everything) {
            let count = answer.times.count
            #expect(count >= seen[answer.labels] ?? 0)
            #expect(zip(answer.times, answer.times.dropFirst()).allSatisfy { $0 < $1 })
            seen[answer.labels] = count
          }
        }
      }
      try await group.waitForAll()
    }
    #expect(try store.answers(everything).map(\.times.count).reduce(0, +) == 20 * 480 + 10 * 479)
  }
}

/// Whether those who look on may stop.
private final class Writing: Sendable {
  let isDone = Atomic<Bool>(false)
}
