internal import ApusModel
internal import ApusStorage
internal import ApusSystem

/// The late samples of one series, those that came out of order: a few in memory, in order of
/// time and not encoded, and full chunks of chunks_head, whose times may overlap.
///
/// A value: readers keep a copy, which no later insert changes. (Behaviour: Prometheus,
/// tsdb/ooo_head.go.)
struct OutOfOrderSeries: Sendable {
  struct Float: Sendable {
    var timeMs: Int64
    var bits: UInt64
  }

  /// A full chunk in chunks_head.
  struct Chunk: Sendable, Equatable {
    let ref: HeadChunkRef
    /// First and last time, ms, both included.
    let range: TimeRange
    let encoding: ChunkEncoding
  }

  /// Ascending, each time once among floats and histograms together.
  private(set) var floats: [Float] = []
  private(set) var histogramTimes: [Int64] = []
  /// Parallel to `histogramTimes`.
  private(set) var histograms: [FloatHistogram] = []
  /// In the order in which they were written.
  private(set) var chunks: [Chunk] = []

  /// Number of samples that are in memory.
  var openCount: Int { floats.count + histogramTimes.count }

  var isEmpty: Bool { chunks.isEmpty && openCount == 0 }

  /// Puts a float where it belongs; false if a sample of that time is in memory already.
  mutating func insert(timeMs: Int64, bits: UInt64) -> Bool {
    guard !holds(histogramTimes, timeMs) else { return false }
    guard let last = floats.last, last.timeMs >= timeMs else {
      floats.append(Float(timeMs: timeMs, bits: bits))
      return true
    }
    let at = Self.lowerBound(floats.count) { floats[$0].timeMs < timeMs }
    guard floats[at].timeMs != timeMs else { return false }
    floats.insert(Float(timeMs: timeMs, bits: bits), at: at)
    return true
  }

  /// As for a float.
  mutating func insert(timeMs: Int64, _ histogram: FloatHistogram) -> Bool {
    let float = Self.lowerBound(floats.count) { floats[$0].timeMs < timeMs }
    guard float == floats.count || floats[float].timeMs != timeMs else { return false }
    let at = Self.lowerBound(histogramTimes.count) { histogramTimes[$0] < timeMs }
    guard at == histogramTimes.count || histogramTimes[at] != timeMs else { return false }
    histogramTimes.insert(timeMs, at: at)
    histograms.insert(histogram, at: at)
    return true
  }

  private func holds(_ times: [Int64], _ timeMs: Int64) -> Bool {
    guard let last = times.last, last >= timeMs else { return false }
    return times[Self.lowerBound(times.count) { times[$0] < timeMs }] == timeMs
  }

  private static func lowerBound(_ count: Int, _ isBelow: (Int) -> Bool) -> Int {
    var low = 0
    var high = count
    while low < high {
      let middle = (low + high) / 2
      if isBelow(middle) { low = middle + 1 } else { high = middle }
    }
    return low
  }

  /// Forgets the samples in memory: chunks hold them.
  mutating func removeOpen() {
    floats = []
    histogramTimes = []
    histograms = []
  }

  mutating func append(_ chunk: Chunk) { chunks.append(chunk) }

  /// Forgets the oldest chunks, for as long as they are those of another copy.
  /// - Returns: the number of chunks that are gone.
  mutating func removeChunks(of other: OutOfOrderSeries) -> Int {
    var count = 0
    while count < chunks.count, count < other.chunks.count, chunks[count] == other.chunks[count] {
      count += 1
    }
    chunks.removeFirst(count)
    return count
  }

  /// Whether a sample in memory, or the times of a chunk, lie in a range.
  func hasSamples(in range: TimeRange) -> Bool {
    hasChunks(in: range) || (openRange?.overlaps(range) ?? false)
  }

  func hasChunks(in range: TimeRange) -> Bool { chunks.contains { $0.range.overlaps(range) } }

  /// First and last time of what is in memory.
  var openRange: TimeRange? {
    let first = min(floats.first?.timeMs ?? .max, histogramTimes.first ?? .max)
    let last = max(floats.last?.timeMs ?? .min, histogramTimes.last ?? .min)
    return openCount == 0 ? nil : TimeRange(first, last)
  }

  /// First and last time of all; nil while there is nothing.
  var range: TimeRange? {
    var all = openRange
    for chunk in chunks {
      all = TimeRange(
        min(all?.minMs ?? .max, chunk.range.minMs), max(all?.maxMs ?? .min, chunk.range.maxMs))
    }
    return all
  }
}

extension OutOfOrderSeries {
  /// Encodes what is in memory: a chunk for the floats, and as many as are needed for histograms.
  func encodeOpen<Failure: Error>(
    _ body: (
      _ encoding: ChunkEncoding, _ range: TimeRange, _ bytes: Span<UInt8>
    ) throws(Failure) -> Void
  ) throws(Failure) {
    if let first = floats.first, let last = floats.last {
      var chunk = XORChunk(capacityBytes: 512)
      for sample in floats {
        chunk.append(timeMs: sample.timeMs, value: Double(bitPattern: sample.bits))
      }
      try body(.xor, TimeRange(first.timeMs, last.timeMs), chunk.span)
    }
    guard !histograms.isEmpty else { return }
    var run = HistogramSeries.Run(times: histogramTimes, histograms: histograms)
    // What these histograms said of resets was said of others before them.
    for i in run.histograms.indices where run.histograms[i].resetHint != .gauge {
      run.histograms[i].resetHint = .unknown
    }
    var encoded: [(encoding: ChunkEncoding, range: TimeRange, bytes: [UInt8])] = []
    HistogramSeries.encode(run) { encoding, minTime, maxTime, _, bytes in
      encoded.append((encoding, TimeRange(minTime, maxTime), [UInt8](copying: bytes)))
    }
    for (encoding, range, bytes) in encoded { try body(encoding, range, bytes.span) }
  }

  /// Appends the samples in memory that lie in a range, by kind in order of time.
  func readOpen(in range: TimeRange, into batch: inout SampleBatch) {
    for sample in floats where range.contains(sample.timeMs) {
      batch.times.append(sample.timeMs)
      batch.values.append(Double(bitPattern: sample.bits))
    }
    for (i, time) in histogramTimes.enumerated() where range.contains(time) {
      batch.histogramTimes.append(time)
      batch.histograms.append(histograms[i])
    }
  }
}
