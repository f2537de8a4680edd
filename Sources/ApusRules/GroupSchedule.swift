/// When a group's turn comes. Pure.
package struct GroupSchedule: Sendable, Equatable {
  package let intervalMs: Int64
  /// Where in each interval the turn lies, so that groups spread.
  package let offsetMs: Int64

  package init(intervalMs: Int64, hash: UInt64) {
    self.intervalMs = max(1, intervalMs)
    offsetMs = Int64(hash % UInt64(max(1, intervalMs)))
  }

  /// The first turn after `nowMs`.
  package func first(afterMs nowMs: Int64) -> Int64 {
    let shifted = nowMs - offsetMs
    let intoInterval = ((shifted % intervalMs) + intervalMs) % intervalMs
    return shifted - intoInterval + offsetMs + intervalMs
  }

  /// The turn to take at `nowMs` after the one at `lastMs`, and how many were missed; nil if it
  /// is not time yet.
  package func next(afterMs lastMs: Int64, nowMs: Int64) -> (timeMs: Int64, missed: Int64)? {
    let passed = (nowMs - lastMs) / intervalMs
    guard passed >= 1 else { return nil }
    return (lastMs + passed * intervalMs, passed - 1)
  }
}
