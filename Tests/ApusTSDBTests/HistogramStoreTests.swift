import ApusModel
import ApusStorage
import ApusSystem
import ApusTSDB
import Testing

struct HistogramStoreTests {
  private func histogram(_ count: Int, buckets: Int = 3) -> FloatHistogram {
    var h = FloatHistogram()
    h.schema = 1
    h.count = Double(count * buckets)
    h.sum = Double(count) * 1.5
    h.positiveSpans = [.init(offset: 0, length: UInt32(buckets))]
    h.positiveBuckets = (0..<buckets).map { _ in Double(count) }
    return h
  }

  private func read(_ store: TSDB) throws -> SampleBatch {
    var batch = SampleBatch()
    let cursor = try store.querier(in: .all).select(everything, in: .all, hints: SelectHints())
    while try cursor.next() { try cursor.read(into: &batch) }
    return batch
  }

  private func append(_ store: TSDB, _ timeMs: Int64, _ h: FloatHistogram) throws -> AppendError? {
    var batch = AppendBatch()
    let ref = try store.resolve([["__name__": "h"]])[0]
    batch.append(ref, timeMs: timeMs, histogram: h)
    return try store.append(batch).rejections.first?.error
  }

  @Test func `histograms come back from memory, chunks, log and blocks`() throws {
    let directory = StoreDirectory()
    let store = try openStore(directory.path)
    let start: Int64 = 1_699_999_200_000
    var sums: [Double] = []
    for i in 0..<1200 {
      // The counters begin anew once, and a bucket comes in later.
      let count = i < 500 ? i : i - 500
      let h = histogram(count, buckets: i < 800 ? 3 : 4)
      #expect(try append(store, start + Int64(i) * 15_000, h) == nil)
      sums.append(h.sum)
    }
    func check(_ store: TSDB) throws {
      let batch = try read(store)
      #expect(batch.histogramTimes == (0..<1200).map { start + $0 * 15_000 })
      #expect(batch.histograms.map(\.sum) == sums)
      #expect(batch.histograms[900].positiveBuckets == [400, 400, 400, 400])
    }
    try check(store)
    store.maintain()
    try check(store)
    let copy = StoreDirectory()
    try copyTree(directory.path, copy.path)
    try check(try openStore(copy.path))
  }

  @Test func `a histogram is judged like a float, and both kinds may take turns`() throws {
    let directory = StoreDirectory()
    let store = try openStore(directory.path)
    let labels: Labels = ["__name__": "h"]
    #expect(try append(store, 1000, histogram(1)) == nil)
    #expect(try append(store, 1000, histogram(1)) == nil)
    #expect(try append(store, 1000, histogram(2)) == .duplicate)
    #expect(try append(store, 999, histogram(2)) == .outOfOrder)
    #expect(try store.append(labels, 1000, 5) == .duplicate)
    #expect(try store.append(labels, 2000, 5) == nil)
    #expect(try append(store, 3000, histogram(3)) == nil)
    #expect(try store.append(labels, 4000, 6) == nil)
    let batch = try read(store)
    #expect(batch.histogramTimes == [1000, 3000])
    #expect(batch.times == [2000, 4000])
    var options = TSDBOptions()
    options.storesHistograms = false
    let other = StoreDirectory()
    #expect(try append(try openStore(other.path, options), 1, histogram(1)) == .histogramsDisabled)
  }

  @Test func `whole numbers are kept as such, in chunks of bounded size and in the log`() throws {
    let directory = StoreDirectory()
    let store = try openStore(directory.path)
    let start: Int64 = 1_699_999_200_000
    // So many buckets that a chunk is full before it has 120 histograms.
    for i in 0..<240 {
      #expect(try append(store, start + Int64(i) * 15_000, histogram(i, buckets: 80)) == nil)
    }
    var half = histogram(241, buckets: 80)
    half.count += 0.5
    half.positiveBuckets[0] += 0.5
    #expect(try append(store, start + 240 * 15_000, half) == nil)
    store.maintain()
    let files = try HeadChunkFiles(
      files: PosixFileSystem(), directory: directory.path + "/chunks_head")
    var chunks: [HeadChunk] = []
    let damage = try files.scan { chunks.append($0) }
    #expect(damage == nil)
    #expect(chunks.allSatisfy { $0.encoding == .histogram })
    #expect(chunks.count > 2)
    #expect(chunks.map(\.sampleCount).reduce(0, +) == 240)
    #expect(chunks.allSatisfy { $0.bytes.count < 1024 + 128 })
    // Nothing was reset where a chunk was only full.
    #expect(try read(store).histograms.dropFirst().allSatisfy { $0.resetHint != .reset })
    var types: Set<RecordType> = []
    let wal = directory.path + "/wal"
    var reader = WALReader(
      files: PosixFileSystem(), directory: wal,
      segments: try WALSegments.list(PosixFileSystem(), wal))
    while try reader.next() {
      if let type = RecordType(of: reader.record) { types.insert(type) }
    }
    #expect(types == [.series, .histogramSamples, .floatHistogramSamples])
    let copy = StoreDirectory("kill")
    try copyTree(directory.path, copy.path)
    #expect(
      try read(openStore(copy.path)).histograms.map(\.sum) == read(store).histograms.map(\.sum))
  }
}
