internal import ApusSystem
internal import Synchronization

/// Time that moves only when the test says so. Sleepers are woken in the order of their times.
package final class SimulatedClock: WallClock {
  private struct Sleeper {
    let id: Int
    let wakeMs: Int64
    let continuation: CheckedContinuation<Void, any Error>
  }

  private struct State {
    var nowMs: Int64
    var lastID = 0
    var sleepers: [Sleeper] = []
  }

  private let state: Mutex<State>

  package init(nowMs: Int64 = 1_700_000_000_000) {
    state = Mutex(State(nowMs: nowMs))
  }

  package var nowMs: Int64 { state.withLock { $0.nowMs } }
  package var monotonicNs: UInt64 { UInt64(max(0, nowMs)) * 1_000_000 }

  /// Tasks that wait for a time.
  package var sleeperCount: Int { state.withLock { $0.sleepers.count } }

  package func sleep(untilMs timeMs: Int64) async throws {
    let id = state.withLock { state in
      state.lastID += 1
      return state.lastID
    }
    try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { continuation in
        let ending: Result<Void, any Error>? = state.withLock { state in
          if Task.isCancelled { return .failure(CancellationError()) }
          if state.nowMs >= timeMs { return .success(()) }
          state.sleepers.append(
            Sleeper(id: id, wakeMs: timeMs, continuation: continuation))
          return nil
        }
        if let ending { continuation.resume(with: ending) }
      }
    } onCancel: {
      let sleeper = state.withLock { state in
        state.sleepers.firstIndex { $0.id == id }.map { state.sleepers.remove(at: $0) }
      }
      sleeper?.continuation.resume(throwing: CancellationError())
    }
  }

  /// Whether a task waits for exactly this time.
  package func hasSleeper(at timeMs: Int64) -> Bool {
    state.withLock { $0.sleepers.contains { $0.wakeMs == timeMs } }
  }

  /// Sets the time without waking anyone, such as for a scrape that takes long.
  package func jump(byMs durationMs: Int64) { state.withLock { $0.nowMs += durationMs } }

  /// Moves on, from one sleeper's time to the next, and lets the woken ones work in between.
  package func advance(byMs durationMs: Int64) async {
    let endMs = nowMs + durationMs
    while true {
      await settle()
      let due: Sleeper? = state.withLock { state in
        let next = state.sleepers.indices.min {
          (state.sleepers[$0].wakeMs, state.sleepers[$0].id)
            < (state.sleepers[$1].wakeMs, state.sleepers[$1].id)
        }
        guard let next, state.sleepers[next].wakeMs <= endMs else { return nil }
        let sleeper = state.sleepers.remove(at: next)
        state.nowMs = max(state.nowMs, sleeper.wakeMs)
        return sleeper
      }
      guard let due else { break }
      due.continuation.resume()
    }
    state.withLock { $0.nowMs = max($0.nowMs, endMs) }
    await settle()
  }

  /// Waits until so many tasks sleep.
  package func waitForSleepers(_ count: Int) async {
    while sleeperCount < count { await settle() }
  }

  /// Gives other tasks and threads the chance to run until they wait for something.
  package func settle() async {
    for _ in 0..<20 { await Task.yield() }
    try? await Task.sleep(nanoseconds: 200_000)
    for _ in 0..<20 { await Task.yield() }
  }
}
