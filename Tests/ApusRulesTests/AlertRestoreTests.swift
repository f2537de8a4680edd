import ApusRules
import Testing

@Suite struct AlertRestoreTests {
  private static let minute: Int64 = 60_000
  private let restore = AlertRestore(gracePeriodMs: 10 * minute, outageToleranceMs: 60 * minute)

  @Test func `an alert that fired before the outage keeps its begin`() {
    #expect(
      restore.activeAtMs(
        lastSampleMs: 40 * Self.minute, activeAtMs: 0, forMs: 30 * Self.minute,
        nowMs: 50 * Self.minute) == 0)
  }

  @Test func `an alert that was about to fire waits for the grace period`() {
    let now = 50 * Self.minute
    let activeAtMs = restore.activeAtMs(
      lastSampleMs: 25 * Self.minute, activeAtMs: 0, forMs: 30 * Self.minute, nowMs: now)
    #expect(activeAtMs + 30 * Self.minute == now + 10 * Self.minute)
  }

  @Test func `the time of the outage does not count for an alert far from firing`() {
    #expect(
      restore.activeAtMs(
        lastSampleMs: 5 * Self.minute, activeAtMs: 0, forMs: 30 * Self.minute,
        nowMs: 20 * Self.minute) == 15 * Self.minute)
  }
}
