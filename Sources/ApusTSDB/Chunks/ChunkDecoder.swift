package import ApusModel
package import ApusStorage

/// Chunks of all encodings to columns: one switch per chunk, none per sample.
package enum ChunkDecoder {
  /// Number of samples of a finished chunk, as its header says; 0 if it is too short for one.
  package static func sampleCount(_ bytes: Span<UInt8>) -> Int {
    bytes.count < 2 ? 0 : Int(bytes[0]) << 8 | Int(bytes[1])
  }

  /// Appends the samples of a chunk that lie in a time range.
  /// - Parameter count: of samples, where the chunk is open; nil for what its header says.
  /// - Throws: `ChunkError`; the batch is then as it was.
  package static func decode(
    _ encoding: ChunkEncoding, _ bytes: Span<UInt8>, count: Int? = nil,
    range: TimeRange = .all, into batch: inout SampleBatch
  ) throws(ChunkError) {
    let start = batch.times.count
    let histogramStart = batch.histogramTimes.count
    switch encoding {
    case .none: return
    case .xor: try XORDecoder.decode(bytes, count: count, into: &batch)
    case .histogram: try HistogramDecoder.decode(bytes, into: &batch)
    case .floatHistogram: try HistogramDecoder.decodeFloats(bytes, into: &batch)
    case .xor2, .histogramST, .floatHistogramST: throw .unknownEncoding(encoding.rawValue)
    }
    guard range != .all else { return }
    if encoding.isHistogram {
      cut(&batch.histogramTimes, &batch.histograms, to: range, from: histogramStart)
    } else {
      cut(&batch.times, &batch.values, to: range, from: start)
    }
  }

  /// Removes the samples behind index `start` that lie outside of a range.
  private static func cut<Value>(
    _ times: inout [Int64], _ values: inout [Value], to range: TimeRange, from start: Int
  ) {
    guard let newest = times.last, times.count > start else { return }
    if newest > range.maxMs {
      var end = times.count
      while end > start && times[end - 1] > range.maxMs { end -= 1 }
      times.removeSubrange(end...)
      values.removeSubrange(end...)
    }
    guard times.count > start, times[start] < range.minMs else { return }
    var begin = start
    while begin < times.count && times[begin] < range.minMs { begin += 1 }
    times.removeSubrange(start..<begin)
    values.removeSubrange(start..<begin)
  }
}
