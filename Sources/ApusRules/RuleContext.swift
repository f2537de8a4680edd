package import ApusModel
package import ApusPromQL

/// What rules are evaluated against, the same for all groups.
package struct RuleContext: Sendable {
  /// Evaluates an instant query at a time in ms; a scalar comes as one element without labels.
  /// Called on a worker thread, blocks.
  package typealias Query =
    @Sendable (_ expression: String, _ timeMs: Int64) throws(RuleError) -> [InstantSeries]

  package var externalLabels: Labels
  /// The URL under which the server is reached, without a slash at the end.
  package var externalURL: String
  /// For groups that name none.
  package var queryOffsetMs: Int64
  package var query: Query
  /// The query for the rules of one group, by its file and name, where it is to be known whose
  /// query it is.
  package var queryOfGroup: (@Sendable (_ file: String, _ name: String) -> Query)?

  package init(
    externalLabels: Labels, externalURL: String, queryOffsetMs: Int64, query: @escaping Query
  ) {
    self.externalLabels = externalLabels
    self.externalURL = externalURL
    self.queryOffsetMs = queryOffsetMs
    self.query = query
  }

  /// The same, with queries that are the group's own.
  func within(_ group: RuleGroupDefinition) -> RuleContext {
    guard let queryOfGroup else { return self }
    var context = self
    context.query = queryOfGroup(group.file, group.name)
    return context
  }
}

/// Why a rule could not be evaluated, in Prometheus's words.
package struct RuleError: Error, Sendable, Equatable, CustomStringConvertible {
  package let description: String
  /// The query was cancelled on purpose, as at shutdown: nothing to log.
  package let isCancellation: Bool

  package init(_ description: String, isCancellation: Bool = false) {
    self.description = description
    self.isCancellation = isCancellation
  }
}

/// A sample that a rule made.
struct RuleSample: Sendable, Equatable {
  var labels: Labels
  var timeMs: Int64
  var value: PointValue
}
