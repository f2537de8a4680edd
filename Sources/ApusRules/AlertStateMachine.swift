package import ApusModel

/// One alert of a rule and where it stands.
///
/// Source: Prometheus, rules/alerting.go, for the transitions and their order.
package struct AlertInstance: Sendable, Equatable {
  package var labels: Labels
  package var annotations: Labels
  package var value: Double
  package var state = AlertState.pending
  /// When the expression was first true.
  package var activeAtMs: Int64
  package var firedAtMs: Int64?
  package var resolvedAtMs: Int64?
  package var lastSentAtMs: Int64?
  package var keepFiringSinceMs: Int64?
  /// Until when Alertmanager takes it for firing if it hears nothing more.
  package var validUntilMs: Int64 = 0

  package init(labels: Labels, annotations: Labels, value: Double, activeAtMs: Int64) {
    self.labels = labels
    self.annotations = annotations
    self.value = value
    self.activeAtMs = activeAtMs
  }
}

/// The alerts of one rule: results of an evaluation in, states out. Knows no clock and no store.
package struct AlertStateMachine: Sendable, Equatable {
  /// How long a resolved alert is kept, so that it is sent again.
  package static let resolvedRetentionMs: Int64 = 15 * 60_000

  /// By labels. Resolved alerts stay for a while.
  package private(set) var alerts: [Labels: AlertInstance] = [:]

  /// What an evaluation found for one alert.
  package struct Observation: Sendable {
    package var labels: Labels
    package var annotations: Labels
    package var value: Double

    package init(labels: Labels, annotations: Labels, value: Double) {
      self.labels = labels
      self.annotations = annotations
      self.value = value
    }
  }

  package init() {}

  /// Takes over the alerts of the same rule before a reload.
  package mutating func adopt(_ other: AlertStateMachine) {
    alerts = other.alerts
  }

  /// Moves every alert on by one evaluation.
  /// - Returns: the number of pending and firing alerts.
  package mutating func observe(
    _ found: [Observation], atMs nowMs: Int64, forMs: Int64, keepFiringForMs: Int64
  ) -> Int {
    var present = Set<Labels>(minimumCapacity: found.count)
    for observation in found {
      present.insert(observation.labels)
      begin(observation, atMs: nowMs)
    }
    var active = 0
    for key in Array(alerts.keys) {
      guard var alert = alerts[key] else { continue }
      if present.contains(key) {
        alert.keepFiringSinceMs = nil
      } else if !keepsFiring(&alert, atMs: nowMs, keepFiringForMs: keepFiringForMs) {
        alerts[key] = afterEnd(alert, atMs: nowMs)
        continue
      }
      active += 1
      if alert.state == .pending, nowMs - alert.activeAtMs >= forMs {
        alert.state = .firing
        alert.firedAtMs = nowMs
      }
      alerts[key] = alert
    }
    return active
  }

  /// Forgets everything, as when a limit is exceeded.
  package mutating func reset() { alerts = [:] }

  /// Pending and firing alerts, by labels.
  package var active: [AlertInstance] {
    alerts.values.filter { $0.state != .inactive }.sorted { $0.labels < $1.labels }
  }

  /// The highest state of any alert.
  package var state: AlertState {
    if alerts.values.contains(where: { $0.state == .firing }) { return .firing }
    return alerts.values.contains { $0.state == .pending } ? .pending : .inactive
  }

  /// The alerts that are due to be sent, marked as sent.
  package mutating func takeDue(atMs nowMs: Int64, resendDelayMs: Int64, intervalMs: Int64)
    -> [AlertInstance]
  {
    var due: [AlertInstance] = []
    for (key, alert) in alerts where AlertStateMachine.isDue(alert, nowMs, resendDelayMs) {
      var sent = alert
      sent.lastSentAtMs = nowMs
      sent.validUntilMs = nowMs + 4 * max(resendDelayMs, intervalMs)
      alerts[key] = sent
      due.append(sent)
    }
    return due.sorted { $0.labels < $1.labels }
  }

  /// Sets back when an alert became active, after a restart.
  package mutating func restore(_ labels: Labels, activeAtMs: Int64) {
    alerts[labels]?.activeAtMs = activeAtMs
  }

  private mutating func begin(_ observation: Observation, atMs nowMs: Int64) {
    if var known = alerts[observation.labels], known.state != .inactive {
      known.value = observation.value
      known.annotations = observation.annotations
      alerts[observation.labels] = known
      return
    }
    alerts[observation.labels] = AlertInstance(
      labels: observation.labels, annotations: observation.annotations,
      value: observation.value, activeAtMs: nowMs)
  }

  private func keepsFiring(
    _ alert: inout AlertInstance, atMs nowMs: Int64, keepFiringForMs: Int64
  ) -> Bool {
    guard alert.state == .firing, keepFiringForMs > 0 else { return false }
    let since = alert.keepFiringSinceMs ?? nowMs
    alert.keepFiringSinceMs = since
    return nowMs - since < keepFiringForMs
  }

  /// An alert whose expression is no longer true; nil if it is forgotten.
  private func afterEnd(_ alert: AlertInstance, atMs nowMs: Int64) -> AlertInstance? {
    switch alert.state {
    case .pending, .unknown: return nil
    case .inactive:
      let resolvedAtMs = alert.resolvedAtMs ?? nowMs
      return nowMs - resolvedAtMs > AlertStateMachine.resolvedRetentionMs ? nil : alert
    case .firing:
      var resolved = alert
      resolved.state = .inactive
      resolved.resolvedAtMs = nowMs
      return resolved
    }
  }

  private static func isDue(
    _ alert: AlertInstance, _ nowMs: Int64, _ resendDelayMs: Int64
  ) -> Bool {
    guard alert.state != .pending else { return false }
    guard let lastSentAtMs = alert.lastSentAtMs else { return true }
    if let resolvedAtMs = alert.resolvedAtMs, resolvedAtMs > lastSentAtMs { return true }
    return lastSentAtMs + resendDelayMs < nowMs
  }
}
