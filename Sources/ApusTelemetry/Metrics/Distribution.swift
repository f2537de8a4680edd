internal import Synchronization

/// Observations counted in buckets, with their sum.
package final class Distribution: Sendable {
  /// Upper bounds of the buckets, ascending; the last one, +Inf, is implied.
  package let bounds: [Double]
  private let state: Mutex<State>

  private struct State {
    var counts: [UInt64]
    var sum = 0.0
  }

  /// What was observed so far.
  package struct Reading: Sendable {
    /// Observations at or below each bound, the one for +Inf last.
    package let cumulativeCounts: [UInt64]
    package let sum: Double

    package var count: UInt64 { cumulativeCounts.last ?? 0 }
  }

  package init(bounds: [Double]) {
    self.bounds = bounds
    state = Mutex(State(counts: [UInt64](repeating: 0, count: bounds.count + 1)))
  }

  package func observe(_ value: Double) {
    let at = bounds.firstIndex { value <= $0 } ?? bounds.count
    state.withLock {
      $0.counts[at] += 1
      $0.sum += value
    }
  }

  package var reading: Reading {
    state.withLock { state in
      var total: UInt64 = 0
      let cumulative = state.counts.map { count -> UInt64 in
        total += count
        return total
      }
      return Reading(cumulativeCounts: cumulative, sum: state.sum)
    }
  }
}
