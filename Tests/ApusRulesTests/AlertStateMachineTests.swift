import ApusModel
import ApusRules
import Testing

@Suite struct AlertStateMachineTests {
  private static let minute: Int64 = 60_000
  private static let down: Labels = ["alertname": "Down", "instance": "a"]

  private func found(_ value: Double = 1, _ labels: Labels = down)
    -> [AlertStateMachine.Observation]
  {
    [.init(labels: labels, annotations: [:], value: value)]
  }

  @Test func `without for an alert fires at once`() {
    var machine = AlertStateMachine()
    #expect(machine.observe(found(), atMs: 0, forMs: 0, keepFiringForMs: 0) == 1)
    #expect(machine.state == .firing)
    #expect(machine.active[0].firedAtMs == 0)
  }

  @Test func `an alert is pending until for has passed`() {
    var machine = AlertStateMachine()
    _ = machine.observe(found(), atMs: 0, forMs: 120_000, keepFiringForMs: 0)
    #expect(machine.state == .pending)
    _ = machine.observe(found(), atMs: 119_999, forMs: 120_000, keepFiringForMs: 0)
    #expect(machine.state == .pending)
    _ = machine.observe(found(), atMs: 120_000, forMs: 120_000, keepFiringForMs: 0)
    #expect(machine.state == .firing)
    #expect(machine.active[0].activeAtMs == 0)
    #expect(machine.active[0].firedAtMs == 120_000)
  }

  @Test func `a pending alert that is no longer true is forgotten and begins anew`() {
    var machine = AlertStateMachine()
    _ = machine.observe(found(), atMs: 0, forMs: 120_000, keepFiringForMs: 0)
    #expect(machine.observe([], atMs: 60_000, forMs: 120_000, keepFiringForMs: 0) == 0)
    #expect(machine.alerts.isEmpty)
    _ = machine.observe(found(), atMs: 120_000, forMs: 120_000, keepFiringForMs: 0)
    #expect(machine.active[0].activeAtMs == 120_000)
  }

  @Test func `a firing alert that ends is resolved, kept a quarter of an hour, then forgotten`() {
    var machine = AlertStateMachine()
    _ = machine.observe(found(), atMs: 0, forMs: 0, keepFiringForMs: 0)
    _ = machine.observe([], atMs: 1_000, forMs: 0, keepFiringForMs: 0)
    #expect(machine.state == .inactive)
    #expect(machine.active.isEmpty)
    #expect(machine.alerts[Self.down]?.resolvedAtMs == 1_000)
    _ = machine.observe([], atMs: 1_000 + 15 * Self.minute, forMs: 0, keepFiringForMs: 0)
    #expect(machine.alerts.count == 1)
    _ = machine.observe([], atMs: 1_001 + 15 * Self.minute, forMs: 0, keepFiringForMs: 0)
    #expect(machine.alerts.isEmpty)
  }

  @Test func `keep_firing_for holds an alert with its last value, then lets it resolve`() {
    var machine = AlertStateMachine()
    _ = machine.observe(found(7), atMs: 0, forMs: 0, keepFiringForMs: 60_000)
    #expect(machine.observe([], atMs: 1_000, forMs: 0, keepFiringForMs: 60_000) == 1)
    #expect(machine.active[0].keepFiringSinceMs == 1_000)
    #expect(machine.active[0].value == 7)
    _ = machine.observe([], atMs: 60_999, forMs: 0, keepFiringForMs: 60_000)
    #expect(machine.state == .firing)
    _ = machine.observe([], atMs: 61_000, forMs: 0, keepFiringForMs: 60_000)
    #expect(machine.state == .inactive)
    #expect(machine.alerts[Self.down]?.resolvedAtMs == 61_000)
  }

  @Test func `an alert that comes back while it is kept firing counts from its next end`() {
    var machine = AlertStateMachine()
    _ = machine.observe(found(), atMs: 0, forMs: 0, keepFiringForMs: 60_000)
    _ = machine.observe([], atMs: 1_000, forMs: 0, keepFiringForMs: 60_000)
    _ = machine.observe(found(), atMs: 2_000, forMs: 0, keepFiringForMs: 60_000)
    #expect(machine.active[0].keepFiringSinceMs == nil)
    _ = machine.observe([], atMs: 61_500, forMs: 0, keepFiringForMs: 60_000)
    #expect(machine.state == .firing)
  }

  @Test func `a resolved alert that is true again is a new alert`() {
    var machine = AlertStateMachine()
    _ = machine.observe(found(), atMs: 0, forMs: 0, keepFiringForMs: 0)
    _ = machine.observe([], atMs: 1_000, forMs: 0, keepFiringForMs: 0)
    _ = machine.observe(found(), atMs: 2_000, forMs: 5_000, keepFiringForMs: 0)
    #expect(machine.active[0].activeAtMs == 2_000)
    #expect(machine.active[0].resolvedAtMs == nil)
    #expect(machine.state == .pending)
  }

  @Test func `value and annotations follow the expression`() {
    var machine = AlertStateMachine()
    _ = machine.observe(found(1), atMs: 0, forMs: 0, keepFiringForMs: 0)
    let next = AlertStateMachine.Observation(
      labels: Self.down, annotations: ["summary": "two"], value: 2)
    _ = machine.observe([next], atMs: 1_000, forMs: 0, keepFiringForMs: 0)
    #expect(machine.active[0].value == 2)
    #expect(machine.active[0].annotations["summary"] == "two")
    #expect(machine.active[0].activeAtMs == 0)
  }

  @Test func `a pending alert is never sent`() {
    var machine = AlertStateMachine()
    _ = machine.observe(found(), atMs: 0, forMs: 60_000, keepFiringForMs: 0)
    #expect(machine.takeDue(atMs: 0, resendDelayMs: 60_000, intervalMs: 1_000).isEmpty)
  }

  @Test func `a firing alert is sent at once and again after the resend delay`() {
    var machine = AlertStateMachine()
    _ = machine.observe(found(), atMs: 0, forMs: 0, keepFiringForMs: 0)
    let first = machine.takeDue(atMs: 0, resendDelayMs: 60_000, intervalMs: 1_000)
    #expect(first.count == 1)
    #expect(first[0].validUntilMs == 240_000)
    #expect(machine.takeDue(atMs: 60_000, resendDelayMs: 60_000, intervalMs: 1_000).isEmpty)
    #expect(machine.takeDue(atMs: 60_001, resendDelayMs: 60_000, intervalMs: 1_000).count == 1)
  }

  @Test func `how long Alertmanager may wait follows the interval where that is longer`() {
    var machine = AlertStateMachine()
    _ = machine.observe(found(), atMs: 0, forMs: 0, keepFiringForMs: 0)
    let sent = machine.takeDue(atMs: 0, resendDelayMs: 60_000, intervalMs: 300_000)
    #expect(sent[0].validUntilMs == 1_200_000)
  }

  @Test func `a resolution is sent at once, whenever the alert was last sent`() {
    var machine = AlertStateMachine()
    _ = machine.observe(found(), atMs: 0, forMs: 0, keepFiringForMs: 0)
    _ = machine.takeDue(atMs: 0, resendDelayMs: 60_000, intervalMs: 1_000)
    _ = machine.observe([], atMs: 1_000, forMs: 0, keepFiringForMs: 0)
    let sent = machine.takeDue(atMs: 1_000, resendDelayMs: 60_000, intervalMs: 1_000)
    #expect(sent.map(\.resolvedAtMs) == [1_000])
    #expect(machine.takeDue(atMs: 2_000, resendDelayMs: 60_000, intervalMs: 1_000).isEmpty)
  }

  @Test func `alerts of one rule live apart`() {
    var machine = AlertStateMachine()
    let b: Labels = ["alertname": "Down", "instance": "b"]
    _ = machine.observe(
      found() + found(1, b), atMs: 0, forMs: 0, keepFiringForMs: 0)
    #expect(machine.observe(found(1, b), atMs: 1, forMs: 0, keepFiringForMs: 0) == 1)
    #expect(machine.active.map(\.labels) == [b])
  }
}
