internal import ApusModel
internal import ApusStorage

/// The open chunks of native histograms, by slot. Few series have one, so they stand aside of the
/// columns. Changed under both locks of the head.
struct HistogramSeries {
  private var open: [UInt32: Open] = [:]

  init() {}

  subscript(ordinal: UInt32) -> Open? {
    get { open[ordinal] }
    set { open[ordinal] = newValue }
  }

  /// - Parameter last: the newest histogram of the series before this one; nil if it has none.
  mutating func append(
    _ ordinal: UInt32, _ time: Int64, _ histogram: FloatHistogram, after last: FloatHistogram?
  ) {
    var histogram = histogram
    let isFirst = open[ordinal] == nil
    histogram.resetHint = Self.hint(of: histogram, after: last, isFirst: isFirst)
    open[ordinal, default: Open()].append(time, histogram)
  }

  /// What a chunk says of a histogram in it, as Prometheus's says while it is open.
  /// - Parameter isFirst: of its chunk: then nothing is said of the one before it, which may be
  ///   gone by the time somebody reads.
  static func hint(
    of next: FloatHistogram, after last: FloatHistogram?, isFirst: Bool
  ) -> FloatHistogram.ResetHint {
    if next.resetHint == .gauge || next.resetHint == .reset { return next.resetHint }
    guard let last, !StaleMarker.isStale(next.sum) else { return .unknown }
    if last.hasGrown(to: next) { return isFirst ? .unknown : .notReset }
    let isGauge = last.resetHint == .gauge
    switch HistogramAppendRules.decide(last: last, isGauge: isGauge, next: next) {
    case .append: return isFirst ? .unknown : .notReset
    case .newChunk(let header): return header == .reset ? .reset : .unknown
    }
  }

  var count: Int { open.count }

  /// All open chunks by ordinal.
  var all: [UInt32: Open] { open }

  /// Time of the first sample of a series' open chunk.
  func openStart(of state: SeriesState) -> Int64? { open[state.ordinal]?.startTime }

  /// A copy that no later append changes.
  func snapshot() -> Snapshot { Snapshot(open: open) }

  struct Snapshot: Sendable {
    fileprivate let open: [UInt32: Open]

    subscript(ordinal: UInt32) -> Open? { open[ordinal] }

    var count: Int { open.count }

    /// Buckets of the newest histogram of each series.
    var bucketCount: Int {
      open.values.reduce(0) { sum, chunk in
        guard let last = chunk.newest else { return sum }
        return sum + last.positiveBuckets.count + last.negativeBuckets.count
      }
    }

    func read(_ state: SeriesState, in range: TimeRange, into batch: inout SampleBatch) {
      open[state.ordinal]?.read(in: range, into: &batch)
    }
  }
}

extension FloatHistogram {
  /// Whether another one is laid out in the same way and counts no less anywhere: the usual case,
  /// told without looking at single buckets' places.
  fileprivate func hasGrown(to next: FloatHistogram) -> Bool {
    guard resetHint != .gauge, !StaleMarker.isStale(sum), schema == next.schema,
      zeroThreshold == next.zeroThreshold, positiveSpans == next.positiveSpans,
      negativeSpans == next.negativeSpans, customBounds == next.customBounds,
      count <= next.count, zeroCount <= next.zeroCount,
      positiveBuckets.count == next.positiveBuckets.count,
      negativeBuckets.count == next.negativeBuckets.count
    else { return false }
    return zip(positiveBuckets, next.positiveBuckets).allSatisfy { $0 <= $1 }
      && zip(negativeBuckets, next.negativeBuckets).allSatisfy { $0 <= $1 }
  }
}
