/// A sum of histograms that keeps the error of every addition beside it, count by count.
package struct KahanHistogram: Sendable {
  private var histogram: FloatHistogram
  private var columns: HistogramColumns
  private var correction: HistogramColumns
  private var total: KahanSum
  private var count: KahanSum

  package init(_ first: FloatHistogram) {
    histogram = first
    columns = HistogramColumns(first)
    correction = columns
    correction.zeroCount = 0
    correction.positive = BucketColumn()
    correction.negative = BucketColumn()
    total = KahanSum(first.sum)
    count = KahanSum(first.count)
  }

  /// - Returns: what was noticed.
  package mutating func add(
    _ other: FloatHistogram
  ) throws(FloatHistogram.IncompatibleSchemas) -> FloatHistogram.JoinNotes {
    if histogram.usesCustomBuckets != other.usesCustomBuckets {
      throw FloatHistogram.IncompatibleSchemas()
    }
    var notes = FloatHistogram.JoinNotes()
    notes.hasResetCollision = histogram.joinHint(other)
    var theirs = HistogramColumns(other)
    notes.hasReconciledBounds = HistogramColumns.reconcile(&columns, &theirs)
    // The correction follows the sum's layout.
    var pattern = columns
    pattern.positive = BucketColumn()
    pattern.negative = BucketColumn()
    pattern.zeroCount = 0
    _ = HistogramColumns.reconcile(&correction, &pattern)
    var zero = KahanSum(columns.zeroCount, compensation: correction.zeroCount)
    zero.add(theirs.zeroCount)
    (columns.zeroCount, correction.zeroCount) = (zero.sum, zero.compensation)
    KahanHistogram.add(&columns.positive, &correction.positive, theirs.positive)
    KahanHistogram.add(&columns.negative, &correction.negative, theirs.negative)
    total.add(other.sum)
    count.add(other.count)
    return notes
  }

  private static func add(
    _ sums: inout BucketColumn, _ corrections: inout BucketColumn, _ others: BucketColumn
  ) {
    var newSums = sums.merged(others) { mine, _ in mine }
    var newCorrections = newSums.merged(corrections) { _, correction in correction }
    var place = 0
    for i in 0..<newSums.count {
      var sum = KahanSum(newSums.counts[i], compensation: newCorrections.counts[i])
      sum.add(others.count(of: newSums.indices[i], from: &place))
      newSums.setCount(i, sum.sum)
      newCorrections.setCount(i, sum.compensation)
    }
    sums = newSums
    corrections = newCorrections
  }

  /// Whether the sum, without its correction, has left the range of floats.
  package var hasOverflow: Bool {
    var plain = histogram
    plain.setColumns(columns)
    plain.count = count.sum
    plain.sum = total.sum
    return plain.hasOverflow
  }

  /// Multiplies sum and correction.
  package mutating func scale(_ change: (Double) -> Double) {
    for i in 0..<columns.positive.count {
      columns.positive.setCount(i, change(columns.positive.counts[i]))
    }
    for i in 0..<columns.negative.count {
      columns.negative.setCount(i, change(columns.negative.counts[i]))
    }
    for i in 0..<correction.positive.count {
      correction.positive.setCount(i, change(correction.positive.counts[i]))
    }
    for i in 0..<correction.negative.count {
      correction.negative.setCount(i, change(correction.negative.counts[i]))
    }
    columns.zeroCount = change(columns.zeroCount)
    correction.zeroCount = change(correction.zeroCount)
    total = KahanSum(change(total.sum), compensation: change(total.compensation))
    count = KahanSum(change(count.sum), compensation: change(count.compensation))
  }

  /// The sum with its correction.
  package var value: FloatHistogram {
    var result = histogram
    var joined = columns
    joined.zeroCount = columns.zeroCount + correction.zeroCount
    joined.positive = columns.positive.merged(correction.positive) { $0 + $1 }
    joined.negative = columns.negative.merged(correction.negative) { $0 + $1 }
    result.setColumns(joined)
    result.sum = total.sum + total.compensation
    result.count = count.sum + count.compensation
    return result
  }
}
