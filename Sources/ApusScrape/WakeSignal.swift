internal import ApusSystem
internal import Synchronization

/// Lets a sleeper be woken before its time. One task sleeps; anyone may wake it.
final class WakeSignal: Sendable {
  private struct State {
    var isPending = false
    var waiter: CheckedContinuation<Void, Never>?
  }

  private let state = Mutex(State())

  /// Wakes the sleeper, or makes its next sleep end at once.
  func wake() {
    let waiter = state.withLock { state in
      state.isPending = state.waiter == nil
      return state.waiter.take()
    }
    waiter?.resume()
  }

  /// Returns when the time has come, when woken or when the task is cancelled.
  func sleep(untilMs timeMs: Int64, _ clock: any WallClock) async {
    await withTaskGroup(of: Void.self) { group in
      group.addTask { try? await clock.sleep(untilMs: timeMs) }
      group.addTask { await self.wait() }
      await group.next()
      group.cancelAll()
    }
  }

  private func wait() async {
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let isOver = state.withLock { state in
          // Cancellation is looked at under the lock: `onCancel` either finds the waiter or ran
          // before this.
          if state.isPending || Task.isCancelled {
            state.isPending = false
            return true
          }
          state.waiter = continuation
          return false
        }
        if isOver { continuation.resume() }
      }
    } onCancel: {
      state.withLock { $0.waiter.take() }?.resume()
    }
  }
}
