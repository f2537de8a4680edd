/// Door: the time, and waiting for it.
package protocol WallClock: Sendable {
  /// Milliseconds since the Unix epoch.
  var nowMs: Int64 { get }

  /// Nanoseconds of a clock that never jumps; only differences mean something.
  var monotonicNs: UInt64 { get }

  /// Returns when `nowMs` has reached `timeMs`, at once if it has passed.
  /// - Throws: `CancellationError` when the task is cancelled meanwhile.
  func sleep(untilMs timeMs: Int64) async throws
}

extension WallClock {
  package func sleep(forMs durationMs: Int64) async throws {
    try await sleep(untilMs: nowMs + durationMs)
  }
}
