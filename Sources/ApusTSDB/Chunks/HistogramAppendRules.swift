internal import ApusModel

/// Whether the counters of a histogram chunk began anew before it. Raw values are the top two
/// bits of the chunk's third byte.
package enum ChunkResetHeader: UInt8, Sendable {
  case unknown = 0b0000_0000
  case notReset = 0b0100_0000
  case reset = 0b1000_0000
  case gauge = 0b1100_0000

  static let mask: UInt8 = 0b1100_0000

  init(flags: UInt8) { self = ChunkResetHeader(rawValue: flags & Self.mask) ?? .unknown }

  /// The hint of a sample of the chunk.
  func hint(isFirst: Bool) -> FloatHistogram.ResetHint {
    switch self {
    case .gauge: .gauge
    case _ where !isFirst: .notReset
    case .reset: .reset
    default: .unknown
    }
  }
}

/// What becomes of a histogram that is to be appended to a chunk.
package enum HistogramAppendOutcome: Sendable, Equatable {
  case appended
  /// Nothing has changed: begin a new chunk with this header.
  case needsChunk(ChunkResetHeader)
}

/// Pure: whether a histogram fits into a chunk, and how the chunk must be widened for it. (Rules:
/// Prometheus, tsdb/chunkenc/histogram.go and float_histogram.go, appendable, appendableGauge.)
enum HistogramAppendRules {
  enum Decision: Equatable {
    /// With these spans, which are those of the chunk unless it must be widened.
    case append(
      positive: [FloatHistogram.Span], negative: [FloatHistogram.Span], widens: Bool)
    case newChunk(ChunkResetHeader)
  }

  /// - Parameters:
  ///   - last: the newest sample of the chunk, in the chunk's layout; stale by its sum.
  ///   - isGauge: whether the chunk is one of gauges.
  static func decide(
    last: FloatHistogram, isGauge: Bool, next h: FloatHistogram
  ) -> Decision {
    let wantsGauge = h.resetHint == .gauge
    let keep = Decision.append(
      positive: last.positiveSpans, negative: last.negativeSpans, widens: false)
    if isGauge != wantsGauge { return .newChunk(wantsGauge ? .gauge : .notReset) }
    if !wantsGauge && h.resetHint == .reset { return .newChunk(.reset) }
    if StaleMarker.isStale(h.sum) { return keep }
    let otherwise: ChunkResetHeader = wantsGauge ? .gauge : .unknown
    if StaleMarker.isStale(last.sum) { return .newChunk(otherwise) }
    if !wantsGauge && h.count < last.count { return .newChunk(.reset) }
    if h.schema != last.schema || h.zeroThreshold != last.zeroThreshold {
      return .newChunk(otherwise)
    }
    if h.schema == FloatHistogram.customBoundsSchema && h.customBounds != last.customBounds {
      return .newChunk(wantsGauge ? .gauge : .reset)
    }
    if !wantsGauge && h.zeroCount < last.zeroCount { return .newChunk(.reset) }
    guard
      let positive = side(
        last.positiveSpans, last.positiveBuckets, h.positiveSpans, h.positiveBuckets, wantsGauge),
      let negative = side(
        last.negativeSpans, last.negativeBuckets, h.negativeSpans, h.negativeBuckets, wantsGauge)
    else { return .newChunk(.reset) }
    return .append(
      positive: positive.spans, negative: negative.spans,
      widens: positive.widens || negative.widens)
  }

  /// The spans for one sign; nil where a counter has gone down.
  private static func side(
    _ lastSpans: [FloatHistogram.Span], _ lastCounts: [Double],
    _ spans: [FloatHistogram.Span], _ counts: [Double], _ isGauge: Bool
  ) -> (spans: [FloatHistogram.Span], widens: Bool)? {
    if lastSpans == spans && isGauge { return (lastSpans, false) }
    let old = BucketIndices.list(lastSpans)
    let new = BucketIndices.list(spans)
    let all = BucketIndices.union(old, new)
    if !isGauge {
      let before = BucketIndices.spread(lastCounts, from: old, to: all)
      let now = BucketIndices.spread(counts, from: new, to: all)
      for i in all.indices where now[i] < before[i] { return nil }
    }
    if all.count == old.count { return (lastSpans, false) }
    // The wider layout is the new sample's own where that covers all.
    return (all.count == new.count ? spans : BucketIndices.spans(all), true)
  }
}
