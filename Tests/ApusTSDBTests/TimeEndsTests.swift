import ApusModel
import ApusStorage
import ApusSystem
import ApusTelemetry
import Testing

@testable import ApusTSDB

/// Times at the ends of what there is, wherever they come from.
struct TimeEndsTests {
  private static let end = Limits.sampleTimeMsMax
  private static let hour: Int64 = 3_600_000
  private static let absurd: [Int64] = [.min, .min + 1, -end - 1, end + 1, .max - 1, .max]

  private func times(_ store: TSDB, _ range: TimeRange = .all) throws -> [[Int64]] {
    try store.answers(everything, in: range).map(\.times)
  }

  @Test func `what no block can hold is refused, also as the first of all`() throws {
    let directory = StoreDirectory()
    var options = TSDBOptions()
    options.outOfOrderWindowMs = .max
    let store = try openStore(directory.path, options)
    for time in Self.absurd {
      let error = try store.append(["__name__": "a"], time, 1)
      #expect(error == (time > 0 ? .outOfBounds : .tooOld), "\(time)")
      var batch = AppendBatch()
      batch.append(
        try store.resolve([["__name__": "h"]])[0], timeMs: time, histogram: FloatHistogram())
      #expect(try store.append(batch).rejections.count == 1)
    }
    // None of them has moved the head.
    #expect(try store.append(["__name__": "a"], 1_700_000_000_000, 1) == nil)
    #expect(try times(store) == [[1_700_000_000_000]])
  }

  @Test func `the first and the last time are stored, cut, deleted, copied and found again`()
    throws
  {
    let directory = StoreDirectory()
    let now: Int64 = 1_700_000_000_000
    var options = TSDBOptions()
    options.retentionMs = 0
    let store = try openStore(directory.path, options)
    for (i, time) in [-Self.end, -1, 0, now, now + 60_000, Self.end].enumerated() {
      #expect(try store.append(["__name__": "a"], time, Double(i)) == nil, "\(time)")
    }
    let all = [[-Self.end, -1, 0, now, now + 60_000, Self.end]]
    #expect(try times(store) == all)
    #expect(try times(store, TimeRange(.min, -1)) == [[-Self.end, -1]])
    #expect(try times(store, TimeRange(Self.end, .max)) == [[Self.end]])
    let name = try store.snapshot(skipHead: false)
    let copy = try openStore(FilePath.join(directory.path, "snapshots/\(name)"), options)
    #expect(try times(copy) == all)
    for _ in 0..<3 { store.maintain() }
    #expect(try times(store) == all)
    #expect(store.blocks.count >= 3)
    try store.deleteSeries(in: TimeRange(.min, -1), matching: everything)
    try store.deleteSeries(in: TimeRange(Self.end, .max), matching: everything)
    try store.cleanTombstones()
    _ = try store.snapshot(skipHead: false)
    #expect(try times(store) == [[0, now, now + 60_000]])
    try store.deleteSeries(in: .all, matching: everything)
    let left = try times(store)
    #expect(left.flatMap { $0 } == [])
    try store.close()
    let again = try openStore(directory.path, options)
    #expect(try times(again) == left)
    again.maintain()
  }

  @Test func `series that ended at both ends of time are written at once`() throws {
    let directory = StoreDirectory()
    var options = TSDBOptions()
    options.staleSeriesThreshold = 0.1
    let store = try openStore(directory.path, options)
    // Not so far apart that the head is cut, and 10 million years of nothing in front of them.
    try store.append(["__name__": "a"], Self.end - 3_000_000, StaleMarker.value)
    try store.append(["__name__": "b"], Self.end, 1)
    try store.compactStaleSeriesIfDue(isCancelled: { false })
    #expect(store.blocks.count == 1)
    #expect(try times(store) == [[Self.end - 3_000_000], [Self.end]])
    let other = StoreDirectory("far")
    let far = try openStore(other.path, options)
    try far.append(["__name__": "a"], -Self.end, 1)
    try far.append(["__name__": "a"], Self.end, StaleMarker.value)
    #expect(
      try far.head.selectStale().ranges(lengthMs: 2 * Self.hour).count == 2)
  }

  @Test func `a log of another program may hold any time and any ref`() throws {
    let files = MemoryFileSystem()
    let writer = try WALWriter(files: files, directory: "/data/wal", options: WALOptions())
    var batch = WALBatch()
    let refs = [SeriesRef(.max), SeriesRef(.max - 1), SeriesRef(0), SeriesRef(7)]
    batch.addSeries(refs, (0..<4).map { ["__name__": "m\($0)"] })
    var samples = SampleColumns()
    var histograms = HistogramSampleColumns()
    for time in [.min, -5, 100, .max] as [Int64] {
      samples.append(refs[0], timeMs: time, value: 1)
      samples.append(refs[3], timeMs: time, value: 2)
      histograms.append(refs[1], timeMs: time, histogram: FloatHistogram())
    }
    batch.addSamples(samples)
    batch.addHistograms(histograms)
    batch.addTombstones([
      TombstoneEntry(ref: refs[3], range: TimeRange(.min, 50)),
      TombstoneEntry(ref: refs[0], range: TimeRange(300, .max)),
    ])
    batch.addExemplars([
      ExemplarEntry(ref: refs[0], timeMs: .max, value: 1, labels: ["t": "x"]),
      ExemplarEntry(ref: refs[0], timeMs: .min, value: 1, labels: ["t": "y"]),
    ])
    try writer.log(batch)
    try writer.close()
    let late = try WALWriter(files: files, directory: "/data/wbl", options: WALOptions())
    batch.removeAll()
    batch.addSamples(samples)
    batch.addHistograms(histograms)
    try late.log(batch)
    try late.close()
    var options = TSDBOptions()
    options.exemplarsMax = 10
    options.locksDirectory = false
    let store = try openStore("/data", options, files: files)
    // A deletion holds for what came in order.
    #expect(try times(store) == [[-5, 100], [], [-5, 100]])
    store.maintain()
    _ = try store.snapshot(skipHead: false)
    try store.append(["__name__": "m0"], 200, 3)
    try store.append(["__name__": "new"], 200, 3)
    try store.close()
    let again = try openStore("/data", options, files: files)
    let found = try times(again)
    #expect(found == [[-5, 100, 200], [], [-5, 100], [200]])
  }

  @Test func `chunks of chunks_head may say any time`() throws {
    let files = MemoryFileSystem()
    let writer = try WALWriter(files: files, directory: "/data/wal", options: WALOptions())
    var batch = WALBatch()
    batch.addSeries([SeriesRef(1)], [["__name__": "m"]])
    var samples = SampleColumns()
    samples.append(SeriesRef(1), timeMs: 100, value: 1)
    batch.addSamples(samples)
    try writer.log(batch)
    try writer.close()
    let chunks = try HeadChunkFiles(files: files, directory: "/data/chunks_head")
    _ = try chunks.scan { _ in }
    var chunk = XORChunk(capacityBytes: 64)
    chunk.append(timeMs: 5, value: 1)
    for range in [
      TimeRange(.min, .max), TimeRange(.max, .max), TimeRange(.min, .min), TimeRange(.max, .min),
      TimeRange(.max - 7, .max), TimeRange(50, 20),
    ] {
      for isLate in [false, true] {
        _ = try chunks.write(
          series: SeriesRef(1), range: range, encoding: .xor, isOutOfOrder: isLate,
          bytes: chunk.span)
      }
    }
    try chunks.close()
    let store = try openStore("/data", files: files)
    #expect(try times(store) == [[100]])
    store.maintain()
    #expect(try store.append(["__name__": "m"], 200, 1) == nil)
    _ = try store.snapshot(skipHead: false)
  }

  @Test(arguments: [
    (Int64.min, Int64.max), (.max, .max), (.min, .min), (0, .max), (.min, 0), (5, 1),
    (-(1 << 60), 0), (0, 1 << 60),
  ])
  func `a block that says absurd times is told and left alone`(range: (Int64, Int64)) throws {
    let files = MemoryFileSystem()
    let good = try #require(
      try TestBlock.write([(["__name__": "a"], [(1000, 1)])], dataDirectory: "/data", files: files))
    let bad = try #require(
      try TestBlock.write(
        [(["__name__": "b"], [(1000, 1)])], dataDirectory: "/data", files: files, seed: 9))
    let path = "/data/\(bad.ulid)/meta.json"
    var meta = bad
    (meta.minTimeMs, meta.maxTimeMs) = range
    try files.write(path, meta.encode())
    let store = try openStore("/data", files: files)
    #expect(store.blocks.map(\.ulid) == [good.ulid])
    #expect(try times(store) == [[1000]])
    store.maintain()
    #expect(files.exists(path))
  }

  @Test func `chunks of a block may say any time`() throws {
    let files = MemoryFileSystem()
    try files.makeDirectory("/data")
    for seed in 1...3 as ClosedRange<UInt64> {
      let ulid = ULID(timeMs: Int64(seed), random: SeededSource(seed))
      var meta = BlockMeta(ulid: ulid, minTimeMs: 0, maxTimeMs: 7_200_000)
      meta.compaction.sources = [ulid]
      let writer = try BlockWriter(
        dataDirectory: "/data", meta: meta, symbols: SymbolList(of: [["__name__": "a"]]),
        files: files)
      var series = SeriesChunks()
      var chunk = XORChunk(capacityBytes: 64)
      chunk.append(timeMs: Int64(seed), value: 1)
      for (from, to) in [(Int64.min, Int64.min), (.min, .max), (.max, .min), (.max, .max)] {
        series.append(
          encoding: ChunkEncoding.xor.rawValue, minTimeMs: from, maxTimeMs: to, chunk.span)
      }
      let numbers = SymbolNumbers(SymbolList(of: [["__name__": "a"]]))
      var labels: [UInt32] = []
      numbers.encode(["__name__": "a"], into: &labels)
      try writer.add(labels, series)
      _ = try writer.finish()
    }
    let store = try openStore("/data", files: files)
    #expect(store.blocks.count == 3)
    _ = try times(store)
    _ = try times(store, TimeRange(.min, .min))
    _ = try times(store, TimeRange(.max, .max))
    try store.deleteSeries(in: TimeRange(.min, 0), matching: everything)
    store.maintain()
    try store.cleanTombstones()
    _ = try times(store)
  }

  @Test func `chunks end in time where blocks are longer than a chunk can be`() throws {
    let directory = StoreDirectory()
    var options = TSDBOptions()
    let day = 24 * Self.hour
    options.blockMinMs = 200 * day
    options.retentionMs = 0
    let store = try openStore(directory.path, options)
    let wanted = (0..<12).map { Int64($0) * 37 * day + 11 }
    for (i, time) in wanted.enumerated() { try store.append(["__name__": "a"], time, Double(i)) }
    for (i, time) in wanted.enumerated() {
      var batch = AppendBatch()
      var histogram = FloatHistogram()
      histogram.count = Double(i)
      // In time for the head, which is half a block long.
      guard time > (wanted.last ?? 0) - 90 * day else { continue }
      batch.append(try store.resolve([["__name__": "h"]])[0], timeMs: time, histogram: histogram)
      #expect(try store.append(batch).rejections.isEmpty)
    }
    #expect(try times(store).first == wanted)
    store.maintain()
    #expect(try times(store).first == wanted)
    try store.close()
    #expect(try times(try openStore(directory.path, options)).first == wanted)
  }
}
