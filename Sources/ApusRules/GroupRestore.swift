internal import ApusModel
internal import ApusStorage
internal import ApusSystem
internal import ApusTelemetry

/// Looks up since when the alerts of a group were active before a restart. Blocking.
struct GroupRestore {
  let group: RuleGroup
  let environment: RuleEnvironment

  func run() {
    let startNs = environment.clock.monotonicNs
    let nowMs = environment.clock.nowMs
    for index in group.definition.rules.indices {
      var rule = group.current.rules[index]
      restore(&rule, nowMs: nowMs)
      rule.isRestored = true
      let done = rule
      group.update { $0.rules[index] = done }
    }
    let seconds = Double(environment.clock.monotonicNs &- startNs) / 1e9
    environment.metrics.lastRestoreDuration.child([group.definition.key]).set(seconds)
  }

  private func restore(_ rule: inout RuleState, nowMs: Int64) {
    guard case .alerting(let forMs, _, _) = rule.definition.kind,
      forMs >= environment.forGracePeriodMs
    else { return }
    let restore = AlertRestore(
      gracePeriodMs: environment.forGracePeriodMs,
      outageToleranceMs: environment.forOutageToleranceMs)
    do throws(StorageError) {
      let states = try restore.lastStates(
        of: rule.definition.name, in: environment.store, nowMs: nowMs)
      for alert in rule.alerts.active {
        guard let last = states[alert.labels] else { continue }
        let activeAtMs = restore.activeAtMs(
          lastSampleMs: last.timeMs, activeAtMs: last.activeAtMs, forMs: forMs, nowMs: nowMs)
        rule.alerts.restore(alert.labels, activeAtMs: activeAtMs)
      }
    } catch {
      environment.log.error(
        "Failed to restore 'for' state",
        ["alertname": rule.definition.name, "stage": "Select", "err": error.description])
    }
  }
}
