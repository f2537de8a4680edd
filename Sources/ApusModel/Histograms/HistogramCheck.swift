/// Whether a native histogram from outside agrees with itself.
///
/// Source: Prometheus, model/histogram, Validate. The texts are Prometheus's.
package enum HistogramCheck {
  /// What is wrong; nil if nothing.
  package static func problem(_ histogram: FloatHistogram) -> String? {
    guard histogram.schema != FloatHistogram.customBoundsSchema else {
      return customProblem(histogram)
    }
    let (least, most) = (FloatHistogram.exponentialSchemaMin, FloatHistogram.exponentialSchemaMax)
    guard (least...most).contains(histogram.schema) else {
      return "histogram has an invalid schema, which must be between \(least) and \(most) for "
        + "exponential buckets, or \(FloatHistogram.customBoundsSchema) for custom buckets, "
        + "got schema \(histogram.schema)"
    }
    if let problem = sideProblem(
      "positive", histogram.positiveSpans, histogram.positiveBuckets)
      ?? sideProblem("negative", histogram.negativeSpans, histogram.negativeBuckets)
    {
      return problem
    }
    return histogram.customBounds.isEmpty
      ? nil : "histogram with exponential schema must not have custom bounds"
  }

  private static func customProblem(_ histogram: FloatHistogram) -> String? {
    if let problem = boundsProblem(histogram) { return "custom buckets: \(problem)" }
    if histogram.zeroCount != 0 { return "custom buckets: must have zero count of 0" }
    if histogram.zeroThreshold != 0 { return "custom buckets: must have zero threshold of 0" }
    if !histogram.negativeSpans.isEmpty { return "custom buckets: must not have negative spans" }
    if !histogram.negativeBuckets.isEmpty {
      return "custom buckets: must not have negative buckets"
    }
    return negativeCount(histogram.positiveBuckets).map { "positive side: \($0)" }
  }

  private static func boundsProblem(_ histogram: FloatHistogram) -> String? {
    var previous: Double?
    for bound in histogram.customBounds {
      if bound.isNaN { return "histogram custom bounds must not be NaN" }
      if let previous, bound <= previous {
        return "previous bound is \(FloatText.fixed(previous, places: 6)) and current is "
          + "\(FloatText.fixed(bound, places: 6)): histogram custom bounds must be in "
          + "strictly increasing order"
      }
      previous = bound
    }
    if previous == .infinity {
      return "last +Inf bound must not be explicitly defined: histogram custom bounds must be "
        + "finite"
    }
    let spans = histogram.positiveSpans
    if let problem = spansProblem(spans, histogram.positiveBuckets.count, firstMayBeNegative: false)
    {
      return problem
    }
    let reach = spans.reduce(Int64(0)) { $0 + Int64($1.offset) + Int64($1.length) }
    guard reach > Int64(histogram.customBounds.count) + 1 else { return nil }
    return "only \(histogram.customBounds.count) custom bounds defined which is insufficient to "
      + "cover total span length of \(reach): histogram custom bounds are too few"
  }

  private static func sideProblem(
    _ side: String, _ spans: [FloatHistogram.Span], _ counts: [Double]
  ) -> String? {
    let problem =
      spansProblem(spans, counts.count, firstMayBeNegative: true) ?? negativeCount(counts)
    return problem.map { "\(side) side: \($0)" }
  }

  private static func spansProblem(
    _ spans: [FloatHistogram.Span], _ bucketCount: Int, firstMayBeNegative: Bool
  ) -> String? {
    var covered: UInt64 = 0
    for (i, span) in spans.enumerated() {
      if span.offset < 0 && !(i == 0 && firstMayBeNegative) {
        return "span number \(i + 1) with offset \(span.offset): "
          + "histogram has a span whose offset is negative"
      }
      covered += UInt64(span.length)
    }
    guard covered != UInt64(bucketCount) else { return nil }
    return "spans need \(covered) buckets, have \(bucketCount) buckets: "
      + "histogram spans specify different number of buckets than provided"
  }

  private static func negativeCount(_ counts: [Double]) -> String? {
    guard let i = counts.firstIndex(where: { $0 < 0 }) else { return nil }
    return "bucket number \(i + 1) has observation count of \(FloatText.f(counts[i])): "
      + "histogram has a bucket whose observation count is negative"
  }

  /// What is wrong with the counts of a histogram that counts whole observations; nil if nothing.
  package static func countProblem(_ histogram: FloatHistogram) -> String? {
    let found =
      histogram.negativeBuckets.reduce(0, +) + histogram.positiveBuckets.reduce(0, +)
      + histogram.zeroCount
    let text =
      "\(FloatText.f(found)) observations found in buckets, but the Count field is "
      + "\(FloatText.f(histogram.count)): histogram's observation count should "
    // Observations that are NaN are counted, and are in no bucket.
    if histogram.sum.isNaN {
      return found > histogram.count
        ? text + "be at least the number of observations found in the buckets" : nil
    }
    return found != histogram.count
      ? text + "equal the number of observations found in the buckets (in absence of NaN)" : nil
  }
}
