import ApusModel
import ApusStorage
import ApusSystem
import Synchronization

/// A store that keeps what it is given, and rejects what it is told to.
final class FakeAppender: Appender {
  struct State {
    var series: [Labels] = []
    var resolved: [Labels] = []
    var batches: [AppendBatch] = []
    /// Refs that are not known any more.
    var forgotten: Set<SeriesRef> = []
    var errors: [Int64: AppendError] = [:]
    var failure: StorageError?
  }

  let state = Mutex(State())

  func resolve(_ series: [Labels]) throws(StorageError) -> [SeriesRef] {
    state.withLock { state in
      series.map { labels in
        state.resolved.append(labels)
        state.series.append(labels)
        return SeriesRef(UInt64(state.series.count))
      }
    }
  }

  func append(_ batch: AppendBatch) throws(StorageError) -> AppendOutcome {
    let result: Result<AppendOutcome, StorageError> = state.withLock { state in
      if let failure = state.failure { return .failure(failure) }
      var outcome = AppendOutcome()
      state.batches.append(batch)
      for (i, ref) in batch.refs.enumerated() {
        if state.forgotten.contains(ref) {
          outcome.rejections.append(.init(index: i, isHistogram: false, error: .unknownSeries))
        } else if let error = state.errors[batch.times[i]] {
          outcome.rejections.append(.init(index: i, isHistogram: false, error: error))
        }
      }
      return .success(outcome)
    }
    return try result.get()
  }

  /// Label sets asked for, as text.
  var resolvedText: [String] { state.withLock { $0.resolved.map(\.description) } }

  func labels(of ref: SeriesRef) -> Labels {
    state.withLock { $0.series[Int(ref.number) - 1] }
  }

  var batches: [AppendBatch] { state.withLock { $0.batches } }
}

/// A clock that is told the time.
final class SettableClock: WallClock {
  private let ms: Mutex<Int64>

  init(ms: Int64) { self.ms = Mutex(ms) }

  var nowMs: Int64 { ms.withLock { $0 } }
  var monotonicNs: UInt64 { 0 }

  func advance(byMs more: Int64) { ms.withLock { $0 += more } }

  func sleep(untilMs timeMs: Int64) async throws { try Task.checkCancellation() }
}
