/// Pure: when a head chunk ends. (Rules: Prometheus, tsdb/head_append.go, appendPreprocessor.)
enum ChunkCut {
  /// End of the aligned window of `widthMs` in which a time lies, which its chunk must not pass.
  static func windowEnd(_ timeMs: Int64, _ widthMs: Int64) -> Int64 {
    let (end, overflow) = (timeMs / widthMs * widthMs).addingReportingOverflow(widthMs)
    return overflow ? .max : end
  }

  /// The same for a chunk, which must be shorter than 2^32 ms whatever the width.
  static func chunkEnd(_ timeMs: Int64, _ widthMs: Int64) -> Int64 {
    let (longest, overflow) = timeMs.addingReportingOverflow(Int64(UInt32.max))
    return min(windowEnd(timeMs, widthMs), overflow ? .max : longest)
  }

  /// Where a chunk that has a quarter of its samples should end, so that the chunks of the window
  /// come out equally long.
  static func predictedEnd(start: Int64, now: Int64, windowEnd: Int64) -> Int64 {
    let chunks = Double(windowEnd - start) / (Double(now - start + 1) * 4)
    guard chunks > 1 else { return windowEnd }
    return Int64(Double(start) + Double(windowEnd - start) / chunks.rounded(.down))
  }

  /// Whether the next sample, at `time`, goes into a new chunk. Adjusts the planned end of the
  /// chunk on the way.
  /// - Parameter samplesTarget: samples that the chunk aims at.
  @inline(__always)
  static func isDue(_ s: inout SeriesState, time: Int64, samplesTarget: Int) -> Bool {
    guard s.sampleCount > 0 else { return true }
    // A chunk that is still open may grow by one sample beyond the limit of bytes.
    if Int(s.bitCount) > (Limits.chunkBytesMax - Limits.sampleBytesMax) * 8 { return true }
    if Int(s.sampleCount) == samplesTarget / 4 {
      s.nextAt = predictedEnd(start: s.chunkStart, now: s.lastTime, windowEnd: s.nextAt)
    }
    return time >= s.nextAt || Int(s.sampleCount) >= samplesTarget * 2
  }
}
