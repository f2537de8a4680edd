package import ApusModel

/// What the pages and the API show of one rule group.
package struct RuleGroupStatus: Sendable {
  package var name: String
  package var file: String
  package var rules: [RuleStatus]
  package var intervalMs: Int64
  package var limit: Int
  package var evaluationSeconds: Double
  /// Nil before the first evaluation.
  package var lastEvaluationMs: Int64?

  package init(
    name: String, file: String, rules: [RuleStatus], intervalMs: Int64, limit: Int,
    evaluationSeconds: Double, lastEvaluationMs: Int64?
  ) {
    self.name = name
    self.file = file
    self.rules = rules
    self.intervalMs = intervalMs
    self.limit = limit
    self.evaluationSeconds = evaluationSeconds
    self.lastEvaluationMs = lastEvaluationMs
  }
}

package struct RuleStatus: Sendable {
  package enum Health: String, Sendable {
    case unknown, ok
    case error = "err"
  }

  package enum Kind: Sendable {
    case recording
    case alerting(AlertingRuleStatus)
  }

  package var name: String
  /// As Prometheus prints it, which may differ from how it was written.
  package var expression: String
  /// The rule's own labels, unexpanded.
  package var labels: Labels
  package var health: Health
  package var lastError: String
  package var evaluationSeconds: Double
  package var lastEvaluationMs: Int64?
  package var kind: Kind

  package init(
    name: String, expression: String, labels: Labels, health: Health, lastError: String,
    evaluationSeconds: Double, kind: Kind
  ) {
    self.name = name
    self.expression = expression
    self.labels = labels
    self.health = health
    self.lastError = lastError
    self.evaluationSeconds = evaluationSeconds
    self.kind = kind
    lastEvaluationMs = nil
  }
}

/// Raw values are the words of the API.
package enum AlertState: String, Sendable {
  case unknown, inactive, pending, firing
}

package struct AlertingRuleStatus: Sendable {
  package var state: AlertState
  package var forMs: Int64
  package var keepFiringForMs: Int64
  package var annotations: Labels
  package var alerts: [ActiveAlert]

  package init(
    state: AlertState, forMs: Int64, keepFiringForMs: Int64, annotations: Labels,
    alerts: [ActiveAlert]
  ) {
    self.state = state
    self.forMs = forMs
    self.keepFiringForMs = keepFiringForMs
    self.annotations = annotations
    self.alerts = alerts
  }
}

package struct ActiveAlert: Sendable {
  package var labels: Labels
  package var annotations: Labels
  package var state: AlertState
  package var activeAtMs: Int64
  package var keepFiringSinceMs: Int64?
  package var value: Double

  package init(
    labels: Labels, annotations: Labels, state: AlertState, activeAtMs: Int64,
    keepFiringSinceMs: Int64?, value: Double
  ) {
    self.labels = labels
    self.annotations = annotations
    self.state = state
    self.activeAtMs = activeAtMs
    self.keepFiringSinceMs = keepFiringSinceMs
    self.value = value
  }
}
