import ApusModel
import ApusSystem
import ApusTSDB
import Testing

struct HistogramRecordTests {
  private func histogram(_ i: Int, custom: Bool = false) -> FloatHistogram {
    var h = FloatHistogram()
    h.schema = custom ? FloatHistogram.customBoundsSchema : Int32(i % 9 - 4)
    h.zeroThreshold = 0.001
    h.zeroCount = Double(i)
    h.count = Double(i * 10)
    h.sum = i % 3 == 0 ? StaleMarker.value : Double(i) * 1.5
    h.resetHint = [.unknown, .reset, .notReset, .gauge][i % 4]
    h.positiveSpans = [.init(offset: -5, length: 2), .init(offset: 3, length: 1)]
    h.positiveBuckets = [5, 2, Double(i)]
    h.negativeSpans = custom ? [] : [.init(offset: 1, length: 1)]
    h.negativeBuckets = custom ? [] : [7]
    if custom { h.customBounds = [0.1, 1, .greatestFiniteMagnitude] }
    return h
  }

  private func columns(_ customs: [Bool]) -> HistogramSampleColumns {
    var columns = HistogramSampleColumns()
    for (i, custom) in customs.enumerated() {
      columns.append(
        SeriesRef(UInt64(i * 100 + 1)), timeMs: Int64(1000 - i),
        histogram: histogram(i, custom: custom))
    }
    return columns
  }

  private func same(_ a: FloatHistogram, _ b: FloatHistogram) -> Bool {
    var a = a
    var b = b
    guard a.sum.bitPattern == b.sum.bitPattern else { return false }
    a.sum = 0
    b.sum = 0
    return a == b
  }

  private func expectRoundTrip(
    _ columns: HistogramSampleColumns, types: [UInt8], _ fill: (inout WALBatch) -> Void
  ) throws {
    var batch = WALBatch()
    fill(&batch)
    var read = HistogramSampleColumns()
    var found: [UInt8] = []
    for i in 0..<batch.recordCount {
      let record = [UInt8](copying: batch.record(i))
      found.append(record[0])
      try HistogramRecords.decode(record.span, into: &read)
    }
    #expect(found == types)
    let order = columns.refs.indices.sorted { a, b in
      let x = columns.histograms[a].schema == -53
      let y = columns.histograms[b].schema == -53
      return x == y ? a < b : !x
    }
    #expect(read.refs == order.map { columns.refs[$0] })
    #expect(read.times == order.map { columns.times[$0] })
    #expect(zip(read.histograms, order).allSatisfy { same($0, columns.histograms[$1]) })
  }

  @Test func `float histograms come back, those of custom bounds from a record of their own`()
    throws
  {
    let all = columns([false, true, false, false, true])
    try expectRoundTrip(all, types: [8, 10]) { $0.addHistograms(all) }
    let plain = columns([false])
    try expectRoundTrip(plain, types: [8]) { $0.addHistograms(plain) }
    let custom = columns([true, true])
    try expectRoundTrip(custom, types: [10]) { $0.addHistograms(custom) }
  }

  @Test func `integer histograms come back as floats`() throws {
    let all = columns([false, true, false, false, true])
    try expectRoundTrip(all, types: [7, 9]) { $0.addIntegerHistograms(all) }
  }

  @Test func `buckets of an integer histogram are differences`() {
    var one = HistogramSampleColumns()
    var h = FloatHistogram()
    h.positiveSpans = [.init(offset: 2, length: 2)]
    h.positiveBuckets = [5, 3]
    h.count = 8
    one.append(SeriesRef(1), timeMs: 0, histogram: h)
    var batch = WALBatch()
    batch.addIntegerHistograms(one)
    let zero = [UInt8](repeating: 0, count: 8)
    let head: [UInt8] = [7, 0, 0, 0, 0, 0, 0, 0, 1] + zero + [0, 0]
    let body: [UInt8] = [0, 0] + zero + [0, 8] + zero + [1, 4, 2, 0]
    #expect([UInt8](copying: batch.record(0)) == head + body + [2, 10, 3, 0])
  }

  @Test func `a record cut anywhere is an error, and a count that lies makes no room`() {
    var batch = WALBatch()
    let one = columns([false])
    batch.addHistograms(one)
    let record = [UInt8](copying: batch.record(0))
    var read = HistogramSampleColumns()
    for cut in 2..<record.count where cut != 17 {
      #expect(throws: RecordError.self) {
        try HistogramRecords.decode(Array(record[..<cut]).span, into: &read)
      }
    }
    #expect(throws: RecordError.wrongType(2)) {
      try HistogramRecords.decode([2, 0].span, into: &read)
    }
  }
}
