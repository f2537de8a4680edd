internal import ApusModel
internal import ApusPromQL
internal import ApusTelemetry

/// Result of an expression -> what is observed of each alert.
struct AlertingRule {
  let definition: RuleDefinition
  let texts: AlertTexts
  let context: RuleContext
  let log: Log

  /// - Parameters:
  ///   - timeMs: the time of the query.
  ///   - evaluationMs: when the group's turn was; the time of queries in templates.
  /// - Throws: `RuleError` if the query fails or two results make the same alert.
  func observe(atMs timeMs: Int64, evaluationMs: Int64) throws(RuleError)
    -> [AlertStateMachine.Observation]
  {
    let result = try context.query(definition.expression, timeMs)
    var seen = Set<Labels>(minimumCapacity: result.count)
    var found: [AlertStateMachine.Observation] = []
    found.reserveCapacity(result.count)
    for element in result {
      let value =
        switch element.value {
        case .float(let value): value
        case .histogram: 0.0
        }
      let expansion = AlertExpansion(
        name: definition.name, labels: element.labels, value: value, context: context,
        timeMs: evaluationMs, log: log)
      var builder = LabelsBuilder(element.labels)
      builder.delete(LabelNames.metricName)
      for label in texts.labels { builder.set(label.name, label.text.expand(expansion)) }
      builder.set(LabelNames.alertName, definition.name)
      let labels = builder.labels()
      guard seen.insert(labels).inserted else {
        throw RuleError(
          "vector contains metrics with the same labelset after applying alert labels")
      }
      let expanded = texts.annotations.map { Label($0.name, $0.text.expand(expansion)) }
      found.append(.init(labels: labels, annotations: Labels(expanded), value: value))
    }
    return found
  }
}
