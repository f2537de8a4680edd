import ApusModel
import ApusStorage
import ApusSystem
import ApusTelemetry
import Testing

@testable import ApusTSDB

/// What histograms of the head say of counter resets and start times, in memory, in chunks and in
/// blocks.
struct HistogramHintTests {
  private static let labels: Labels = ["__name__": "h"]

  private func histogram(
    _ counts: [Double], _ hint: FloatHistogram.ResetHint = .unknown, offset: Int32 = 0,
    isFloat: Bool = false
  ) -> FloatHistogram {
    var h = FloatHistogram()
    h.count = counts.reduce(0, +) + (isFloat ? 0.5 : 0)
    h.sum = 1
    h.positiveSpans = [.init(offset: offset, length: UInt32(counts.count))]
    h.positiveBuckets = counts
    h.resetHint = hint
    return h
  }

  private func hints(_ store: TSDB) throws -> [FloatHistogram.ResetHint] {
    let cursor = try store.querier(in: .all).select(everything, in: .all, hints: SelectHints())
    var batch = SampleBatch()
    while try cursor.next() { try cursor.read(into: &batch) }
    return batch.histograms.map(\.resetHint)
  }

  @Test(arguments: [false, true])
  func `an open chunk says what it will say when it is full`(isFloat: Bool) throws {
    var stale = FloatHistogram()
    stale.sum = StaleMarker.value
    let cases: [[(FloatHistogram, FloatHistogram.ResetHint)]] = [
      [
        (histogram([1, 2]), .unknown), (histogram([1, 2]), .notReset),
        (histogram([2, 4]), .notReset), (histogram([0, 1]), .reset),
        (histogram([1, 1]), .notReset),
      ],
      // More buckets widen a chunk, fewer begin another one.
      [
        (histogram([3]), .unknown), (histogram([3, 1]), .notReset),
        (histogram([3], offset: 0), .reset), (histogram([1], offset: 7), .reset),
      ],
      // One bucket goes down while the whole goes up.
      [(histogram([5, 5]), .unknown), (histogram([4, 9]), .reset)],
      [(histogram([5], .reset), .reset), (histogram([6], .notReset), .notReset)],
      [
        (histogram([5], .gauge), .gauge), (histogram([1], .gauge), .gauge),
        (histogram([9]), .unknown), (histogram([9]), .notReset),
      ],
      [
        (histogram([5]), .unknown), (stale, .unknown), (histogram([6]), .unknown),
        (histogram([7]), .notReset),
      ],
    ]
    for samples in cases {
      let directory = StoreDirectory()
      let store = try openStore(directory.path)
      let ref = try store.resolve([Self.labels])[0]
      let given = samples.map { one in
        var h = one.0
        if isFloat, !StaleMarker.isStale(h.sum) { h.count += 0.5 }
        return h
      }
      for (i, h) in given.enumerated() {
        var batch = AppendBatch()
        batch.append(ref, timeMs: Int64(i) * 15_000, histogram: h)
        #expect(try store.append(batch).rejections.isEmpty)
        // The same once more is the same, whatever is said of it by now.
        #expect(try store.append(batch).rejections.isEmpty)
      }
      let wanted = samples.map(\.1)
      #expect(try hints(store) == wanted)
      // Of the next window: the chunk before is full.
      var batch = AppendBatch()
      batch.append(ref, timeMs: 7_200_000, histogram: given[given.count - 1])
      _ = try store.append(batch)
      #expect(try hints(store).dropLast() == wanted[...])
      store.maintain()
      #expect(try hints(store).dropLast() == wanted[...])
      try store.close()
      #expect(try hints(try openStore(directory.path)).dropLast() == wanted[...])
    }
  }

  @Test func `a reset between two chunks is told by the second`() throws {
    let directory = StoreDirectory()
    let store = try openStore(directory.path)
    let ref = try store.resolve([Self.labels])[0]
    for (time, counts) in [(7_185_000, [5.0]), (7_200_000, [2]), (7_215_000, [3])] {
      var batch = AppendBatch()
      batch.append(ref, timeMs: Int64(time), histogram: histogram(counts))
      _ = try store.append(batch)
    }
    #expect(try hints(store) == [.unknown, .reset, .notReset])
    store.maintain()
    #expect(try hints(store) == [.unknown, .reset, .notReset])
    try store.close()
    #expect(try hints(try openStore(directory.path)) == [.unknown, .reset, .notReset])
  }

  private struct Started: Equatable {
    var time: Int64
    var start: Int64
    var count: Double
  }

  private func samples(
    _ range: Range<Int>, step: Int64, start: (Int) -> Int64
  ) -> [Started] {
    range.map { Started(time: Int64($0) * step, start: start($0), count: Double($0)) }
  }

  /// A block of a series of histograms in chunks of 100 with start times.
  private func write(
    _ samples: [Started], isFloat: Bool, isPlain: Bool = false, _ files: MemoryFileSystem,
    seed: UInt64
  ) throws -> Block {
    let symbols = SymbolList(of: [Self.labels])
    var numbers: [UInt32] = []
    SymbolNumbers(symbols).encode(Self.labels, into: &numbers)
    var meta = BlockMeta(
      ulid: ULID(timeMs: Int64(seed), random: SeededSource(seed)), minTimeMs: samples[0].time,
      maxTimeMs: (samples.last?.time ?? 0) + 1)
    meta.compaction.sources = [meta.ulid]
    let writer = try BlockWriter(
      dataDirectory: "/data", meta: meta, symbols: symbols, files: files)
    var chunks = SeriesChunks()
    for from in stride(from: 0, to: samples.count, by: 100) {
      let part = samples[from..<min(from + 100, samples.count)]
      if isFloat {
        append(part, FloatHistogramCode.self, isFloat, isPlain, to: &chunks)
      } else {
        append(part, IntegerHistogramCode.self, isFloat, isPlain, to: &chunks)
      }
    }
    try writer.add(numbers, chunks)
    _ = try writer.finish()
    return try Block(directory: "/data/\(meta.ulid)", files: files)
  }

  private func append<Code: HistogramCode>(
    _ part: ArraySlice<Started>, _ code: Code.Type, _ isFloat: Bool, _ isPlain: Bool,
    to chunks: inout SeriesChunks
  ) {
    var plain = HistogramEncoder<Code>()
    for one in part {
      _ = plain.append(
        timeMs: one.time, histogram([one.count, one.count * 2], isFloat: isFloat))
    }
    var writer = BitWriter(capacityBytes: 64)
    HistogramSTChunk<Code>.encode(plain.span, starts: part.map(\.start)[...], into: &writer)
    let (from, to) = (part.first?.time ?? 0, part.last?.time ?? 0)
    if isPlain {
      chunks.append(
        encoding: Code.encoding.rawValue, minTimeMs: from, maxTimeMs: to, plain.span)
    } else {
      chunks.append(
        encoding: HistogramSTChunk<Code>.encoding.rawValue, minTimeMs: from, maxTimeMs: to,
        writer.span)
    }
  }

  private func read(_ block: Block) throws -> (samples: [Started], encodings: Set<UInt8>) {
    let cursor = try block.querier(in: .all).select([], in: .all, hints: SelectHints())
    var batch = SampleBatch()
    while try cursor.next() { try cursor.read(into: &batch) }
    batch.padHistogramStartTimes(isWanted: true)
    var entry = SeriesEntry()
    try block.index.read(try block.index.allPostings()[0], into: &entry)
    let encodings = try entry.chunks.map { try block.chunks.chunk($0.ref).encoding }
    #expect(batch.histogramStartTimes.count == batch.histogramTimes.count)
    return (
      batch.histogramTimes.indices.map {
        Started(
          time: batch.histogramTimes[$0], start: batch.histogramStartTimes[$0],
          count: batch.histograms[$0].positiveBuckets[0])
      }, Set(encodings)
    )
  }

  private func compact(_ blocks: [Block], _ files: MemoryFileSystem) throws -> Block {
    try files.makeDirectory("/merged")
    let compactor = BlockCompactor(
      dataDirectory: "/merged", files: files, clock: StillClock(9), random: SeededSource(9),
      log: .none, metrics: MetricRegistry())
    let meta = try #require(try compactor.compact(blocks))
    return try Block(directory: "/merged/\(meta.ulid)", files: files)
  }

  @Test(arguments: [false, true])
  func `histograms keep their start times wherever they are encoded anew`(isFloat: Bool) throws {
    let files = MemoryFileSystem()
    let old = samples(1..<260, step: 1000) { $0 < 130 ? -7 : 90_000 }
    let new = samples(100..<300, step: 1001) { $0 % 3 == 0 ? 0 : Int64($0) }
    let one = try write(old, isFloat: isFloat, files, seed: 1)
    #expect(try read(one).samples == old)
    let two = try write(new, isFloat: isFloat, files, seed: 2)
    let times = Set(old.map(\.time))
    let all = (old + new.filter { !times.contains($0.time) }).sorted { $0.time < $1.time }
    let merged = try read(try compact([one, two], files))
    #expect(merged.samples == all)
    #expect(merged.encodings.isSubset(of: isFloat ? [3, 6] : [2, 5]))
    #expect(merged.encodings.contains(isFloat ? 6 : 5))
    // What is cut by a deletion keeps those of the rest.
    let gone = TimeRange(old[40].time, old[150].time)
    try one.delete(in: gone, matching: [])
    let left = old.filter { !gone.contains($0.time) }
    #expect(try read(one).samples == left)
    try files.remove("/merged")
    #expect(try read(try compact([one], files)).samples == left)
    // Beside chunks that have none.
    let plain = samples(150..<400, step: 1001) { _ in 0 }
    let three = try write(plain, isFloat: isFloat, isPlain: true, files, seed: 3)
    try files.remove("/merged")
    let known = Set(left.map(\.time))
    let both = (left + plain.filter { !known.contains($0.time) }).sorted { $0.time < $1.time }
    #expect(try read(try compact([one, three], files)).samples == both)
  }

  @Test func `a query over blocks with and without start times has them side by side`() throws {
    let files = MemoryFileSystem()
    let old = samples(1..<150, step: 1000) { _ in 500 }
    let new = samples(100..<300, step: 1001) { _ in 0 }
    _ = try write(old, isFloat: false, files, seed: 1)
    _ = try write(new, isFloat: false, isPlain: true, files, seed: 2)
    var options = TSDBOptions()
    options.retentionMs = 0
    let store = try openStore("/data", options, files: files)
    let cursor = try store.querier(in: .all).select([], in: .all, hints: SelectHints())
    #expect(try cursor.next())
    var batch = SampleBatch()
    try cursor.read(into: &batch)
    batch.padHistogramStartTimes()
    let times = Set(old.map(\.time))
    for (time, start) in zip(batch.histogramTimes, batch.histogramStartTimes) {
      #expect(start == (times.contains(time) ? 500 : 0))
    }
    #expect(batch.histogramStartTimes.count == batch.histogramTimes.count)
  }
}
