/// A native histogram with float counts, buckets absolute (not deltas).
///
/// Source: Prometheus, model/histogram/float_histogram.go.
package struct FloatHistogram: Sendable, Hashable {
  /// Consecutive buckets; `offset` is the gap to the previous span (from index 0 for the first).
  package struct Span: Sendable, Hashable {
    package var offset: Int32
    package var length: UInt32

    package init(offset: Int32, length: UInt32) {
      self.offset = offset
      self.length = length
    }
  }

  /// Whether the counters of this sample began anew since the one before. Raw values are the
  /// ones on disk and on the wire.
  package enum ResetHint: UInt8, Sendable {
    case unknown = 0
    case reset = 1
    case notReset = 2
    case gauge = 3
  }

  /// -4...8 exponential; -53 custom bounds.
  package var schema: Int32 = 0
  package var zeroThreshold = 0.0
  package var zeroCount = 0.0
  package var count = 0.0
  package var sum = 0.0
  package var positiveSpans: [Span] = []
  package var positiveBuckets: [Double] = []
  package var negativeSpans: [Span] = []
  package var negativeBuckets: [Double] = []
  /// Upper bounds of the buckets where `schema` is -53.
  package var customBounds: [Double] = []
  package var resetHint = ResetHint.unknown

  package init() {}

  package static let customBoundsSchema: Int32 = -53
}
