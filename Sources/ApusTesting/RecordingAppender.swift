package import ApusModel
package import ApusStorage
internal import Synchronization

/// An appender that keeps what it is given, in order, and refuses what the test says.
package final class RecordingAppender: Appender {
  package struct Sample: Sendable, Equatable, CustomStringConvertible {
    package let labels: Labels
    package let timeMs: Int64
    package let value: Double

    package init(_ labels: Labels, _ timeMs: Int64, _ value: Double) {
      self.labels = labels
      self.timeMs = timeMs
      self.value = value
    }

    package static func == (a: Sample, b: Sample) -> Bool {
      a.labels == b.labels && a.timeMs == b.timeMs && a.value.bitPattern == b.value.bitPattern
    }

    /// Such as `{__name__="up"} 1 @5`; `stale` for the marker.
    package var description: String {
      let value = StaleMarker.isStale(value) ? "stale" : FloatText.g(value)
      return "\(labels) \(value) @\(timeMs)"
    }
  }

  private struct State {
    var labels: [Labels] = []
    var refs: [Labels: SeriesRef] = [:]
    var batches: [[Sample]] = []
    var histograms: [(labels: Labels, timeMs: Int64, histogram: FloatHistogram)] = []
    var exemplars: [(labels: Labels, exemplar: Exemplar)] = []
    var resolveCalls = 0
    var resolvedCount = 0
    var rejections: [Labels: AppendError] = [:]
    var failure: StorageError?
  }

  private let state = Mutex(State())

  package init() {}

  package var batches: [[Sample]] { state.withLock { $0.batches } }
  package var samples: [Sample] { state.withLock { $0.batches.flatMap { $0 } } }
  package var histograms: [(labels: Labels, timeMs: Int64, histogram: FloatHistogram)] {
    state.withLock { $0.histograms }
  }
  package var exemplars: [(labels: Labels, exemplar: Exemplar)] {
    state.withLock { $0.exemplars }
  }
  package var resolveCalls: Int { state.withLock { $0.resolveCalls } }
  package var resolvedCount: Int { state.withLock { $0.resolvedCount } }

  /// Samples of the series are refused from now on; nil for no more.
  package func reject(_ labels: Labels, with error: AppendError?) {
    state.withLock { $0.rejections[labels] = error }
  }

  /// Makes all calls fail from now on; nil for no more.
  package func fail(with error: StorageError?) { state.withLock { $0.failure = error } }

  /// Forgets all series, as a store does after a truncation: their refs are unknown afterwards.
  package func forgetSeries() { state.withLock { $0.refs = [:] } }

  package func clear() {
    state.withLock {
      $0.batches = []
      $0.exemplars = []
      $0.histograms = []
      $0.resolveCalls = 0
      $0.resolvedCount = 0
    }
  }

  package func resolve(_ series: [Labels]) throws(StorageError) -> [SeriesRef] {
    try state.withLock { state throws(StorageError) in
      if let failure = state.failure { throw failure }
      state.resolveCalls += 1
      state.resolvedCount += series.count
      return series.map { labels in
        if let ref = state.refs[labels] { return ref }
        state.labels.append(labels)
        let ref = SeriesRef(UInt64(state.labels.count))
        state.refs[labels] = ref
        return ref
      }
    }
  }

  package func append(_ batch: AppendBatch) throws(StorageError) -> AppendOutcome {
    try state.withLock { state throws(StorageError) in
      if let failure = state.failure { throw failure }
      var outcome = AppendOutcome()
      var taken: [Sample] = []
      for i in batch.refs.indices {
        let labels = state.labels[Int(batch.refs[i].number) - 1]
        let isKnown = state.refs[labels] == batch.refs[i]
        if let error = isKnown ? state.rejections[labels] : .unknownSeries {
          outcome.rejections.append(.init(index: i, isHistogram: false, error: error))
        } else {
          taken.append(Sample(labels, batch.times[i], batch.values[i]))
        }
      }
      for i in batch.histogramRefs.indices {
        let labels = state.labels[Int(batch.histogramRefs[i].number) - 1]
        let isKnown = state.refs[labels] == batch.histogramRefs[i]
        if let error = isKnown ? state.rejections[labels] : .unknownSeries {
          outcome.rejections.append(.init(index: i, isHistogram: true, error: error))
        } else {
          state.histograms.append((labels, batch.histogramTimes[i], batch.histograms[i]))
        }
      }
      state.batches.append(taken)
      for (ref, exemplar) in batch.exemplars {
        state.exemplars.append((state.labels[Int(ref.number) - 1], exemplar))
      }
      return outcome
    }
  }
}
