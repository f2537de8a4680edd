internal import ApusModel
internal import ApusStorage

/// Makes the chunks of one series fit for a block: in order of time, not overlapping, inside of
/// the block's range, without what is deleted.
///
/// A chunk that is all that already is copied byte by byte; others are decoded, merged and encoded
/// anew (Prometheus, storage/merge.go, NewCompactingChunkSeriesMerger). With dense chunking, small
/// float chunks that follow each other are joined as well.
struct ChunkMerge: ~Copyable {
  /// Of the block, both ends included.
  private let range: TimeRange
  private let chunking: BlockChunking
  private var encoder: SeriesEncoder
  private var batch = SampleBatch()
  private var merged = SampleBatch()
  private var order: [Int] = []
  /// Small float chunks that wait to be joined, and how many samples they have.
  private var joined: [Int] = []
  private var joinedSamples = 0

  init(range: TimeRange, chunking: BlockChunking) {
    self.range = range
    self.chunking = chunking
    encoder = SeriesEncoder(chunking)
  }

  /// Appends to `out` what goes into the block.
  mutating func merge(
    _ series: borrowing SourceSeries, into out: inout SeriesChunks
  ) throws(StorageError) {
    arrange(series)
    var first = 0
    while first < order.count {
      var end = first + 1
      var maxTimeMs = series.chunks.chunks[order[first]].maxTimeMs
      while end < order.count, series.chunks.chunks[order[end]].minTimeMs <= maxTimeMs {
        maxTimeMs = max(maxTimeMs, series.chunks.chunks[order[end]].maxTimeMs)
        end += 1
      }
      let samples = end == first + 1 ? joinableSamples(order[first], of: series) : 0
      if samples == 0 || joinedSamples + samples > chunking.samplesMax {
        try flushJoined(of: series, into: &out)
      }
      if samples > 0 {
        joined.append(order[first])
        joinedSamples += samples
      } else {
        try merge(order[first..<end], of: series, into: &out)
      }
      first = end
    }
    try flushJoined(of: series, into: &out)
  }

  /// Number of samples of a chunk that can be joined with its neighbours; 0 if it cannot.
  private func joinableSamples(_ index: Int, of series: borrowing SourceSeries) -> Int {
    guard case .dense = chunking else { return 0 }
    let chunk = series.chunks.chunks[index]
    guard chunk.encoding == ChunkEncoding.xor.rawValue, isWhole(index, of: series) else { return 0 }
    let samples = series.chunks.sampleCount(of: chunk)
    // Large ones were made by an earlier compaction and are not worth it again.
    return samples * 2 > chunking.samplesMax ? 0 : samples
  }

  private mutating func flushJoined(
    of series: borrowing SourceSeries, into out: inout SeriesChunks
  ) throws(StorageError) {
    let group = joined
    joined.removeAll(keepingCapacity: true)
    joinedSamples = 0
    if !group.isEmpty { try merge(group[...], of: series, into: &out) }
  }

  /// Whether all samples of a chunk go into the block.
  private func isWhole(_ index: Int, of series: borrowing SourceSeries) -> Bool {
    let chunk = series.chunks.chunks[index]
    let isInside = range.minMs <= chunk.minTimeMs && chunk.maxTimeMs <= range.maxMs
    return isInside
      && (series.deletions.isEmpty
        || !(series.deleted(ofChunk: index)?.touches(chunk.range) ?? false))
  }

  /// The chunks that have something to give, by time; of identical ones the first.
  private mutating func arrange(_ series: borrowing SourceSeries) {
    let all = series.chunks.chunks
    order.removeAll(keepingCapacity: true)
    var isSorted = true
    for (index, chunk) in all.enumerated() {
      guard chunk.range.overlaps(range) else { continue }
      if !series.deletions.isEmpty,
        series.deleted(ofChunk: index)?.covers(chunk.range) ?? false
      {
        continue
      }
      if let last = order.last, all[last].maxTimeMs >= chunk.minTimeMs { isSorted = false }
      order.append(index)
    }
    guard !isSorted else { return }
    order.sort {
      (all[$0].minTimeMs, all[$0].maxTimeMs, $0) < (all[$1].minTimeMs, all[$1].maxTimeMs, $1)
    }
    var kept: [Int] = []
    for index in order {
      let isSame = kept.last.map { Self.areIdentical($0, index, series) } ?? false
      if !isSame { kept.append(index) }
    }
    order = kept
  }

  private static func areIdentical(
    _ a: Int, _ b: Int, _ series: borrowing SourceSeries
  ) -> Bool {
    let (one, two) = (series.chunks.chunks[a], series.chunks.chunks[b])
    guard one.range == two.range, one.encoding == two.encoding,
      one.bytes.count == two.bytes.count,
      series.deleted(ofChunk: a) == series.deleted(ofChunk: b)
    else { return false }
    return compareBytes(series.chunks.span(of: one), series.chunks.span(of: two)) == 0
  }

  /// Handles chunks that overlap or are to be joined, or a single one.
  private mutating func merge(
    _ group: ArraySlice<Int>, of series: borrowing SourceSeries, into out: inout SeriesChunks
  ) throws(StorageError) {
    if group.count == 1, let index = group.first, isWhole(index, of: series) {
      let chunk = series.chunks.chunks[index]
      out.append(
        encoding: chunk.encoding, minTimeMs: chunk.minTimeMs, maxTimeMs: chunk.maxTimeMs,
        series.chunks.span(of: chunk))
      return
    }
    batch.removeAll()
    // In the order in which they were added, so that of equal times the first stays.
    for index in group.sorted() {
      let mark = batch.mark
      let chunk = series.chunks.chunks[index]
      do throws(ChunkError) {
        guard let encoding = ChunkEncoding(rawValue: chunk.encoding) else {
          throw .unknownEncoding(chunk.encoding)
        }
        try ChunkDecoder.decode(
          encoding, series.chunks.span(of: chunk), range: range, into: &batch)
      } catch {
        throw StorageError(.corrupt, "cannot merge: \(error)")
      }
      if let deleted = series.deleted(ofChunk: index) { batch.remove(deleted, behind: mark) }
    }
    if group.count > 1 { batch.forgetCounterResets() }
    if batch.isInOrder {
      encoder.encode(batch, into: &out)
    } else {
      batch.sortByTime(into: &merged)
      encoder.encode(merged, into: &out)
    }
  }
}

extension SampleBatch {
  /// Whether the samples ascend by time and no time has two: always so for chunks that follow each
  /// other, unless floats and histograms take turns.
  fileprivate var isInOrder: Bool {
    func ascends(_ times: [Int64]) -> Bool {
      var isAscending = true
      for index in times.indices.dropFirst() where times[index - 1] >= times[index] {
        isAscending = false
      }
      return isAscending
    }
    return (times.isEmpty || histogramTimes.isEmpty) && ascends(times) && ascends(histogramTimes)
  }

  /// Puts the samples in order of time, one for each time, into `out`: the first of those in the
  /// columns, and a float before a histogram.
  func sortByTime(into out: inout SampleBatch) {
    out.removeAll()
    for index in Self.order(times) {
      if let last = out.times.last, last == times[index] { continue }
      out.times.append(times[index])
      out.values.append(values[index])
      if !startTimes.isEmpty { out.startTimes.append(startTimes[index]) }
    }
    var float = 0
    for index in Self.order(histogramTimes) {
      let time = histogramTimes[index]
      if let last = out.histogramTimes.last, last == time { continue }
      while float < out.times.count, out.times[float] < time { float += 1 }
      if float < out.times.count, out.times[float] == time { continue }
      out.histogramTimes.append(time)
      out.histograms.append(histograms[index])
      if index < histogramStartTimes.count {
        out.padHistogramStartTimes(isWanted: true)
        out.histogramStartTimes[out.histogramTimes.count - 1] = histogramStartTimes[index]
      }
    }
  }

  /// What chunks said of resets does not hold for histograms that stand between others now: the
  /// encoder looks for resets itself.
  mutating func forgetCounterResets() {
    for index in histograms.indices where histograms[index].resetHint != .gauge {
      histograms[index].resetHint = .unknown
    }
  }

  private static func order(_ times: [Int64]) -> [Int] {
    let indices = Array(times.indices)
    var isAscending = true
    for index in indices.dropFirst() where times[index - 1] >= times[index] {
      isAscending = false
      break
    }
    return isAscending ? indices : indices.sorted { (times[$0], $0) < (times[$1], $1) }
  }
}
