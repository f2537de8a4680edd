package import ApusModel

/// The rule groups of one file as written, with the lines they stand on.
package struct RuleFile: Sendable {
  package var path: String
  package var groups: [RuleGroupConfig]

  package init(path: String, groups: [RuleGroupConfig]) {
    self.path = path
    self.groups = groups
  }
}

package struct RuleGroupConfig: Sendable, Equatable {
  package var name = ""
  /// Nil for the global evaluation interval.
  package var intervalMs: Int64?
  /// Nil for the global offset.
  package var queryOffsetMs: Int64?
  /// At most so many series or alerts from one rule; 0 for no bound.
  package var limit = 0
  /// Added to every rule of the group; a rule's own label wins.
  package var labels: [Label] = []
  package var rules: [RuleConfig] = []
  package var line = 0

  package init() {}
}

package struct RuleConfig: Sendable, Equatable {
  /// One of these two is set.
  package var record = ""
  package var alert = ""
  package var expression = ""
  package var forMs: Int64 = 0
  package var keepFiringForMs: Int64 = 0
  /// Sorted by name.
  package var labels: [Label] = []
  package var annotations: [Label] = []
  package var line = 0

  package init() {}
}
