internal import ApusSystem
internal import Synchronization

/// A clock that stands still.
package struct StoppedClock: WallClock {
  package let nowMs: Int64

  package init(nowMs: Int64) { self.nowMs = nowMs }

  package var monotonicNs: UInt64 { UInt64(clamping: nowMs) * 1_000_000 }

  package func sleep(untilMs timeMs: Int64) async throws { try Task.checkCancellation() }
}

/// A clock on which waiting takes no time: it jumps to where someone waits for.
package final class JumpingClock: WallClock {
  private let time = Mutex<Int64>(1_000_000)

  package init() {}

  package var nowMs: Int64 { time.withLock { $0 } }
  package var monotonicNs: UInt64 { UInt64(clamping: nowMs) * 1_000_000 }

  package func sleep(untilMs timeMs: Int64) async throws {
    try Task.checkCancellation()
    time.withLock { $0 = max($0, timeMs) }
    // Real waiting, so that a loop that polls does not starve the others.
    try await Task.sleep(nanoseconds: 200_000)
  }
}
