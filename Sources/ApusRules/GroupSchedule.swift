internal import ApusSystem

/// When a group's turn comes. Pure.
package struct GroupSchedule: Sendable, Equatable {
  package let intervalMs: Int64
  /// Where in each interval the turn lies, so that groups spread; ns.
  package let offsetNs: Int64

  /// Turns as Prometheus gives them to a group of this name in this file (rules/group.go, hash).
  package init(intervalMs: Int64, file: String, name: String) {
    var key: [UInt8] = []
    for text in ["file", file, "name", name] {
      key += text.utf8
      key.append(0xFF)
    }
    self.init(intervalMs: intervalMs, hash: XXHash64.hash(key.span))
  }

  package init(intervalMs: Int64, hash: UInt64) {
    // A month is enough to spread over, and keeps the product small.
    let length = min(max(1, intervalMs), 31 * 86_400_000)
    self.intervalMs = max(1, intervalMs)
    offsetNs = Int64(hash % (UInt64(length) * 1_000_000))
  }

  package var offsetMs: Int64 { offsetNs / 1_000_000 }

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

extension RuleGroupDefinition {
  package var schedule: GroupSchedule {
    GroupSchedule(intervalMs: intervalMs, file: file, name: name)
  }
}
