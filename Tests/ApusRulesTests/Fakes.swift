import ApusModel
import ApusPromQL
import ApusRules
import ApusStorage
import ApusSystem
import ApusTelemetry
import Synchronization

/// A store that keeps what it is given, sample by sample, and can be told to refuse.
final class RecordingStore: Appender, Queryable {
  struct Written: Equatable {
    let labels: Labels
    let timeMs: Int64
    /// Bits, so that stale markers compare.
    let bits: UInt64
  }

  private struct State {
    var series: [Labels] = []
    var written: [Written] = []
    var refused: [Labels: AppendError] = [:]
    var resolved = 0
    var failure: StorageError?
  }

  private let state = Mutex(State())

  var written: [Written] { state.withLock { $0.written } }
  var resolvedCount: Int { state.withLock { $0.resolved } }

  func refuse(_ labels: Labels, with error: AppendError?) {
    state.withLock { $0.refused[labels] = error }
  }

  func fail(with error: StorageError?) { state.withLock { $0.failure = error } }

  func clear() { state.withLock { $0.written = [] } }

  func resolve(_ series: [Labels]) throws(StorageError) -> [SeriesRef] {
    state.withLock { state in
      state.resolved += series.count
      return series.map { labels in
        if let at = state.series.firstIndex(of: labels) { return SeriesRef(UInt64(at + 1)) }
        state.series.append(labels)
        return SeriesRef(UInt64(state.series.count))
      }
    }
  }

  func append(_ batch: AppendBatch) throws(StorageError) -> AppendOutcome {
    let result = state.withLock { state -> Result<AppendOutcome, StorageError> in
      if let failure = state.failure { return .failure(failure) }
      var outcome = AppendOutcome()
      for i in batch.refs.indices {
        let labels = state.series[Int(batch.refs[i].number) - 1]
        if let error = state.refused[labels] {
          outcome.rejections.append(.init(index: i, isHistogram: false, error: error))
          if error == .unknownSeries { state.refused[labels] = nil }
        } else {
          state.written.append(
            Written(labels: labels, timeMs: batch.times[i], bits: batch.values[i].bitPattern))
        }
      }
      return .success(outcome)
    }
    return try result.get()
  }

  func querier(in range: TimeRange) throws(StorageError) -> any Querier {
    throw StorageError(.closed, "not asked in these tests")
  }

  func exemplars(
    in range: TimeRange, matching selectors: [[LabelMatcher]]
  ) throws(StorageError) -> [SeriesExemplars] { [] }
}

/// Keeps the alerts that are sent.
final class RecordingSink: AlertSink {
  private let kept = Mutex<[[Alert]]>([])

  var batches: [[Alert]] { kept.withLock { $0 } }

  func send(_ alerts: [Alert]) { kept.withLock { $0.append(alerts) } }
}

/// Answers queries from a table that tests change.
final class AnswerTable: Sendable {
  private let answers = Mutex<[String: Result<[InstantSeries], RuleError>]>([:])
  private let askedTimes = Mutex<[Int64]>([])

  var times: [Int64] { askedTimes.withLock { $0 } }

  func set(_ expression: String, _ elements: [(Labels, Double)]) {
    answers.withLock {
      $0[expression] = .success(
        elements.map { InstantSeries(labels: $0.0, timeMs: 0, value: .float($0.1)) })
    }
  }

  func fail(_ expression: String, _ text: String) {
    answers.withLock { $0[expression] = .failure(RuleError(text)) }
  }

  func answer(_ expression: String, _ timeMs: Int64) throws(RuleError) -> [InstantSeries] {
    askedTimes.withLock { $0.append(timeMs) }
    let known = answers.withLock { $0[expression] } ?? .success([])
    return try known.get().map {
      InstantSeries(labels: $0.labels, timeMs: timeMs, value: $0.value)
    }
  }
}
