internal import ApusModel
internal import ApusStorage
internal import ApusTSDB
internal import Synchronization

/// The store before and after it is open: until its log is replayed, everything that is asked of
/// it answers "TSDB not ready".
final class ReadyStorage: Queryable, Appender, StorageAdmin {
  private let opened = Mutex<TSDB?>(nil)

  init() {}

  func open(_ store: TSDB) { opened.withLock { $0 = store } }

  func close() { opened.withLock { $0 = nil } }

  var isReady: Bool { opened.withLock { $0 != nil } }

  private func store() throws(StorageError) -> TSDB {
    guard let store = opened.withLock({ $0 }) else {
      throw StorageError(.closed, "TSDB not ready")
    }
    return store
  }

  func querier(in range: TimeRange) throws(StorageError) -> any Querier {
    try store().querier(in: range)
  }

  func exemplars(
    in range: TimeRange, matching selectors: [[LabelMatcher]]
  ) throws(StorageError) -> [SeriesExemplars] {
    try store().exemplars(in: range, matching: selectors)
  }

  func resolve(_ series: [Labels]) throws(StorageError) -> [SeriesRef] {
    try store().resolve(series)
  }

  /// Puts those options into force that may change while the store is open.
  func apply(_ options: TSDBOptions) throws(StorageError) {
    try opened.withLock { $0 }?.apply(options)
  }

  func append(_ batch: AppendBatch) throws(StorageError) -> AppendOutcome {
    try store().append(batch)
  }

  func status(limit: Int) throws(StorageError) -> StorageStatus {
    try store().status(limit: limit)
  }

  func deleteSeries(in range: TimeRange, matching matchers: [LabelMatcher]) throws(StorageError) {
    try store().deleteSeries(in: range, matching: matchers)
  }

  func cleanTombstones() throws(StorageError) { try store().cleanTombstones() }

  func snapshot(skipHead: Bool) throws(StorageError) -> String {
    try store().snapshot(skipHead: skipHead)
  }

  var oldestTimeMs: Int64? { opened.withLock { $0 }?.oldestTimeMs }
}
