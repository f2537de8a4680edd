package import ApusModel

/// Samples of one series in columns, ascending by time. Reused from series to series, so that
/// reading costs no allocation.
///
/// Float samples and native histograms stand apart, as a series may hold both.
package struct SampleBatch: Sendable {
  /// Times of the float samples, ms since the epoch.
  package var times: [Int64] = []
  /// Parallel to `times`. Stale markers are among them.
  package var values: [Double] = []
  /// Start timestamps of the float samples, ms since the epoch, 0 where unknown: parallel to
  /// `times`, or empty where the store keeps none.
  package var startTimes: [Int64] = []
  /// Times of the native histograms, ms since the epoch.
  package var histogramTimes: [Int64] = []
  /// Parallel to `histogramTimes`. A stale one has a stale marker for its sum.
  package var histograms: [FloatHistogram] = []
  /// Start timestamps of the histograms, ms since the epoch, 0 where unknown: for the first ones;
  /// those that are left out at the end are unknown.
  package var histogramStartTimes: [Int64] = []

  package init() {}

  package var isEmpty: Bool { times.isEmpty && histogramTimes.isEmpty }

  package mutating func removeAll() {
    times.removeAll(keepingCapacity: true)
    values.removeAll(keepingCapacity: true)
    startTimes.removeAll(keepingCapacity: true)
    histogramTimes.removeAll(keepingCapacity: true)
    histograms.removeAll(keepingCapacity: true)
    histogramStartTimes.removeAll(keepingCapacity: true)
  }
}

/// The newest sample of a series at some time.
package struct LatestSample: Sendable {
  package enum Value: Sendable {
    case float(Double)
    case histogram(FloatHistogram)
  }

  package let timeMs: Int64
  package let value: Value

  package init(timeMs: Int64, value: Value) {
    self.timeMs = timeMs
    self.value = value
  }
}
