internal import ApusModel
internal import Glibc

/// Quantile, fraction and variance of native histograms.
///
/// Source: Prometheus, promql/quantile.go and promql/functions.go.
enum HistogramFunctions {
  /// What was noticed; the histogram holds observations of NaN.
  enum Note {
    case resultIsNaN
    case isSkewed
  }

  static func quantile(
    _ q: Double, _ histogram: FloatHistogram
  ) -> (value: Double, note: Note?) {
    if q < 0 { return (-.infinity, nil) }
    if q > 1 { return (.infinity, nil) }
    if histogram.count == 0 || q.isNaN { return (.nan, nil) }
    let hasNaN = histogram.sum.isNaN
    let isForward = hasNaN || q < 0.5
    let buckets = histogram.allBuckets.filter { $0.count != 0 }
    var rank = isForward ? q * histogram.count : (1 - q) * histogram.count
    var count = 0.0
    var found: FloatHistogram.Bucket?
    for i in buckets.indices {
      let bucket = isForward ? buckets[i] : buckets[buckets.count - 1 - i]
      found = bucket
      count += bucket.count
      if count >= rank { break }
    }
    guard var bucket = found else { return (.nan, hasNaN ? .resultIsNaN : nil) }
    if let end = narrow(&bucket, of: histogram) { return (end, hasNaN ? .isSkewed : nil) }
    // Rounding may make the buckets' total more than the count.
    if count > histogram.count { count = histogram.count }
    if count < rank {
      return hasNaN ? (.nan, .resultIsNaN) : (isForward ? bucket.upper : bucket.lower, nil)
    }
    rank = isForward ? rank - (count - bucket.count) : count - rank
    let share = rank / bucket.count
    let note: Note? = hasNaN ? .isSkewed : nil
    return (interpolated(bucket, share, isLinear: histogram.usesCustomBuckets), note)
  }

  /// Gives open and zero buckets the ends to interpolate between.
  /// - Returns: the quantile itself, where there is nothing to interpolate.
  private static func narrow(
    _ bucket: inout FloatHistogram.Bucket, of histogram: FloatHistogram
  ) -> Double? {
    if histogram.usesCustomBuckets {
      if bucket.lower == -.infinity {
        if bucket.upper <= 0 { return bucket.upper }
        bucket.lower = 0
      } else if bucket.upper == .infinity {
        return bucket.lower
      }
    } else if bucket.lower < 0 && bucket.upper > 0 {
      narrowZero(&bucket, of: histogram)
    }
    return nil
  }

  private static func narrowZero(
    _ bucket: inout FloatHistogram.Bucket, of histogram: FloatHistogram
  ) {
    let hasNegative = !histogram.negativeBuckets.isEmpty
    let hasPositive = !histogram.positiveBuckets.isEmpty
    if hasPositive && !hasNegative { bucket.lower = 0 }
    if hasNegative && !hasPositive { bucket.upper = 0 }
  }

  private static func interpolated(
    _ bucket: FloatHistogram.Bucket, _ share: Double, isLinear: Bool
  ) -> Double {
    if isLinear || (bucket.lower <= 0 && bucket.upper >= 0) {
      return bucket.lower + (bucket.upper - bucket.lower) * share
    }
    let low = log2(abs(bucket.lower))
    let high = log2(abs(bucket.upper))
    if bucket.lower > 0 { return exp2(low + (high - low) * share) }
    return -exp2(high + (low - high) * (1 - share))
  }

  /// The share of observations between two values.
  static func fraction(
    _ lower: Double, _ upper: Double, _ histogram: FloatHistogram
  ) -> Double {
    if histogram.count == 0 || lower.isNaN || upper.isNaN { return .nan }
    if lower >= upper { return 0 }
    var rank = 0.0
    var lowerRank: Double?
    var upperRank: Double?
    for var bucket in histogram.allBuckets {
      let isLinear = narrowForFraction(&bucket, histogram)
      if lowerRank == nil, bucket.lower >= lower { lowerRank = rank }
      if upperRank == nil, bucket.lower >= upper { upperRank = rank }
      if lowerRank == nil, bucket.lower < lower, bucket.upper > lower {
        lowerRank = rank + part(bucket, below: lower, isLinear)
      }
      if upperRank == nil, bucket.lower < upper, bucket.upper > upper {
        upperRank = rank + part(bucket, below: upper, isLinear)
      }
      rank += bucket.count
    }
    // Observations of NaN are in no bucket.
    let total = histogram.sum.isNaN ? rank : histogram.count
    let from = min(lowerRank ?? total, total)
    let to = min(upperRank ?? total, total)
    return (to - from) / histogram.count
  }

  /// - Returns: whether to interpolate linearly.
  private static func narrowForFraction(
    _ bucket: inout FloatHistogram.Bucket, _ histogram: FloatHistogram
  ) -> Bool {
    if histogram.usesCustomBuckets {
      if bucket.lower == -.infinity && bucket.upper > 0 && bucket.upper != .infinity {
        bucket.lower = 0
      }
      return true
    }
    guard bucket.lower <= 0 && bucket.upper >= 0 else { return false }
    narrowZero(&bucket, of: histogram)
    return true
  }

  private static func part(
    _ bucket: FloatHistogram.Bucket, below value: Double, _ isLinear: Bool
  ) -> Double {
    if isLinear {
      if bucket.lower == -.infinity { return bucket.count }
      return bucket.count * (value - bucket.lower) / (bucket.upper - bucket.lower)
    }
    let low = log2(abs(bucket.lower))
    let high = log2(abs(bucket.upper))
    let at = log2(abs(value))
    let share = value > 0 ? (at - low) / (high - low) : 1 - (at - high) / (low - high)
    return bucket.count * share
  }

  static func variance(_ histogram: FloatHistogram) -> Double {
    let mean = histogram.sum / histogram.count
    var sum = KahanSum()
    for bucket in histogram.allBuckets where bucket.count != 0 {
      let delta = middle(bucket, isCustom: histogram.usesCustomBuckets) - mean
      sum.add(bucket.count * delta * delta)
    }
    return (sum.sum + sum.compensation) / histogram.count
  }

  private static func middle(_ bucket: FloatHistogram.Bucket, isCustom: Bool) -> Double {
    if isCustom { return (bucket.upper + bucket.lower) / 2 }
    if bucket.lower <= 0 && bucket.upper >= 0 { return 0 }
    let middle = (bucket.upper * bucket.lower).squareRoot()
    return bucket.upper < 0 ? -middle : middle
  }
}
