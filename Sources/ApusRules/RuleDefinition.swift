package import ApusModel

/// One rule, checked and ready to be evaluated.
package struct RuleDefinition: Sendable, Equatable {
  package enum Kind: Sendable, Equatable {
    case recording
    case alerting(forMs: Int64, keepFiringForMs: Int64, annotations: [Label])
  }

  /// The metric name of a recording rule, or the name of an alert.
  package var name: String
  /// As Prometheus prints it.
  package var expression: String
  /// The group's labels with the rule's own over them, sorted by name; templates in alerts.
  package var labels: [Label]
  package var kind: Kind

  package init(name: String, expression: String, labels: [Label], kind: Kind) {
    self.name = name
    self.expression = expression
    self.labels = labels
    self.kind = kind
  }

  /// What tells rules apart when state is carried over a reload.
  var identity: String { name + Labels(labels).description }
}

/// One group, checked and ready to be evaluated.
package struct RuleGroupDefinition: Sendable, Equatable {
  package var name: String
  /// The file as its glob gave it.
  package var file: String
  package var intervalMs: Int64
  /// Nil for the global offset.
  package var queryOffsetMs: Int64?
  /// At most so many series or alerts from one rule; 0 for no bound.
  package var limit: Int
  package var rules: [RuleDefinition]

  package init(
    name: String, file: String, intervalMs: Int64, queryOffsetMs: Int64?, limit: Int,
    rules: [RuleDefinition]
  ) {
    self.name = name
    self.file = file
    self.intervalMs = intervalMs
    self.queryOffsetMs = queryOffsetMs
    self.limit = limit
    self.rules = rules
  }

  /// Names the group among all; group names need not be unique across files.
  package var key: String { file + ";" + name }
}
