internal import Synchronization

/// Observations with their sum, and quantiles of the latest ones.
package final class Summary: Sendable {
  /// Quantiles are those of so many latest observations.
  package static let windowCount = 1024

  /// 0...1, ascending.
  package let quantiles: [Double]
  private let state = Mutex(State())

  private struct State {
    var latest: [Double] = []
    var next = 0
    var count: UInt64 = 0
    var sum = 0.0
  }

  /// What was observed so far. A quantile is NaN where nothing was.
  package struct Reading: Sendable {
    package let quantileValues: [Double]
    package let sum: Double
    package let count: UInt64
  }

  package init(quantiles: [Double]) { self.quantiles = quantiles }

  package func observe(_ value: Double) {
    state.withLock {
      $0.count += 1
      $0.sum += value
      if $0.latest.count < Summary.windowCount {
        $0.latest.append(value)
      } else {
        $0.latest[$0.next] = value
        $0.next = ($0.next + 1) % Summary.windowCount
      }
    }
  }

  package var reading: Reading {
    let now = state.withLock { $0 }
    let sorted = now.latest.sorted()
    let values = quantiles.map { quantile -> Double in
      guard !sorted.isEmpty else { return .nan }
      return sorted[min(sorted.count - 1, Int(quantile * Double(sorted.count)))]
    }
    return Reading(quantileValues: values, sum: now.sum, count: now.count)
  }
}
