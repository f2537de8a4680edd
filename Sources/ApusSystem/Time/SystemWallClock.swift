internal import Glibc

/// The real clock.
package struct SystemWallClock: WallClock {
  package init() {}

  package var nowMs: Int64 {
    var t = timespec()
    unsafe clock_gettime(CLOCK_REALTIME, &t)
    return Int64(t.tv_sec) * 1000 + Int64(t.tv_nsec) / 1_000_000
  }

  package var monotonicNs: UInt64 {
    var t = timespec()
    unsafe clock_gettime(CLOCK_MONOTONIC, &t)
    return UInt64(t.tv_sec) * 1_000_000_000 + UInt64(t.tv_nsec)
  }

  package func sleep(untilMs timeMs: Int64) async throws {
    // In a loop, because the wall clock may be set back while we wait.
    while true {
      let leftMs = timeMs - nowMs
      guard leftMs > 0 else { return try Task.checkCancellation() }
      try await Task.sleep(nanoseconds: UInt64(min(leftMs, 60_000)) * 1_000_000)
    }
  }
}
