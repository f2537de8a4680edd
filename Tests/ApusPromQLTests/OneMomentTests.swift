import ApusModel
import ApusPromQL
import ApusStorage
import Synchronization
import Testing

/// All selectors of a query look at the store at one moment.
@Suite struct OneMomentTests {
  private func calls(_ expression: String) throws -> [String] {
    let store = NotingStore(Fixtures.store("x_total"))
    _ = try Fixtures.engine(.allFeatures).evaluate(
      QueryRequest(expression: expression, time: .instant(timeMs: 240_000)), on: store)
    return store.calls.withLock { $0 }
  }

  @Test(arguments: [
    ("sum(rate(a[1m])) - sum(rate(b[1m]))", ["a", "b"]),
    ("a + a offset 1m", ["a"]),
    ("max_over_time((a + b)[1m:10s])", ["a", "b"]),
    ("clamp_min(a, scalar(b))", ["a", "b"]),
  ])
  func `several selectors are held before the first is read`(
    expression: String, names: [String]
  ) throws {
    let calls = try calls(expression)
    #expect(calls.first == "hold " + names.joined(separator: " "))
    #expect(calls.dropFirst().allSatisfy { $0 == "select" } && calls.count > 1)
  }

  @Test func `a single one is one moment by itself`() throws {
    #expect(try calls("sum(rate(a[1m]))") == ["select"])
  }
}

/// Notes what is asked of its queriers, in order.
private final class NotingStore: Queryable, Sendable {
  let calls = Mutex<[String]>([])
  private let inner: any Queryable

  init(_ inner: any Queryable) { self.inner = inner }

  func querier(in range: TimeRange) throws(StorageError) -> any Querier {
    NotingQuerier(store: self, inner: try inner.querier(in: range))
  }

  func exemplars(
    in range: TimeRange, matching selectors: [[LabelMatcher]]
  ) throws(StorageError) -> [SeriesExemplars] { [] }
}

private struct NotingQuerier: Querier {
  let store: NotingStore
  let inner: any Querier

  func hold(_ selectors: [[LabelMatcher]]) throws(StorageError) {
    let names = selectors.flatMap { $0.map(\.value) }.sorted()
    store.calls.withLock { $0.append("hold " + names.joined(separator: " ")) }
  }

  func select(
    _ matchers: [LabelMatcher], in range: TimeRange, hints: SelectHints
  ) throws(StorageError) -> any SeriesCursor {
    store.calls.withLock { $0.append("select") }
    return try inner.select(matchers, in: range, hints: hints)
  }

  func labelNames(
    matching matchers: [LabelMatcher], limit: Int
  ) throws(StorageError) -> [String] { [] }

  func labelValues(
    of name: String, matching matchers: [LabelMatcher], limit: Int
  ) throws(StorageError) -> [String] { [] }
}
