internal import ApusModel
internal import ApusPromQL

/// Result of an expression -> new series.
enum RecordingRule {
  /// - Throws: `RuleError` if the query fails, two results meet in one series, or there are more
  ///   than `limit` (0 for no bound).
  static func evaluate(
    _ rule: RuleDefinition, atMs timeMs: Int64, limit: Int, query: RuleContext.Query
  ) throws(RuleError) -> [RuleSample] {
    let result = try query(rule.expression, timeMs)
    var samples: [RuleSample] = []
    samples.reserveCapacity(result.count)
    var seen = Set<Labels>(minimumCapacity: result.count)
    for element in result {
      var builder = LabelsBuilder(element.labels)
      builder.set(LabelNames.metricName, rule.name)
      for label in rule.labels { builder.set(label.name, label.value) }
      let labels = builder.labels()
      guard seen.insert(labels).inserted else {
        throw RuleError(
          "vector contains metrics with the same labelset after applying rule labels")
      }
      samples.append(RuleSample(labels: labels, timeMs: element.timeMs, value: element.value))
    }
    if limit > 0, samples.count > limit {
      throw RuleError("exceeded limit of \(limit) with \(samples.count) series")
    }
    return samples
  }
}
