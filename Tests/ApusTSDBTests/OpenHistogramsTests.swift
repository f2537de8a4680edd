import ApusModel
import ApusStorage
import ApusSystem
import Testing

@testable import ApusTSDB

/// Open chunks of native histograms, most of which stand encoded.
@Suite struct OpenHistogramsTests {
  /// All that a series may go through: counters that grow and begin anew, new buckets, gauges,
  /// stale markers, fractions, other resolutions, custom bounds.
  private func histogram(_ i: Int) -> FloatHistogram {
    var h = FloatHistogram()
    let buckets = i % 40 < 17 ? 3 : 5
    h.schema = i >= 70 && i < 75 ? 2 : 1
    h.zeroThreshold = 0.001
    h.zeroCount = Double(i % 33)
    h.positiveSpans = [.init(offset: -2, length: UInt32(buckets))]
    h.positiveBuckets = (0..<buckets).map { Double(i % 33 + $0) }
    h.negativeSpans = [.init(offset: 1, length: 1)]
    h.negativeBuckets = [Double(i % 33)]
    h.count = h.zeroCount + h.positiveBuckets.reduce(0, +) + h.negativeBuckets[0]
    h.sum = Double(i) * 0.1
    switch i {
    case 20...30: h.resetHint = .gauge
    case 41: h.resetHint = .reset
    case 42...45: h.resetHint = .notReset
    case 50: h.positiveBuckets[0] += 0.25
    case 60:
      h = FloatHistogram()
      h.sum = StaleMarker.value
    case 80...95:
      h = FloatHistogram()
      h.schema = FloatHistogram.customBoundsSchema
      h.customBounds = [0.25, 7, 1e9]
      h.positiveSpans = [.init(offset: 0, length: 2)]
      h.positiveBuckets = [Double(i), 1]
      h.count = Double(i + 1)
    default: break
    }
    return h
  }

  private func expectSame(_ a: FloatHistogram, _ b: FloatHistogram, _ place: Int) {
    // Buckets that came later stand in the others of a piece as well, empty.
    #expect(a.sum.bitPattern == b.sum.bitPattern, "\(place)")
    var (a, b) = (a.compacted, b.compacted)
    (a.sum, b.sum) = (0, 0)
    #expect(a == b, "\(place)")
  }

  @Test func `what goes in comes out, and only the newest stand as they came`() {
    var open = HistogramSeries.Open()
    let all = (0..<118).map(histogram)
    for (i, h) in all.enumerated() {
      open.append(Int64(i) * 1000, h)
      #expect(open.unpackedCount <= Limits.histogramsUnpackedMax)
      #expect(open.newest?.sum.bitPattern == h.sum.bitPattern)
    }
    #expect(open.count == 118 && open.startTime == 0)
    let run = open.run
    #expect(run.times == (0..<118).map { Int64($0) * 1000 })
    for i in all.indices { expectSame(run.histograms[i], all[i], i) }
    var batch = SampleBatch()
    open.read(in: TimeRange(33_500, 114_000), into: &batch)
    #expect(batch.histogramTimes == (34...114).map { Int64($0) * 1000 })
    for (i, h) in batch.histograms.enumerated() { expectSame(h, all[i + 34], i + 34) }
  }

  @Test func `its chunks are those of the histograms as they came`() {
    var open = HistogramSeries.Open()
    var run = HistogramSeries.Run()
    for i in 0..<118 {
      open.append(Int64(i) * 1000, histogram(i))
      run.times.append(Int64(i) * 1000)
      run.histograms.append(histogram(i))
    }
    func chunks(_ run: HistogramSeries.Run) -> [[UInt8]] {
      var all: [[UInt8]] = []
      HistogramSeries.encode(run) { _, _, _, _, bytes in all.append([UInt8](copying: bytes)) }
      return all
    }
    #expect(chunks(open.run) == chunks(run))
  }
}
