/// Whether a native histogram from outside agrees with itself.
///
/// Source: Prometheus, model/histogram, Validate. The texts are Prometheus's.
package enum HistogramCheck {
  /// What is wrong; nil if nothing.
  package static func problem(_ histogram: FloatHistogram) -> String? {
    let isCustom = histogram.schema == FloatHistogram.customBoundsSchema
    let schemas = FloatHistogram.exponentialSchemaMin...FloatHistogram.exponentialSchemaMax
    guard isCustom || schemas.contains(histogram.schema) else {
      return "histogram has an invalid schema: schema \(histogram.schema)"
    }
    if isCustom, let problem = customProblem(histogram) { return problem }
    if let problem = sideProblem(
      "positive", histogram.positiveSpans, histogram.positiveBuckets)
    {
      return problem
    }
    return sideProblem("negative", histogram.negativeSpans, histogram.negativeBuckets)
  }

  private static func customProblem(_ histogram: FloatHistogram) -> String? {
    if !histogram.negativeSpans.isEmpty || !histogram.negativeBuckets.isEmpty {
      return "custom buckets: must not have negative buckets"
    }
    if histogram.zeroCount != 0 { return "custom buckets: must have zero count of 0" }
    if histogram.zeroThreshold != 0 { return "custom buckets: must have zero threshold of 0" }
    let bounds = histogram.customBounds
    for (lower, upper) in zip(bounds, bounds.dropFirst()) where !(lower < upper) {
      return "custom buckets: histogram custom bounds are not in increasing order"
    }
    if bounds.contains(where: { $0.isNaN }) || bounds.last == .infinity {
      return "custom buckets: histogram custom bounds must be finite"
    }
    return nil
  }

  private static func sideProblem(
    _ side: String, _ spans: [FloatHistogram.Span], _ counts: [Double]
  ) -> String? {
    var covered: UInt64 = 0
    for (i, span) in spans.enumerated() {
      if i > 0 && span.offset < 0 {
        return "\(side) side: span number \(i + 1) with offset \(span.offset): "
          + "histogram has a span whose offset is negative"
      }
      covered += UInt64(span.length)
    }
    guard covered == UInt64(counts.count) else {
      return "\(side) side: spans need \(covered) buckets, have \(counts.count) buckets: "
        + "histogram spans specify different number of buckets than provided"
    }
    for (i, count) in counts.enumerated() where count < 0 {
      return "\(side) side: bucket number \(i + 1) has observation count of \(count): "
        + "histogram has a bucket whose observation count is negative"
    }
    return nil
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
