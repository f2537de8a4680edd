import ApusModel
import ApusPromQL
import ApusStorage
import Synchronization
import Testing

/// Parts that stand in a query more than once are read once.
@Suite struct SharingTests {
  private static let range = QueryRequest.Time.range(
    startMs: 60_000, endMs: 240_000, stepMs: 30_000)

  private func selects(
    _ expression: String, _ options: EngineOptions = .allFeatures
  ) throws -> (count: Int, result: QueryResult) {
    let store = CountingStore(Fixtures.store("x_total"))
    let result = try Fixtures.engine(options).evaluate(
      QueryRequest(expression: expression, time: Self.range), on: store)
    return (store.selects.load(ordering: .relaxed), result)
  }

  @Test(arguments: [
    ("x_total / on() group_left() sum(x_total)", 1),
    ("sum(rate(x_total[1m])) / (sum(rate(x_total[1m])) + count(x_total))", 2),
    ("(x_total + x_total) / (x_total + x_total)", 1),
    ("x_total - x_total offset 1m", 2),
    ("x_total - x_total @ 60", 2),
    ("max_over_time((x_total + x_total)[1m:10s]) + x_total", 2),
    ("rate(x_total[1m]) + rate(x_total[2m])", 2),
    ("x_total or timestamp(x_total)", 2),
    ("x_total + x_total smoothed", 2),
  ])
  func `a repeated part is selected once`(expression: String, count: Int) throws {
    #expect(try selects(expression).count == count)
  }

  @Test func `statistics count every use, as if each were read`() throws {
    let once = try selects("sum(rate(x_total[1m]))").result.statistics
    let twice = try selects("sum(rate(x_total[1m])) / sum(rate(x_total[1m]))").result.statistics
    #expect(twice.totalQueryableSamples == 2 * once.totalQueryableSamples)
  }

  @Test func `notes name every place`() throws {
    let store = MixedStore.make(count: 1)
    let result = try Fixtures.engine().evaluate(
      QueryRequest(
        expression: "sum(rate(m0[5m])) / (sum(rate(m0[5m])) + rate(m0[5m]))",
        time: .instant(timeMs: 300_000)), on: store)
    let places = result.annotations.infos.compactMap { $0.split(separator: "(").last }
    #expect(places.sorted() == ["1:10)", "1:31)", "1:47)"])
  }

  @Test func `with no room for the rows a part is read again`() throws {
    var options = EngineOptions.allFeatures
    let expression = "x_total / on() group_left() sum(x_total)"
    let roomy = try selects(expression, options)
    options.maxSamples = 120
    let narrow = try selects(expression, options)
    #expect(narrow.count == 2)
    guard case .matrix(let a) = roomy.result.value, case .matrix(let b) = narrow.result.value
    else {
      Issue.record("no matrix")
      return
    }
    #expect(a.map { $0.labels } == b.map { $0.labels })
    #expect(a.map { $0.values } == b.map { $0.values })
    #expect(a.count == 10)
  }

  @Test(arguments: ["+", "and", "or", "unless"])
  func `what fails is told to every user, and is not asked again`(op: String) throws {
    let store = CountingStore(Fixtures.store("x_total"), readsMax: 3)
    let error = #expect(throws: QueryError.self) {
      let request = QueryRequest(
        expression: "count(-x_total) + count(-x_total \(op) -x_total)", time: Self.range)
      _ = try Fixtures.engine(.allFeatures).evaluate(request, on: store)
    }
    #expect(error?.description.contains("read 4 fails") == true)
    #expect(store.reads.load(ordering: .relaxed) == 4)
  }
}

/// Labels that an aggregation drops are not asked for.
@Suite struct ProjectionTests {
  private func labelNames(_ expression: String) throws -> Set<String> {
    let store = CountingStore(Fixtures.store("x_total"))
    _ = try Fixtures.engine().evaluate(
      QueryRequest(expression: expression, time: .instant(timeMs: 300_000)), on: store)
    return store.labelNames.withLock { $0 }
  }

  @Test func `sums need no labels but those of their groups`() throws {
    #expect(try !labelNames("sum(rate(x_total[5m]))").contains("instance"))
    #expect(try !labelNames("count by (job) (abs(x_total) * 2 > 1)").contains("instance"))
    #expect(try labelNames("max by (instance) (x_total)").contains("instance"))
  }

  @Test(arguments: [
    "sum without (job) (x_total)", "topk(1, x_total)", "sum(x_total * x_total)",
    "x_total / on() group_left() sum(x_total)",
    "sum by (a) (label_replace(x_total, \"a\", \"$1\", \"instance\", \"(.*)\"))",
    "count_values by (instance) (\"v\", x_total)",
  ])
  func `where they are looked at, they are there`(expression: String) throws {
    #expect(try labelNames(expression).contains("instance"))
  }
}

/// Counts the selects of another store, and notes which labels are asked for.
private final class CountingStore: Queryable, Sendable {
  let selects = Atomic<Int>(0)
  let labelNames = Mutex<Set<String>>([])
  let reads = Atomic<Int>(0)
  private let inner: any Queryable
  private let readsMax: Int

  /// - Parameter readsMax: series that can be read, of all selects together; others fail.
  init(_ inner: any Queryable, readsMax: Int = .max) {
    self.inner = inner
    self.readsMax = readsMax
  }

  fileprivate func noteRead() throws(StorageError) {
    let number = reads.add(1, ordering: .relaxed).newValue
    guard number <= readsMax else { throw StorageError(.corrupt, "read \(number) fails") }
  }

  func querier(in range: TimeRange) throws(StorageError) -> any Querier {
    CountingQuerier(store: self, inner: try inner.querier(in: range))
  }

  func exemplars(
    in range: TimeRange, matching selectors: [[LabelMatcher]]
  ) throws(StorageError) -> [SeriesExemplars] { [] }
}

private struct CountingQuerier: Querier {
  let store: CountingStore
  let inner: any Querier

  func select(
    _ matchers: [LabelMatcher], in range: TimeRange, hints: SelectHints
  ) throws(StorageError) -> any SeriesCursor {
    store.selects.add(1, ordering: .relaxed)
    return CountingCursor(
      store: store, inner: try inner.select(matchers, in: range, hints: hints))
  }

  func labelNames(
    matching matchers: [LabelMatcher], limit: Int
  ) throws(StorageError) -> [String] { [] }

  func labelValues(
    of name: String, matching matchers: [LabelMatcher], limit: Int
  ) throws(StorageError) -> [String] { [] }
}

private final class CountingCursor: SeriesCursor {
  private let store: CountingStore
  private let inner: any SeriesCursor

  init(store: CountingStore, inner: any SeriesCursor) {
    self.store = store
    self.inner = inner
  }

  func next() throws(StorageError) -> Bool {
    try store.noteRead()
    return try inner.next()
  }

  var labels: Labels { noted(inner.labels) }
  func labels(keeping names: [String]) -> Labels { noted(inner.labels(keeping: names)) }

  private func noted(_ labels: Labels) -> Labels {
    store.labelNames.withLock { $0.formUnion(labels.map { $0.name }) }
    return labels
  }

  func read(into batch: inout SampleBatch) throws(StorageError) { try inner.read(into: &batch) }

  func latest(
    atMs: Int64, newerThanMs oldestMs: Int64
  ) throws(StorageError) -> LatestSample? {
    try inner.latest(atMs: atMs, newerThanMs: oldestMs)
  }
}
