import ApusModel
import ApusStorage
import Testing

@testable import ApusTSDB

struct AppendRulesTests {
  private func bounds(
    floor: Int64 = 0, newest: Int64, window: Int64 = 0
  ) -> AppendRules.Bounds {
    AppendRules.Bounds(floor: floor, headMaxTime: newest, chunkRangeMs: 200, windowMs: window)
  }

  private func judge(
    _ time: Int64, last: Int64, same: Bool = false, _ bounds: AppendRules.Bounds
  ) -> AppendRules.Verdict {
    AppendRules.judge(time: time, lastTime: last, isSameValue: same, bounds)
  }

  @Test func `without a window there are three ways to be refused`() {
    let now = bounds(newest: 1000)
    #expect(judge(1001, last: 1000, now) == .store)
    #expect(judge(900, last: .min, now) == .store)
    #expect(judge(899, last: .min, now) == .reject(.outOfBounds))
    #expect(judge(899, last: 1000, now) == .reject(.outOfBounds))
    #expect(judge(950, last: 951, now) == .reject(.outOfOrder))
    #expect(judge(950, last: 950, now) == .reject(.duplicate))
    #expect(judge(950, last: 950, same: true, now) == .ignore)
    #expect(judge(950, last: 1000, bounds(floor: 960, newest: 1000)) == .reject(.outOfBounds))
  }

  @Test func `with a window what is late is kept or too old`() {
    let now = bounds(newest: 1000, window: 500)
    #expect(judge(999, last: 1000, now) == .storeLate)
    #expect(judge(500, last: .min, now) == .storeLate)
    #expect(judge(499, last: .min, now) == .reject(.tooOld))
    #expect(judge(900, last: .min, now) == .store)
    #expect(judge(1000, last: 1000, now) == .reject(.duplicate))
    // A window that is shorter than what the head takes anyway.
    let short = bounds(newest: 1000, window: 50)
    #expect(judge(949, last: 960, short) == .reject(.tooOld))
    #expect(judge(949, last: 948, short) == .store)
  }

  @Test func `times at the ends of what there is do not overflow`() {
    let end = Limits.sampleTimeMsMax
    #expect(judge(-end, last: .min, bounds(floor: .min, newest: 5 - end)) == .store)
    #expect(judge(end, last: .min, bounds(floor: .min, newest: end)) == .store)
    #expect(judge(-end, last: 5, bounds(newest: 5 - end, window: .max)) == .storeLate)
    for beyond in [.min, -end - 1, end + 1, .max] {
      let verdict = judge(beyond, last: .min, bounds(floor: .min, newest: .min))
      #expect(verdict == .reject(.outOfBounds))
    }
    #expect(judge(.min, last: 5, bounds(newest: .min + 5, window: .max)) == .reject(.tooOld))
    #expect(judge(0, last: .min, bounds(floor: .min, newest: .min)) == .store)
  }

  @Test func `a label set that can be no series is refused with Prometheus's words`() throws {
    func labels(_ pairs: [(String, [UInt8])]) -> Labels {
      var encoder = LabelsEncoder()
      for (name, value) in pairs {
        let name = Array(name.utf8)
        encoder.append(name: name.span, value: value.span)
      }
      return encoder.labels()
    }
    let x = Array("x".utf8)
    #expect(LabelSetRules.problem(of: labels([("a", x), ("b", x)])) == nil)
    #expect(LabelSetRules.problem(of: .empty) == "empty labelset: invalid sample")
    #expect(
      LabelSetRules.problem(of: labels([("a", x), ("a", x)]))
        == #"label name "a" is not unique: invalid sample"#)
    #expect(LabelSetRules.problem(of: labels([("b", x), ("a", x)])) != nil)
    #expect(LabelSetRules.problem(of: labels([("a", [])])) != nil)
    #expect(
      LabelSetRules.problem(of: labels([("a", [0xC3, 0x28])]))
        == #"label "a" is not valid UTF-8: invalid sample"#)
    let directory = StoreDirectory()
    let store = try openStore(directory.path)
    #expect(throws: StorageError.self) {
      try store.resolve([["__name__": "good"], labels([("a", x), ("a", x)])])
    }
    #expect(try store.status(limit: 1).seriesCount == 0)
  }
}

struct HistogramMarkerTests {
  @Test func `the marker that ends a series of histograms is a histogram`() throws {
    let directory = StoreDirectory()
    let store = try openStore(directory.path)
    let labels: Labels = ["__name__": "h"]
    let ref = try store.resolve([labels])[0]
    var batch = AppendBatch()
    var histogram = FloatHistogram()
    histogram.count = 1
    histogram.sum = 2
    histogram.zeroCount = 1
    batch.append(ref, timeMs: 1000, histogram: histogram)
    _ = try store.append(batch)
    #expect(try store.append(labels, 2000, StaleMarker.value) == nil)
    // The same again is no mistake, and one from before is one.
    #expect(try store.append(labels, 2000, StaleMarker.value) == nil)
    batch.removeAll()
    batch.append(try store.resolve([["__name__": "f"]])[0], timeMs: 3000, value: 1)
    batch.append(ref, timeMs: 1500, value: StaleMarker.value)
    let rejected = try store.append(batch).rejections
    #expect(rejected.map(\.index) == [1])
    #expect(rejected.map(\.isHistogram) == [false])
    #expect(rejected.map(\.error) == [.outOfOrder])
    let cursor = try store.querier(in: .all).select(
      [.equal("__name__", "h")], in: .all, hints: SelectHints())
    var found = SampleBatch()
    while try cursor.next() { try cursor.read(into: &found) }
    #expect(found.times.isEmpty)
    #expect(found.histogramTimes == [1000, 2000])
    #expect(found.histograms.map { StaleMarker.isStale($0.sum) } == [false, true])
  }
}

struct ExemplarRingTests {
  private func exemplar(_ timeMs: Int64, _ value: Double = 1, _ id: String = "x") -> Exemplar {
    Exemplar(labels: ["trace_id": .init(id)], value: value, timeMs: timeMs)
  }

  @Test func `exemplars are judged as Prometheus judges them`() {
    let ring = ExemplarRing(capacity: 4)
    ring.add(1, exemplar(1000, 5))
    #expect(ring.check(1, exemplar(1000, 5)) == .duplicate)
    #expect(ring.check(1, exemplar(999, 5)) == .outOfOrder)
    #expect(ring.check(1, exemplar(1000, 4)) == .outOfOrder)
    #expect(ring.check(1, exemplar(1000, 6)) == nil)
    #expect(ring.check(1, exemplar(999, 5), windowMs: 10) == nil)
    #expect(ring.check(1, exemplar(990, 5), windowMs: 10) == .outOfOrder)
    #expect(ring.check(2, exemplar(1, 5)) == nil)
    #expect(ring.check(2, exemplar(1, 5, String(repeating: "é", count: 120))) == nil)
    #expect(ring.check(2, exemplar(1, 5, String(repeating: "é", count: 121))) == .tooLong)
    #expect(ExemplarRing(capacity: 0).check(1, exemplar(1)) == .disabled)
  }

  @Test func `the newest exemplars stay when the ring is made smaller or larger`() {
    let ring = ExemplarRing(capacity: 4)
    for i in 1...6 as ClosedRange<Int64> { ring.add(UInt32(i % 2), exemplar(i)) }
    func times() -> [Int64?] { ring.entries(in: .all).map(\.exemplar.timeMs) }
    #expect(times() == [3, 4, 5, 6])
    ring.resize(to: 2)
    #expect(times() == [5, 6])
    #expect(ring.seriesCount == 2)
    ring.resize(to: 3)
    ring.add(1, exemplar(7))
    #expect(times() == [5, 6, 7])
    ring.add(1, exemplar(8))
    #expect(times() == [6, 7, 8])
    ring.resize(to: 0)
    #expect(ring.count == 0)
    #expect(ring.check(1, exemplar(9)) == .disabled)
    ring.add(1, exemplar(9))
    #expect(ring.count == 0)
  }

  @Test func `a batch says which exemplars were not taken`() throws {
    let directory = StoreDirectory()
    var options = TSDBOptions()
    options.exemplarsMax = 10
    let store = try openStore(directory.path, options)
    let ref = try store.resolve([["__name__": "x"]])[0]
    var batch = AppendBatch()
    batch.append(ref, timeMs: 1000, value: 1)
    batch.exemplars = [
      (ref, exemplar(1000)), (SeriesRef(99), exemplar(1000)),
      (ref, exemplar(1000, 1, String(repeating: "y", count: 200))),
    ]
    var outcome = try store.append(batch)
    #expect(outcome.exemplarRejections.map(\.index) == [1, 2])
    #expect(outcome.exemplarRejections.map(\.error) == [.unknownSeries, .tooLong])
    batch.exemplars = [(ref, exemplar(1000)), (ref, exemplar(5))]
    outcome = try store.append(batch)
    #expect(outcome.exemplarRejections.map(\.error) == [.outOfOrder])
    var changed = options
    changed.exemplarsMax = 0
    try store.apply(changed)
    outcome = try store.append(batch)
    #expect(outcome.exemplarRejections.isEmpty)
    #expect(
      try store.exemplars(in: .all, matching: [[.equal("__name__", "x")]]).isEmpty)
  }
}
