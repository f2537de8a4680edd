internal import ApusModel

/// One rule and what is known of it from evaluation to evaluation.
struct RuleState: Sendable {
  let definition: RuleDefinition
  /// Its templates, parsed.
  let texts: AlertTexts
  var health = RuleStatus.Health.unknown
  var lastError = ""
  var evaluationSeconds = 0.0
  var lastEvaluationMs: Int64?
  var alerts = AlertStateMachine()
  /// Whether the `for` state from before a restart has been looked up; until then ALERTS is not
  /// written, so that the past is not overwritten.
  var isRestored: Bool
  /// The series of the last evaluation with their refs.
  var series: [Labels: SeriesRef] = [:]

  init(_ definition: RuleDefinition, isRestored: Bool) {
    self.definition = definition
    texts = AlertTexts(definition)
    self.isRestored = isRestored
  }

  var status: RuleStatus {
    var kind = RuleStatus.Kind.recording
    if case .alerting(let forMs, let keepFiringForMs, let annotations) = definition.kind {
      let state = lastEvaluationMs == nil ? AlertState.unknown : alerts.state
      kind = .alerting(
        AlertingRuleStatus(
          state: state, forMs: forMs, keepFiringForMs: keepFiringForMs,
          annotations: Labels(annotations), alerts: alerts.active.map(RuleState.shown)))
    }
    var status = RuleStatus(
      name: definition.name, expression: definition.expression,
      labels: Labels(definition.labels), health: health, lastError: lastError,
      evaluationSeconds: evaluationSeconds, kind: kind)
    status.lastEvaluationMs = lastEvaluationMs
    return status
  }

  private static func shown(_ alert: AlertInstance) -> ActiveAlert {
    ActiveAlert(
      labels: alert.labels, annotations: alert.annotations, state: alert.state,
      activeAtMs: alert.activeAtMs, keepFiringSinceMs: alert.keepFiringSinceMs,
      value: alert.value)
  }
}
