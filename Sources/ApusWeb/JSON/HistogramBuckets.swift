internal import ApusModel
internal import Glibc

/// One bucket of a native histogram with its bounds.
struct HistogramBucket: Equatable {
  let lower: Double
  let upper: Double
  let includesLower: Bool
  let includesUpper: Bool
  let count: Double

  /// The API's number for which bounds belong to the bucket.
  var rule: Int {
    switch (includesLower, includesUpper) {
    case (false, true): 0
    case (true, false): 1
    case (false, false): 2
    case (true, true): 3
    }
  }
}

/// Source: Prometheus, model/histogram/float_histogram.go, AllBucketIterator.
enum HistogramBuckets {
  /// From the lowest bound to the highest: negative buckets, the zero bucket, positive ones.
  static func all(of histogram: FloatHistogram) -> [HistogramBucket] {
    let isCustom = histogram.schema == FloatHistogram.customBoundsSchema
    var buckets = indexed(histogram.negativeSpans, histogram.negativeBuckets).reversed().map {
      let lower = -bound($0.index, histogram)
      let upper = -bound($0.index - 1, histogram)
      return HistogramBucket(
        lower: lower, upper: upper, includesLower: lower < 0, includesUpper: upper > 0,
        count: $0.count)
    }
    if histogram.zeroCount > 0 && !isCustom {
      buckets.append(
        HistogramBucket(
          lower: -histogram.zeroThreshold, upper: histogram.zeroThreshold, includesLower: true,
          includesUpper: true, count: histogram.zeroCount))
    }
    buckets += indexed(histogram.positiveSpans, histogram.positiveBuckets).map {
      let lower = bound($0.index - 1, histogram)
      let upper = bound($0.index, histogram)
      return HistogramBucket(
        lower: lower, upper: upper, includesLower: isCustom ? $0.index == 0 : lower < 0,
        includesUpper: isCustom || upper > 0, count: $0.count)
    }
    return buckets
  }

  private static func indexed(
    _ spans: [FloatHistogram.Span], _ counts: [Double]
  ) -> [(index: Int, count: Double)] {
    var out: [(index: Int, count: Double)] = []
    var index = 0
    for span in spans {
      index += Int(span.offset)
      for _ in 0..<span.length {
        guard out.count < counts.count else { return out }
        out.append((index, counts[out.count]))
        index += 1
      }
    }
    return out
  }

  /// The upper bound of a positive bucket.
  private static func bound(_ index: Int, _ histogram: FloatHistogram) -> Double {
    let schema = Int(histogram.schema)
    if histogram.schema == FloatHistogram.customBoundsSchema {
      if index < 0 { return -Double.infinity }
      return index < histogram.customBounds.count ? histogram.customBounds[index] : .infinity
    }
    if schema <= 0 { return exp2(Double(index) * exp2(Double(-schema))) }
    let perDoubling = 1 << schema
    let whole = index >> schema
    let part = index & (perDoubling - 1)
    return scalbn(exp2(Double(part) / Double(perDoubling)), Int32(whole))
  }
}
