/// A histogram taken apart for arithmetic: columns instead of spans.
package struct HistogramColumns: Sendable {
  package var schema: Int32
  package var customBounds: [Double]
  package var zeroThreshold: Double
  package var zeroCount: Double
  package var positive: BucketColumn
  package var negative: BucketColumn

  package init(_ histogram: FloatHistogram) {
    schema = histogram.schema
    customBounds = histogram.customBounds
    zeroThreshold = histogram.zeroThreshold
    zeroCount = histogram.zeroCount
    positive = BucketColumn(histogram.positiveSpans, histogram.positiveBuckets)
    negative = BucketColumn(histogram.negativeSpans, histogram.negativeBuckets)
  }

  var usesCustomBuckets: Bool { schema == FloatHistogram.customBoundsSchema }

  mutating func reduce(to target: Int32) {
    guard !usesCustomBuckets, target < schema else { return }
    positive = positive.reduced(from: schema, to: target)
    negative = negative.reduced(from: schema, to: target)
    schema = target
  }

  /// What the zero bucket would hold with a larger threshold, and that threshold: it grows to the
  /// end of a populated bucket that it cuts. The threshold that it has may cut one.
  func zeroCount(atLeast threshold: Double) -> (count: Double, threshold: Double) {
    if threshold == zeroThreshold { return (zeroCount, threshold) }
    var threshold = threshold
    while true {
      var count = zeroCount
      for i in 0..<positive.count {
        let bounds = bounds(positive.indices[i])
        if bounds.lower >= threshold { break }
        count += positive.counts[i]
        if bounds.upper > threshold {
          if positive.counts[i] != 0 { threshold = bounds.upper }
          break
        }
      }
      var isCut = false
      for i in 0..<negative.count {
        let bounds = bounds(negative.indices[i])
        if bounds.lower >= threshold { break }
        count += negative.counts[i]
        if bounds.upper > threshold {
          if negative.counts[i] != 0 {
            threshold = bounds.upper
            isCut = true
          }
          break
        }
      }
      if !isCut { return (count, threshold) }
    }
  }

  /// Magnitudes.
  func bounds(_ index: Int32) -> (lower: Double, upper: Double) {
    (
      FloatHistogram.exponentialBound(index &- 1, schema: schema),
      FloatHistogram.exponentialBound(index, schema: schema)
    )
  }

  /// Widens the zero bucket; the buckets inside of it go.
  mutating func widenZero(to threshold: Double) {
    let wider = zeroCount(atLeast: threshold)
    zeroCount = wider.count
    zeroThreshold = wider.threshold
    let schema = schema
    let isOutside = { (index: Int32) in
      FloatHistogram.exponentialBound(index, schema: schema) > wider.threshold
    }
    positive = positive.filtered(isOutside)
    negative = negative.filtered(isOutside)
  }

  /// Moves counts to the buckets of fewer bounds.
  mutating func rebound(to bounds: [Double]) {
    let old = customBounds
    var target: Int32 = 0
    positive = positive.mapped { index in
      let upper = Int(index) < old.count ? old[Int(index)] : Double.infinity
      while Int(target) < bounds.count, bounds[Int(target)] < upper { target += 1 }
      return target
    }
    customBounds = bounds
  }

  /// Gives two histograms one layout: the coarser schema and the wider zero bucket, or the
  /// custom bounds that both have. Both are exponential or both have custom bounds.
  /// - Returns: whether custom bounds differed.
  package static func reconcile(
    _ a: inout HistogramColumns, _ b: inout HistogramColumns
  ) -> Bool {
    if a.usesCustomBuckets {
      if a.customBounds == b.customBounds { return false }
      let shared = CustomBounds.intersection(a.customBounds, b.customBounds)
      a.rebound(to: shared)
      b.rebound(to: shared)
      return true
    }
    while a.zeroThreshold != b.zeroThreshold {
      if a.zeroThreshold > b.zeroThreshold {
        b.widenZero(to: a.zeroThreshold)
      } else {
        a.widenZero(to: b.zeroThreshold)
      }
    }
    let schema = min(a.schema, b.schema)
    a.reduce(to: schema)
    b.reduce(to: schema)
    return false
  }
}

package enum CustomBounds {
  /// The bounds that both have; both ascend.
  package static func intersection(_ a: [Double], _ b: [Double]) -> [Double] {
    var shared: [Double] = []
    var i = 0
    var j = 0
    while i < a.count && j < b.count {
      if a[i] == b[j] {
        shared.append(a[i])
        i += 1
        j += 1
      } else if a[i] < b[j] {
        i += 1
      } else {
        j += 1
      }
    }
    return shared
  }
}

extension FloatHistogram {
  package mutating func setColumns(_ columns: HistogramColumns) {
    schema = columns.schema
    customBounds = columns.customBounds
    zeroThreshold = columns.zeroThreshold
    zeroCount = columns.zeroCount
    (positiveSpans, positiveBuckets) = columns.positive.complete
    (negativeSpans, negativeBuckets) = columns.negative.complete
  }

  /// Leaves out empty buckets.
  package mutating func compact() {
    (positiveSpans, positiveBuckets) = BucketColumn(positiveSpans, positiveBuckets).compact
    (negativeSpans, negativeBuckets) = BucketColumn(negativeSpans, negativeBuckets).compact
  }

  package var compacted: FloatHistogram {
    var copy = self
    copy.compact()
    return copy
  }

  /// The same in a coarser resolution; custom bounds stay.
  package func reduced(toSchema target: Int32) -> FloatHistogram {
    guard !usesCustomBuckets, target < schema else { return self }
    var columns = HistogramColumns(self)
    columns.reduce(to: target)
    var copy = self
    copy.setColumns(columns)
    return copy
  }
}
