internal import ApusSystem
internal import Synchronization

/// Lets a limited number of queries run at a time; the others wait in order.
///
/// One lock, `state`; no continuation is resumed under it.
final class QueryGate: Sendable {
  enum Outcome: Sendable {
    case placed, timedOut, cancelled
  }

  private struct Waiter {
    let number: Int
    /// Resumed with whether there is a place.
    let continuation: CheckedContinuation<Bool, Never>
  }

  private struct State {
    var running = 0
    var waiters: [Waiter] = []
    var nextNumber = 0
    /// Gave up before they came to wait.
    var withdrawn: Set<Int> = []
  }

  private let limit: Int
  private let state = Mutex(State())

  init(limit: Int) { self.limit = max(limit, 1) }

  func enter(timeoutMs: Int64, clock: any WallClock) async -> Outcome {
    if Task.isCancelled { return .cancelled }
    if takePlace() { return .placed }
    let number = state.withLock { state in
      state.nextNumber += 1
      return state.nextNumber
    }
    return await withTaskGroup(of: Outcome.self) { group in
      group.addTask { await self.wait(number) ? .placed : .cancelled }
      group.addTask {
        (try? await clock.sleep(forMs: timeoutMs)) == nil ? .cancelled : .timedOut
      }
      let first = await group.next() ?? .cancelled
      if first == .placed {
        group.cancelAll()
        return .placed
      }
      group.cancelAll()
      // The place may have come in the same moment; then it is taken.
      let second = await group.next() ?? .cancelled
      if second == .placed { return .placed }
      return first == .timedOut ? .timedOut : .cancelled
    }
  }

  func leave() {
    let next = state.withLock { state -> Waiter? in
      if state.waiters.isEmpty {
        state.running -= 1
        return nil
      }
      return state.waiters.removeFirst()
    }
    next?.continuation.resume(returning: true)
  }

  private func takePlace() -> Bool {
    state.withLock { state in
      guard state.running < limit else { return false }
      state.running += 1
      return true
    }
  }

  private func wait(_ number: Int) async -> Bool {
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let outcome = state.withLock { state -> Bool? in
          if state.withdrawn.remove(number) != nil { return false }
          if state.running < limit {
            state.running += 1
            return true
          }
          state.waiters.append(Waiter(number: number, continuation: continuation))
          return nil
        }
        if let outcome { continuation.resume(returning: outcome) }
      }
    } onCancel: {
      withdraw(number)
    }
  }

  private func withdraw(_ number: Int) {
    let waiter = state.withLock { state -> Waiter? in
      guard let place = state.waiters.firstIndex(where: { $0.number == number }) else {
        state.withdrawn.insert(number)
        return nil
      }
      return state.waiters.remove(at: place)
    }
    waiter?.continuation.resume(returning: false)
  }
}
