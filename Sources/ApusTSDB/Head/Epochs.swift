internal import Synchronization

/// Tells when memory that was taken out of use can be used again: not before every reader that
/// might still look at it has gone.
///
/// A reader holds a lease from before its first look until after its last. What is freed is
/// stamped with the epoch of that moment; it may be reused once the oldest lease is younger.
final class Epochs: Sendable {
  private struct State {
    var now: UInt64 = 1
    /// Number of open leases by the epoch in which they were taken.
    var leases: [UInt64: Int] = [:]
    var oldest = UInt64.max
  }

  private let state = Mutex(State())
  /// Number of open leases.
  private let count = Atomic<Int>(0)

  /// Whether there is no lease. A reader copies addresses only after it has taken one, under the
  /// head's state lock: the holder of that lock may reuse at once what it frees while this is so.
  var isAlone: Bool { count.load(ordering: .acquiring) == 0 }

  /// Keeps everything readable that was in use when it was taken, until it is released.
  final class Lease: Sendable {
    fileprivate let epoch: UInt64
    private let epochs: Epochs

    fileprivate init(epoch: UInt64, epochs: Epochs) {
      self.epoch = epoch
      self.epochs = epochs
    }

    deinit { epochs.leave(epoch) }
  }

  func enter() -> Lease {
    count.add(1, ordering: .acquiringAndReleasing)
    let epoch = state.withLock { state in
      state.leases[state.now, default: 0] += 1
      state.oldest = min(state.oldest, state.now)
      return state.now
    }
    return Lease(epoch: epoch, epochs: self)
  }

  /// The stamp for things freed now.
  func stamp() -> UInt64 {
    state.withLock { state in
      // With no reader about, nobody can tell two epochs apart.
      if state.oldest != .max { state.now += 1 }
      return state.now - 1
    }
  }

  /// Things stamped below this may be reused.
  var reusableBelow: UInt64 {
    state.withLock { $0.oldest }
  }

  private func leave(_ epoch: UInt64) {
    defer { count.subtract(1, ordering: .acquiringAndReleasing) }
    state.withLock { state in
      guard let count = state.leases[epoch] else { return }
      guard count == 1 else {
        state.leases[epoch] = count - 1
        return
      }
      state.leases[epoch] = nil
      if epoch == state.oldest { state.oldest = state.leases.keys.min() ?? .max }
    }
  }
}
