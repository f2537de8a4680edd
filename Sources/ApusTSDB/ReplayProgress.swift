internal import Synchronization

/// How far the log has been replayed, for those who wait for it. Read from any thread.
package final class ReplayProgress: Sendable {
  package enum Phase: String, Sendable {
    case waiting
    case inProgress = "in progress"
    case done
  }

  package struct State: Sendable, Equatable {
    package var phase = Phase.waiting
    /// The segments to be replayed.
    package var firstSegment = 0
    package var lastSegment = 0
    /// The last one that was read.
    package var currentSegment = 0
  }

  private let current = Mutex(State())

  package init() {}

  package var state: State { current.withLock { $0 } }

  func begin(_ segments: [Int]) {
    current.withLock { state in
      state.phase = .inProgress
      state.firstSegment = segments.first ?? 0
      state.lastSegment = segments.last ?? 0
      state.currentSegment = state.firstSegment
    }
  }

  func advance(to segment: Int) { current.withLock { $0.currentSegment = segment } }

  func end() {
    current.withLock { state in
      state.phase = .done
      state.currentSegment = state.lastSegment
    }
  }
}
