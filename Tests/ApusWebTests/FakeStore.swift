import ApusModel
import ApusStorage
import Synchronization

/// A store of a few series in memory.
final class FakeStore: Queryable, StorageAdmin {
  struct Series: Sendable {
    var labels: Labels
    var times: [Int64]
    var values: [Double]
  }

  let series: [Series]
  let exemplars: [SeriesExemplars]
  /// What the admin door was told to do.
  let calls = Mutex<[String]>([])
  let failure: StorageError?

  init(
    _ series: [Series] = [], exemplars: [SeriesExemplars] = [], failure: StorageError? = nil
  ) {
    self.series = series
    self.exemplars = exemplars
    self.failure = failure
  }

  func querier(in range: TimeRange) throws(StorageError) -> any Querier {
    if let failure { throw failure }
    return FakeQuerier(store: self, range: range)
  }

  func exemplars(
    in range: TimeRange, matching selectors: [[LabelMatcher]]
  ) throws(StorageError) -> [SeriesExemplars] {
    exemplars.filter { series in
      selectors.contains { $0.allSatisfy { $0.matches(series.seriesLabels) } }
    }
  }

  func status(limit: Int) throws(StorageError) -> StorageStatus {
    if let failure { throw failure }
    var status = StorageStatus()
    status.seriesCount = UInt64(series.count)
    status.seriesCountByMetricName = [.init(name: "up", value: 2)]
    status.labelPairCount = limit
    return status
  }

  func deleteSeries(in range: TimeRange, matching matchers: [LabelMatcher]) throws(StorageError) {
    if let failure { throw failure }
    let text = matchers.map(\.description).joined(separator: ",")
    calls.withLock { $0.append("delete \(text) \(range.minMs) \(range.maxMs)") }
  }

  func cleanTombstones() throws(StorageError) { calls.withLock { $0.append("clean") } }

  func snapshot(skipHead: Bool) throws(StorageError) -> String {
    calls.withLock { $0.append("snapshot \(skipHead)") }
    return "20260101T000000Z-1"
  }

  var oldestTimeMs: Int64? { nil }
}

private struct FakeQuerier: Querier {
  let store: FakeStore
  let range: TimeRange

  private func matching(_ matchers: [LabelMatcher]) -> [FakeStore.Series] {
    store.series.filter { series in
      matchers.allSatisfy { $0.matches(series.labels) }
        && series.times.contains(where: range.contains)
    }
  }

  func select(
    _ matchers: [LabelMatcher], in range: TimeRange, hints: SelectHints
  ) throws(StorageError) -> any SeriesCursor {
    let sorted = matching(matchers).sorted { $0.labels < $1.labels }
    // Any order will do where none is asked for.
    return FakeCursor(hints.isSorted ? sorted : sorted.reversed())
  }

  func labelNames(
    matching matchers: [LabelMatcher], limit: Int
  ) throws(StorageError) -> [String] {
    cut(matching(matchers).flatMap { $0.labels.map(\.name) }, limit)
  }

  func labelValues(
    of name: String, matching matchers: [LabelMatcher], limit: Int
  ) throws(StorageError) -> [String] {
    cut(matching(matchers).compactMap { $0.labels[name] }, limit)
  }

  private func cut(_ values: [String], _ limit: Int) -> [String] {
    let sorted = Set(values).sorted()
    return limit > 0 ? Array(sorted.prefix(limit)) : sorted
  }
}

private final class FakeCursor: SeriesCursor {
  private let series: [FakeStore.Series]
  private var at = -1

  init(_ series: [FakeStore.Series]) { self.series = series }

  func next() throws(StorageError) -> Bool {
    at += 1
    return at < series.count
  }

  var labels: Labels { series[at].labels }

  func read(into batch: inout SampleBatch) throws(StorageError) {
    batch.times += series[at].times
    batch.values += series[at].values
  }

  func latest(
    atMs: Int64, newerThanMs oldestMs: Int64
  ) throws(StorageError) -> LatestSample? {
    let here = series[at]
    guard let i = here.times.lastIndex(where: { $0 > oldestMs && $0 <= atMs }) else { return nil }
    return LatestSample(timeMs: here.times[i], value: .float(here.values[i]))
  }
}
