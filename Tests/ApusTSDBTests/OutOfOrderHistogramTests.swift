import ApusModel
import ApusStorage
import ApusTelemetry
import Synchronization
import Testing

@testable import ApusTSDB

struct OutOfOrderHistogramTests {
  private static let hour: Int64 = 3_600_000
  private static let start = 1_700_000_000_000 / (2 * hour) * 2 * hour

  private var options: TSDBOptions {
    var options = TSDBOptions()
    options.outOfOrderWindowMs = 10 * Self.hour
    return options
  }

  private func histogram(
    _ count: Double, _ hint: FloatHistogram.ResetHint = .unknown, custom: Bool = false
  ) -> FloatHistogram {
    var h = FloatHistogram()
    h.schema = custom ? FloatHistogram.customBoundsSchema : 1
    if custom { h.customBounds = [0.5, 1, 2.5] }
    h.count = count * 3
    h.sum = count * 1.5
    h.positiveSpans = [.init(offset: 0, length: 3)]
    h.positiveBuckets = [count, count, count]
    h.resetHint = hint
    return h
  }

  private func append(
    _ store: TSDB, _ name: String, _ timeMs: Int64, _ h: FloatHistogram
  ) throws -> AppendError? {
    var batch = AppendBatch()
    batch.append(try store.resolve([["__name__": .init(name)]])[0], timeMs: timeMs, histogram: h)
    return try store.append(batch).rejections.first?.error
  }

  private func read(_ store: TSDB, _ name: String) throws -> SampleBatch {
    var batch = SampleBatch()
    let matchers = [LabelMatcher.equal("__name__", name)]
    let cursor = try store.querier(in: .all).select(matchers, in: .all, hints: SelectHints())
    while try cursor.next() { try cursor.read(into: &batch) }
    return batch
  }

  @Test func `late histograms of all kinds come back from memory, chunks, log and blocks`() throws {
    let directory = StoreDirectory()
    let registry = MetricRegistry()
    let store = try openStore(directory.path, options, metrics: registry)
    let end = Self.start + 5 * Self.hour
    let kinds: [(name: String, make: (Double) -> FloatHistogram)] = [
      ("whole", { histogram($0) }), ("float", { histogram($0 + 0.5) }),
      ("gauge", { histogram(100 - $0, .gauge) }), ("custom", { histogram($0, custom: true) }),
    ]
    for (name, make) in kinds {
      #expect(try append(store, name, end, make(1000)) == nil)
      for i in (0..<70).reversed() {
        let time = Self.start + Int64(i) * 180_000
        #expect(try append(store, name, time, make(Double(i))) == nil)
      }
    }
    func check(_ store: TSDB) throws {
      for (name, make) in kinds {
        let batch = try read(store, name)
        #expect(batch.histogramTimes == (0..<70).map { Self.start + $0 * 180_000 } + [end])
        #expect(
          batch.histograms.map(\.sum) == (0..<70).map { make(Double($0)).sum } + [make(1000).sum])
        #expect(batch.histograms[33].positiveBuckets == make(33).positiveBuckets)
        #expect(batch.histograms[33].customBounds == make(33).customBounds)
        let isGauge = name == "gauge"
        #expect(batch.histograms.allSatisfy { ($0.resetHint == .gauge) == isGauge })
      }
    }
    try check(store)
    let copy = StoreDirectory("kill")
    try copyTree(directory.path, copy.path)
    let again = try openStore(copy.path, options)
    try check(again)
    try again.compacting.withLock { _ throws(StorageError) in try again.compactOutOfOrder() }
    #expect(again.head.outOfOrder.isEmpty)
    try check(again)
    try again.close()
    try check(try openStore(copy.path, options))
    let family = registry.snapshot().first {
      $0.name == "prometheus_tsdb_head_out_of_order_samples_appended_total"
    }
    let point = family?.points.first { $0.labels.contains { $0.value == "histogram" } }
    #expect(point?.value == 280)
  }

  @Test func `after a merge no histogram claims that nothing was reset before it`() throws {
    let directory = StoreDirectory()
    let store = try openStore(directory.path, options)
    // In order: 10, 30; late between them: 20 with fewer counts. Both say what they said before.
    #expect(try append(store, "h", Self.start + 10, histogram(10)) == nil)
    #expect(try append(store, "h", Self.start + 30, histogram(30)) == nil)
    #expect(try append(store, "h", Self.start + 40, histogram(40)) == nil)
    #expect(try append(store, "h", Self.start + 20, histogram(5)) == nil)
    let batch = try read(store, "h")
    #expect(batch.histogramTimes == [10, 20, 30, 40].map { Self.start + $0 })
    #expect(batch.histograms[1].resetHint == .unknown)
    #expect(batch.histograms[2].resetHint == .unknown)
  }

  @Test func `of a float and a histogram at one time the one in order is given`() throws {
    let directory = StoreDirectory()
    let store = try openStore(directory.path, options)
    try store.append(["__name__": "h"], Self.start + 10, 1)
    #expect(try append(store, "h", Self.start + 20, histogram(2)) == nil)
    try store.append(["__name__": "h"], Self.start + 20, 7)
    #expect(try append(store, "h", Self.start + 30, histogram(3)) == nil)
    #expect(try append(store, "h", Self.start + 10, histogram(9)) == nil)
    try store.append(["__name__": "h"], Self.start + 20, 7)
    try store.append(["__name__": "h"], Self.start + 15, 7)
    #expect(try append(store, "h", Self.start + 15, histogram(9)) == nil)
    let batch = try read(store, "h")
    #expect(batch.times == [10, 15].map { Self.start + $0 })
    #expect(batch.histogramTimes == [20, 30].map { Self.start + $0 })
  }

  @Test func `columns are merged with each time once, and start times go along`() {
    var batch = SampleBatch()
    batch.times = [99, 1, 3, 5]
    batch.values = [0, 1, 3, 5]
    batch.histogramTimes = [7]
    batch.histograms = [histogram(7, .notReset)]
    var other = SampleBatch()
    other.times = [2, 3, 7, 8]
    other.values = [20, 30, 70, 80]
    other.startTimes = [1, 1, 1, 1]
    other.histogramTimes = [5, 6, 9]
    other.histograms = [histogram(5, .notReset), histogram(6, .notReset), histogram(9, .gauge)]
    batch.merge(other, behind: (floats: 1, histograms: 0))
    #expect(batch.times == [99, 1, 2, 3, 5, 8])
    #expect(batch.values == [0, 1, 20, 3, 5, 80])
    #expect(batch.startTimes == [0, 0, 1, 0, 0, 1])
    #expect(batch.histogramTimes == [6, 7, 9])
    #expect(batch.histograms.map(\.resetHint) == [.notReset, .unknown, .gauge])
  }
}
