internal import ApusModel
internal import ApusStorage
internal import ApusSystem
internal import ApusTelemetry
internal import Synchronization

/// Rules that share an interval, evaluated in order. One evaluation at a time; its status may be
/// read meanwhile.
final class RuleGroup: Sendable {
  let definition: RuleGroupDefinition
  private let state: Mutex<State>

  struct State: Sendable {
    var rules: [RuleState]
    /// Series of rules that are gone, to be ended at the next evaluation.
    var abandoned: [Labels] = []
    var evaluationSeconds = 0.0
    var lastEvaluationMs: Int64?
  }

  /// - Parameter isRestored: false at the first load, when `for` states have yet to be looked up.
  init(_ definition: RuleGroupDefinition, isRestored: Bool) {
    self.definition = definition
    state = Mutex(
      State(rules: definition.rules.map { RuleState($0, isRestored: isRestored) }))
  }

  var current: State { state.withLock { $0 } }

  func update(_ change: (inout State) -> Void) { state.withLock { change(&$0) } }

  var status: RuleGroupStatus {
    let now = current
    return RuleGroupStatus(
      name: definition.name, file: definition.file, rules: now.rules.map(\.status),
      intervalMs: definition.intervalMs, limit: definition.limit,
      evaluationSeconds: now.evaluationSeconds, lastEvaluationMs: now.lastEvaluationMs)
  }

  /// Carries over the state of an older version of this group: rules are matched by name and
  /// labels, the first with the first where several are alike. Series of rules that have no
  /// match are abandoned.
  func adopt(_ old: RuleGroup) {
    let past = old.current
    var free = Dictionary(grouping: past.rules.indices) { past.rules[$0].definition.identity }
    update { state in
      state.evaluationSeconds = past.evaluationSeconds
      state.lastEvaluationMs = past.lastEvaluationMs
      for i in state.rules.indices {
        let identity = state.rules[i].definition.identity
        guard let at = free[identity]?.first else { continue }
        free[identity]?.removeFirst()
        state.rules[i].series = past.rules[at].series
        state.rules[i].alerts.adopt(past.rules[at].alerts)
      }
      state.abandoned = past.abandoned
      for at in free.values.joined().sorted() {
        state.abandoned += past.rules[at].series.keys.sorted()
      }
    }
  }

  /// Every series that the group wrote last.
  var writtenSeries: [Labels] {
    let now = current
    return now.abandoned + now.rules.flatMap { $0.series.keys.sorted() }
  }
}
