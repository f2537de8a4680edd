internal import ApusModel
internal import ApusStorage

/// Makes the chunks of one series fit for a block: in order of time, not overlapping, inside of
/// the block's range, without what is deleted.
///
/// A chunk that is all that already is copied byte by byte; others are decoded, merged and encoded
/// anew in chunks of 120 samples, as Prometheus does (storage/merge.go,
/// NewCompactingChunkSeriesMerger).
struct ChunkMerge {
  /// Of the block, both ends included.
  private let range: TimeRange
  private var encoder: SeriesEncoder
  private var batch = SampleBatch()
  private var merged = SampleBatch()
  private var order: [Int] = []

  init(range: TimeRange, samplesPerChunk: Int) {
    self.range = range
    encoder = SeriesEncoder(samplesPerChunk: samplesPerChunk)
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
      try merge(order[first..<end], of: series, into: &out)
      first = end
    }
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

  /// Handles chunks that overlap, or a single one.
  private mutating func merge(
    _ group: ArraySlice<Int>, of series: borrowing SourceSeries, into out: inout SeriesChunks
  ) throws(StorageError) {
    if group.count == 1, let index = group.first {
      let chunk = series.chunks.chunks[index]
      let isInside = range.minMs <= chunk.minTimeMs && chunk.maxTimeMs <= range.maxMs
      let isWhole =
        series.deletions.isEmpty
        || !(series.deleted(ofChunk: index)?.touches(chunk.range) ?? false)
      if isInside && isWhole {
        out.append(
          encoding: chunk.encoding, minTimeMs: chunk.minTimeMs, maxTimeMs: chunk.maxTimeMs,
          series.chunks.span(of: chunk))
        return
      }
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
      batch.padStartTimes()
      if let deleted = series.deleted(ofChunk: index) { batch.remove(deleted, behind: mark) }
    }
    batch.sortByTime(into: &merged)
    try encoder.encode(merged, into: &out)
  }
}

extension SampleBatch {
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
