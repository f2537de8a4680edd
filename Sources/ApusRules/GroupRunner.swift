/// A group of rules that is evaluated when its owner says, and not by the clock: for unit tests of
/// rules and for evaluations over the past.
package struct GroupRunner: Sendable {
  private let group: RuleGroup
  private let context: RuleContext
  private let environment: RuleEnvironment

  package init(
    _ definition: RuleGroupDefinition, context: RuleContext, environment: RuleEnvironment
  ) {
    // There is no state from before a restart to wait for: ALERTS is written from the start.
    group = RuleGroup(definition, isRestored: true)
    self.context = context
    self.environment = environment
  }

  package var definition: RuleGroupDefinition { group.definition }

  package var status: RuleGroupStatus { group.status }

  /// Evaluates all rules in order, and returns when what they made is written. Blocking.
  package func evaluate(atMs timeMs: Int64) {
    GroupEvaluation(
      group: group, context: context, environment: environment, timeMs: timeMs
    ).run()
  }
}
