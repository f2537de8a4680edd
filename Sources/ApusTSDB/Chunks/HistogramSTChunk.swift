internal import ApusModel
internal import ApusStorage

// | reset header 2 bits, count 14 bits | start times 1 | layout | sample 0 | sample | ... |
//
// A start time (StartTimes) stands behind each sample; else as HistogramChunk. Mirror image:
// HistogramDecoder. Source: Prometheus, tsdb/chunkenc/histogram_st.go.

/// Native histograms with start times.
package enum HistogramSTChunk<Code: HistogramCode> {
  /// The most samples that the header can count.
  static var samplesMax: Int { 0x3FFF }

  package static var encoding: ChunkEncoding {
    Code.encoding == .histogram ? .histogramST : .floatHistogramST
  }

  /// Writes the samples of a finished chunk without start times once more, with them.
  /// - Parameters:
  ///   - plain: what a `HistogramEncoder` of the same code wrote, of `samplesMax` samples at most.
  ///   - starts: of each sample, ms since the epoch; 0 where unknown.
  package static func encode(
    _ plain: Span<UInt8>, starts: ArraySlice<Int64>, into writer: inout BitWriter
  ) {
    var batch = SampleBatch()
    do throws(ChunkError) {
      try HistogramDecoder<Code>.decode(plain, into: &batch)
    } catch {
      preconditionFailure("a chunk of our own does not decode: \(error)")
    }
    precondition(
      batch.histograms.count == starts.count && starts.count <= samplesMax,
      "\(starts.count) start times of \(batch.histograms.count) histograms")
    writer.removeAll()
    guard let first = batch.histograms.first else { return writer.putZeros(24) }
    var startTimes = StartTimesWriter(starts)
    let header = UInt64(plain[2] & ChunkResetHeader.mask)
    writer.put(header << 8 | UInt64(starts.count), 16)
    writer.put(UInt64(startTimes.header), 8)
    HistogramLayout(first).encode(&writer)
    var code = Code(
      positiveCount: first.positiveBuckets.count, negativeCount: first.negativeBuckets.count)
    var timeBefore: Int64 = 0
    var deltaBefore: Int64 = 0
    for (index, histogram) in batch.histograms.enumerated() {
      let time = batch.histogramTimes[index]
      let delta = time &- timeBefore
      writer.varbitInt(index == 0 ? time : delta &- deltaBefore)
      if index > 0 { deltaBefore = delta }
      code.encode(histogram, isFirst: index == 0, into: &writer)
      startTimes.next(
        &writer, index: index, time: time, timeBefore: timeBefore,
        start: starts[starts.startIndex + index])
      timeBefore = time
    }
  }
}
