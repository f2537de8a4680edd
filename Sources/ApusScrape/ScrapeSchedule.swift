internal import ApusSystem

/// When a target's turn comes. Pure: everything is a function of the target and the time.
///
/// Every target has its own grid: the multiples of the interval, shifted by an offset that comes
/// from its labels and the server, so that targets are spread and each is met at the same phase
/// after a restart.
package struct ScrapeSchedule: Sendable, Equatable {
  package let intervalMs: Int64
  /// 0 up to the interval.
  package let offsetMs: Int64

  /// - Parameters:
  ///   - targetHash: of the target's labels and address.
  ///   - seed: of the server, so that replicas do not scrape at the same moment.
  package init(intervalMs: Int64, targetHash: UInt64, seed: UInt64) {
    self.intervalMs = max(1, intervalMs)
    offsetMs = Int64((targetHash ^ seed) % UInt64(self.intervalMs))
  }

  /// The first point of the grid that is not before `timeMs`.
  package func tick(notBefore timeMs: Int64) -> Int64 {
    let behind = (timeMs - offsetMs) % intervalMs
    let rest = behind < 0 ? behind + intervalMs : behind
    return rest == 0 ? timeMs : timeMs + intervalMs - rest
  }

  /// The tick after the one at `dueMs`, for a scrape that ended at `nowMs`. Of several missed ticks
  /// only the newest is made up for, as with Go's tickers.
  package func tick(after dueMs: Int64, endedMs nowMs: Int64) -> Int64 {
    let next = dueMs + intervalMs
    return nowMs < next ? next : max(next, tick(notBefore: nowMs - intervalMs + 1))
  }

  /// The timestamp of a scrape that was due at `dueMs` and begins at `nowMs`: the ideal one if it
  /// begins in time, because regular timestamps take next to no space.
  /// (Prometheus, scrape.go: 2 ms, but at most 1 % of the interval)
  package func timestamp(dueMs: Int64, nowMs: Int64) -> Int64 {
    let tolerance = min(intervalMs / 100, Limits.alignmentToleranceMs)
    let lateMs = nowMs - dueMs
    return lateMs >= 0 && lateMs <= tolerance ? dueMs : nowMs
  }
}

/// A 64-bit FNV-1a hash, as Prometheus takes for the offset of a server.
package func fnv64a(_ text: String) -> UInt64 {
  var hash: UInt64 = 0xCBF2_9CE4_8422_2325
  for byte in text.utf8 {
    hash ^= UInt64(byte)
    hash &*= 0x100_0000_01B3
  }
  return hash
}
