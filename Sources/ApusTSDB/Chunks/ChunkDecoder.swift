package import ApusModel
package import ApusStorage

/// Chunks of all encodings to columns: one switch per chunk, none per sample.
package enum ChunkDecoder {
  /// Number of samples of a finished chunk, as its header says; 0 if it is too short for one.
  package static func sampleCount(_ encoding: ChunkEncoding, _ bytes: Span<UInt8>) -> Int {
    guard bytes.count >= 2 else { return 0 }
    let count = Int(bytes[0]) << 8 | Int(bytes[1])
    switch encoding {
    case .none: return 0
    case .xor, .xor2, .histogram, .floatHistogram: return count
    // Histograms with start times keep a hint in the upper two bits.
    case .histogramST, .floatHistogramST: return count & 0x3FFF
    }
  }

  /// Appends the samples of a chunk that lie in a time range. Start times are parallel to the
  /// times of floats afterwards, or empty.
  /// - Parameter count: of samples, where the chunk is open; nil for what its header says.
  /// - Throws: `ChunkError`; the batch is then as it was.
  package static func decode(
    _ encoding: ChunkEncoding, _ bytes: Span<UInt8>, count: Int? = nil,
    range: TimeRange = .all, into batch: inout SampleBatch
  ) throws(ChunkError) {
    let mark = batch.mark
    switch encoding {
    case .none: return
    case .xor: try XORDecoder.decode(bytes, count: count, into: &batch)
    case .xor2: try XOR2Decoder.decode(bytes, into: &batch)
    case .histogram, .histogramST:
      try HistogramDecoder<IntegerHistogramCode>.decode(
        bytes, hasStartTimes: encoding == .histogramST, into: &batch)
    case .floatHistogram, .floatHistogramST:
      try HistogramDecoder<FloatHistogramCode>.decode(
        bytes, hasStartTimes: encoding == .floatHistogramST, into: &batch)
    }
    if encoding.isHistogram {
      batch.padHistogramStartTimes()
      guard range != .all, let kept = outside(batch.histogramTimes, range, mark.histograms)
      else { return }
      kept.cut(&batch.histogramTimes)
      kept.cut(&batch.histograms)
      if !batch.histogramStartTimes.isEmpty { kept.cut(&batch.histogramStartTimes) }
      return
    }
    batch.padStartTimes()
    guard range != .all, let kept = outside(batch.times, range, mark.floats) else { return }
    kept.cut(&batch.times)
    kept.cut(&batch.values)
    if !batch.startTimes.isEmpty { kept.cut(&batch.startTimes) }
  }

  /// What of a column lies outside of a range of time: a part at its end, one further in front.
  private struct Outside {
    let front: Range<Int>
    let back: Range<Int>

    func cut<Value>(_ column: inout [Value]) {
      column.removeSubrange(back)
      column.removeSubrange(front)
    }
  }

  /// - Parameter start: where the column that is looked at begins.
  private static func outside(_ times: [Int64], _ range: TimeRange, _ start: Int) -> Outside? {
    guard start < times.count else { return nil }
    var end = times.count
    while end > start && times[end - 1] > range.maxMs { end -= 1 }
    var begin = start
    while begin < end && times[begin] < range.minMs { begin += 1 }
    guard begin > start || end < times.count else { return nil }
    return Outside(front: start..<begin, back: end..<times.count)
  }
}
