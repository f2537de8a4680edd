internal import ApusModel
package import ApusStorage

/// Native histograms, a chunk at a time. Layout: HistogramChunk.
///
/// With start times the header is another one, and a start time (StartTimes) follows each sample:
///
///     | reset header 2 bits, count 14 bits | start times 1 | layout | sample 0 | sample | ... |
///
/// Source of the latter: Prometheus, tsdb/chunkenc/histogram_st.go. Mirror image: HistogramSTChunk.
package enum HistogramDecoder<Code: HistogramCode> {
  /// Appends the samples of a chunk, counts as floats.
  /// - Throws: `ChunkError`; the batch is then as it was.
  package static func decode(
    _ bytes: Span<UInt8>, hasStartTimes: Bool = false, into batch: inout SampleBatch
  ) throws(ChunkError) {
    guard bytes.count >= 3 else { throw .truncated }
    let count = ChunkDecoder.sampleCount(hasStartTimes ? .histogramST : Code.encoding, bytes)
    guard count > 0 else { return }
    let start = batch.histograms.count
    let known = batch.histogramStartTimes.count
    do throws(ChunkError) {
      try append(bytes, count, hasStartTimes, into: &batch)
    } catch {
      batch.histogramTimes.removeSubrange(start...)
      batch.histograms.removeSubrange(start...)
      batch.histogramStartTimes.removeSubrange(min(known, start)...)
      throw error
    }
  }

  private static func append(
    _ bytes: Span<UInt8>, _ count: Int, _ hasStartTimes: Bool, into batch: inout SampleBatch
  ) throws(ChunkError) {
    let header = ChunkResetHeader(flags: bytes[hasStartTimes ? 0 : 2])
    var startTimes = StartTimesReader(header: hasStartTimes ? bytes[2] : 0)
    if startTimes.isPresent { batch.padHistogramStartTimes(isWanted: true) }
    var reader = BitReader(bytes, atBit: 24)
    let layout = try HistogramLayout.decode(&reader, bitsMax: reader.bitCount)
    var code = Code(
      positiveCount: HistogramLayout.bucketCount(layout.positiveSpans),
      negativeCount: HistogramLayout.bucketCount(layout.negativeSpans))
    var time: Int64 = 0
    var timeDelta: Int64 = 0
    for index in 0..<count {
      let timeBefore = time
      if index == 0 {
        time = reader.varbitInt()
      } else {
        timeDelta &+= reader.varbitInt()
        time &+= timeDelta
      }
      try code.decode(&reader, isFirst: index == 0)
      try startTimes.next(&reader, index: index, time: time, timeBefore: timeBefore)
      if reader.isBeyondEnd { throw .truncated }
      var h = FloatHistogram()
      if StaleMarker.isStale(code.sum) {
        h.sum = code.sum
      } else {
        h = layout.histogram
        h.resetHint = header.hint(isFirst: index == 0)
        code.fill(&h)
      }
      batch.histogramTimes.append(time)
      batch.histograms.append(h)
      if startTimes.isPresent { batch.histogramStartTimes.append(startTimes.start) }
    }
  }
}
