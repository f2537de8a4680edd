import ApusModel
import ApusPromQL
import ApusStorage
import ApusSystem
import ApusTelemetry
import ApusTesting
import Synchronization

/// Small stores and engines for tests.
enum Fixtures {
  static func engine(
    _ options: EngineOptions = EngineOptions(), clock: any WallClock = SystemWallClock()
  ) -> Engine {
    Engine(
      options: options, clock: clock, pool: WorkerPool(name: "test", threadCount: 2),
      metrics: MetricRegistry())
  }

  /// `count` series of `samples` samples, one every 15 s.
  static func store(_ name: String, count: Int = 10, samples: Int = 100) -> MemoryStore {
    let store = MemoryStore()
    for i in 0..<count {
      var batch = SampleBatch()
      batch.times = (0..<samples).map { Int64($0) * 15_000 }
      batch.values = (0..<samples).map { Double($0 * (i + 1)) }
      store.append(["__name__": name, "instance": "\(i)"], batch)
    }
    return store
  }
}

/// A store whose answers never end, for queries that have to be stopped.
final class EndlessStore: Queryable, Sendable {
  let seriesRead = Atomic<Int>(0)

  func querier(in range: TimeRange) throws(StorageError) -> any Querier {
    EndlessQuerier(store: self)
  }

  func exemplars(
    in range: TimeRange, matching selectors: [[LabelMatcher]]
  ) throws(StorageError) -> [SeriesExemplars] { [] }
}

private struct EndlessQuerier: Querier {
  let store: EndlessStore

  func select(
    _ matchers: [LabelMatcher], in range: TimeRange, hints: SelectHints
  ) throws(StorageError) -> any SeriesCursor {
    EndlessCursor(store: store)
  }

  func labelNames(
    matching matchers: [LabelMatcher], limit: Int
  ) throws(StorageError) -> [String] { [] }

  func labelValues(
    of name: String, matching matchers: [LabelMatcher], limit: Int
  ) throws(StorageError) -> [String] { [] }
}

private final class EndlessCursor: SeriesCursor {
  private let store: EndlessStore
  private var number = 0

  init(store: EndlessStore) { self.store = store }

  func next() throws(StorageError) -> Bool {
    number += 1
    store.seriesRead.add(1, ordering: .relaxed)
    return true
  }

  var labels: Labels { ["__name__": "x", "n": "\(number)"] }

  func read(into batch: inout SampleBatch) throws(StorageError) {
    batch.times.append(0)
    batch.values.append(1)
  }

  func latest(
    atMs: Int64, newerThanMs oldestMs: Int64
  ) throws(StorageError) -> LatestSample? {
    LatestSample(timeMs: atMs, value: .float(1))
  }
}

/// A clock whose monotonic time moves a second at every look.
final class HastyClock: WallClock, Sendable {
  private let looks = Atomic<UInt64>(0)

  var nowMs: Int64 { 0 }
  var monotonicNs: UInt64 {
    looks.add(1, ordering: .relaxed).newValue * 1_000_000_000
  }

  func sleep(untilMs timeMs: Int64) async throws {}
}
