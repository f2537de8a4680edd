/// Sums and multiples of histograms.
///
/// Source of the rules: Prometheus, model/histogram/float_histogram.go.
extension FloatHistogram {
  /// One has exponential buckets, the other custom ones.
  package struct IncompatibleSchemas: Error, Sendable {}

  /// What was noticed when two histograms were joined.
  package struct JoinNotes: Sendable, Equatable {
    /// One says that counters began anew, the other that they did not.
    package var hasResetCollision = false
    /// Custom bounds differed; only those that both have are left.
    package var hasReconciledBounds = false

    package init() {}
  }

  package mutating func add(
    _ other: FloatHistogram
  ) throws(IncompatibleSchemas) -> JoinNotes {
    try join(other) { $0 + $1 }
  }

  package mutating func subtract(
    _ other: FloatHistogram
  ) throws(IncompatibleSchemas) -> JoinNotes {
    try join(other) { $0 - $1 }
  }

  private mutating func join(
    _ other: FloatHistogram, _ combine: (Double, Double) -> Double
  ) throws(IncompatibleSchemas) -> JoinNotes {
    if usesCustomBuckets != other.usesCustomBuckets { throw IncompatibleSchemas() }
    var notes = JoinNotes()
    notes.hasResetCollision = joinHint(other)
    var mine = HistogramColumns(self)
    var theirs = HistogramColumns(other)
    notes.hasReconciledBounds = HistogramColumns.reconcile(&mine, &theirs)
    mine.zeroCount = combine(mine.zeroCount, theirs.zeroCount)
    mine.positive = mine.positive.merged(theirs.positive, combine)
    mine.negative = mine.negative.merged(theirs.negative, combine)
    setColumns(mine)
    count = combine(count, other.count)
    sum = combine(sum, other.sum)
    return notes
  }

  /// - Returns: whether the hints contradict each other.
  package mutating func joinHint(_ other: FloatHistogram) -> Bool {
    if other.resetHint == resetHint || resetHint == .gauge { return false }
    if other.resetHint == .gauge {
      resetHint = .gauge
      return false
    }
    let isCollision = resetHint != .unknown && other.resetHint != .unknown
    resetHint = .unknown
    return isCollision
  }

  /// Multiplied by a negative number, a counter is a gauge.
  package mutating func multiply(by factor: Double) {
    scale { $0 * factor }
    if factor < 0 { resetHint = .gauge }
  }

  /// Divided by zero, there are no buckets but the zero bucket.
  package mutating func divide(by divisor: Double) {
    scale { $0 / divisor }
    if divisor < 0 { resetHint = .gauge }
    if divisor == 0 {
      positiveSpans = []
      positiveBuckets = []
      negativeSpans = []
      negativeBuckets = []
    }
  }

  private mutating func scale(_ change: (Double) -> Double) {
    zeroCount = change(zeroCount)
    count = change(count)
    sum = change(sum)
    for i in positiveBuckets.indices { positiveBuckets[i] = change(positiveBuckets[i]) }
    for i in negativeBuckets.indices { negativeBuckets[i] = change(negativeBuckets[i]) }
  }

  /// Whether any number has left the range of floats.
  package var hasOverflow: Bool {
    zeroCount.isInfinite || count.isInfinite || sum.isInfinite
      || positiveBuckets.contains { $0.isInfinite }
      || negativeBuckets.contains { $0.isInfinite }
  }

  /// The same buckets, sums and hints of layout; the reset hint does not matter. NaN equals the
  /// same NaN.
  package func equals(_ other: FloatHistogram) -> Bool {
    guard schema == other.schema, same(count, other.count), same(sum, other.sum) else {
      return false
    }
    if usesCustomBuckets && customBounds != other.customBounds { return false }
    guard zeroThreshold == other.zeroThreshold, same(zeroCount, other.zeroCount) else {
      return false
    }
    let mine = HistogramColumns(self)
    let theirs = HistogramColumns(other)
    return same(mine.positive, theirs.positive) && same(mine.negative, theirs.negative)
  }

  private func same(_ a: Double, _ b: Double) -> Bool { a.bitPattern == b.bitPattern }

  private func same(_ a: BucketColumn, _ b: BucketColumn) -> Bool {
    a.indices == b.indices && a.counts.elementsEqual(b.counts) { same($0, $1) }
  }
}
