import ApusModel
import ApusStorage
import ApusSystem
import ApusTSDB
import Testing

/// Logs of so many samples that two threads put them into the head.
struct BulkReplayTests {
  private let start: Int64 = 1_699_999_200_000
  private static let seriesCount = 700

  private func refs(_ store: TSDB) throws -> [SeriesRef] {
    try store.resolve((0..<Self.seriesCount).map { ["__name__": "s", "n": "\($0)"] })
  }

  /// A sample to each series, with values of many lengths.
  private func add(
    _ store: TSDB, _ refs: [SeriesRef], step: Int, stale: Range<Int> = 0..<0
  ) throws {
    var batch = AppendBatch()
    for (i, ref) in refs.enumerated() {
      let value = stale.contains(i) ? StaleMarker.value : Double(step / (1 + i % 7)) / Double(i + 1)
      batch.append(ref, timeMs: start + Int64(step) * 15_000 + Int64(i % 3), value: value)
    }
    let outcome = try store.append(batch)
    #expect(outcome.rejections.isEmpty)
  }

  private func histogram(_ count: Int) -> FloatHistogram {
    var h = FloatHistogram()
    h.schema = 1
    h.count = Double(count)
    h.sum = Double(count)
    h.positiveSpans = [.init(offset: 0, length: 1)]
    h.positiveBuckets = [Double(count)]
    return h
  }

  private func addHistograms(_ store: TSDB, _ refs: [SeriesRef], step: Int) throws {
    var batch = AppendBatch()
    for i in stride(from: 0, to: refs.count, by: 3) {
      batch.append(
        refs[i], timeMs: start + Int64(step) * 15_000 + 7_000, histogram: histogram(step))
    }
    #expect(try store.append(batch).rejections.isEmpty)
  }

  /// Histograms by their sums, which `answers` leaves out.
  private func sums(_ store: TSDB) throws -> [[Double]] {
    let cursor = try store.querier(in: .all).select(everything, in: .all, hints: SelectHints())
    var all: [[Double]] = []
    var batch = SampleBatch()
    while try cursor.next() {
      batch.removeAll()
      try cursor.read(into: &batch)
      all.append(batch.histograms.map(\.sum))
    }
    return all
  }

  /// What a killed process leaves behind.
  private func killed(_ directory: StoreDirectory) throws -> StoreDirectory {
    let copy = StoreDirectory("killed")
    try copyTree(directory.path, copy.path)
    return copy
  }

  @Test func `all samples of a long log come back, and go on`() throws {
    let directory = StoreDirectory()
    let store = try openStore(directory.path)
    let refs = try refs(store)
    for step in 0..<260 { try add(store, refs, step: step) }
    let before = try store.answers(everything)
    let copy = try killed(directory)
    let again = try openStore(copy.path)
    #expect(try again.answers(everything) == before)
    #expect(before.allSatisfy { $0.times.count == 260 })
    // Memory that the second thread took is used on; nothing lies on anything else.
    for both in [store, again] {
      for step in 260..<400 { try add(both, try self.refs(both), step: step) }
    }
    #expect(try again.answers(everything) == store.answers(everything))
  }

  /// reader | batch . batch . batch ...............................
  /// maker  |   new series, half of the samples . wait . histograms, all of the samples . half ...
  /// other  |       half of the samples ........ |                                        half ...
  @Test func `series that come, end and become histograms in between come back`() throws {
    let directory = StoreDirectory()
    let store = try openStore(directory.path)
    let refs = try refs(store)
    for step in 0..<60 { try add(store, refs, step: step, stale: step == 20 ? 100..<300 : 0..<0) }
    try addHistograms(store, refs, step: 60)
    // A long run of floats behind: some of these series hold histograms then.
    for step in 61..<120 { try add(store, refs, step: step) }
    let late = try store.resolve((0..<300).map { ["__name__": "late", "n": "\($0)"] })
    for step in 120..<180 { try add(store, refs + late, step: step) }
    try addHistograms(store, refs, step: 180)
    let copy = try killed(directory)
    let again = try openStore(copy.path)
    #expect(try again.answers(everything) == store.answers(everything))
    #expect(try sums(again) == sums(store))
  }

  @Test func `chunks on disk stand for the beginning of a long log`() throws {
    let directory = StoreDirectory()
    let store = try openStore(directory.path)
    let refs = try refs(store)
    for step in 0..<250 { try add(store, refs, step: step) }
    store.maintain()
    for step in 250..<280 { try add(store, refs, step: step) }
    let copy = try killed(directory)
    #expect(try openStore(copy.path).answers(everything) == store.answers(everything))
  }
}
