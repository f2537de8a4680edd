import ApusModel
import ApusSystem
import ApusTSDB
import Testing

struct RecordV2Tests {
  private func bytes(_ fill: (inout WALBatch) -> Void) -> [UInt8] {
    var batch = WALBatch()
    fill(&batch)
    precondition(batch.recordCount == 1)
    return [UInt8](copying: batch.record(0))
  }

  private static func histogram(_ count: Double, schema: Int32 = 2) -> FloatHistogram {
    var histogram = FloatHistogram()
    histogram.schema = schema
    histogram.count = count
    histogram.sum = 1.5
    histogram.positiveSpans = [.init(offset: 0, length: 2)]
    histogram.positiveBuckets = [count - 1, 1]
    if schema == FloatHistogram.customBoundsSchema { histogram.customBounds = [1, 2] }
    return histogram
  }

  @Test func `samples with start times come back`() throws {
    var columns = SampleColumns()
    let starts: [Int64] = [500, 500, 0, 500, 700, 700, -3, .max, .min]
    for (i, start) in starts.enumerated() {
      columns.append(
        SeriesRef(UInt64(900 - i * 100)), timeMs: 1000 + Int64(i % 3), value: Double(i),
        startMs: start)
    }
    var read = SampleColumns()
    let record = bytes { $0.addSamples(columns) }
    #expect(record[0] == 11)
    try SampleRecords.decode(record.span, into: &read)
    #expect(read.refs == columns.refs)
    #expect(read.times == columns.times)
    #expect(read.values == columns.values)
    #expect(read.startTimes == starts)
  }

  @Test func `a record with start times has the bytes that Prometheus writes`() throws {
    var columns = SampleColumns()
    columns.append(SeriesRef(5), timeMs: 100, value: 1, startMs: 50)
    columns.append(SeriesRef(7), timeMs: 101, value: 1, startMs: 50)
    columns.append(SeriesRef(6), timeMs: 99, value: 1, startMs: 0)
    columns.append(SeriesRef(6), timeMs: 100, value: 1, startMs: 52)
    let one: [UInt8] = [0x3F, 0xF0, 0, 0, 0, 0, 0, 0]
    #expect(
      bytes { $0.addSamples(columns) }
        == [11, 10, 0xC8, 1, 100] + one + [4, 2, 1] + one + [1, 1, 0] + one + [0, 0, 2, 4] + one)
  }

  @Test func `columns of both kinds of records hold a start time for each sample`() throws {
    var old = SampleColumns()
    old.append(SeriesRef(1), timeMs: 1, value: 1)
    var new = SampleColumns()
    new.append(SeriesRef(2), timeMs: 2, value: 2, startMs: 9)
    var read = SampleColumns()
    for columns in [old, new, old] {
      try SampleRecords.decode(bytes { $0.addSamples(columns) }.span, into: &read)
    }
    #expect(read.count == 3)
    #expect((0..<3).map { read.startMs($0) } == [0, 9, 0])
  }

  @Test(arguments: [true, false])
  func `histograms with start times come back, custom bounds among them`(
    _ isInteger: Bool
  ) throws {
    var columns = HistogramSampleColumns()
    for (i, schema) in [2, FloatHistogram.customBoundsSchema, 2].enumerated() {
      columns.append(
        SeriesRef(UInt64(i)), timeMs: Int64(i) * 10,
        histogram: Self.histogram(Double(i + 3), schema: schema), startMs: Int64(i / 2))
    }
    let record = bytes {
      if isInteger { $0.addIntegerHistograms(columns) } else { $0.addHistograms(columns) }
    }
    #expect(record[0] == (isInteger ? 12 : 13))
    var read = HistogramSampleColumns()
    try HistogramRecords.decode(record.span, into: &read)
    #expect(read.refs == columns.refs)
    #expect(read.times == columns.times)
    #expect(read.histograms == columns.histograms)
    #expect(read.startTimes == [0, 0, 1])
  }

  @Test func `records with start times that are cut or of a later version are errors`() {
    var columns = SampleColumns()
    for i in 0..<3 {
      columns.append(SeriesRef(7), timeMs: 100, value: 1, startMs: Int64(i) * 5)
    }
    let record = bytes { $0.addSamples(columns) }
    var ends: Set<Int> = [1]
    for cut in 1..<record.count {
      var read = SampleColumns()
      do throws(RecordError) {
        try SampleRecords.decode(Array(record[..<cut]).span, into: &read)
        ends.insert(cut)
      } catch {
        #expect(read.count == 0)
      }
    }
    #expect(ends.count == 3)
    var later = record
    later[later.count - 10] = 3
    #expect(throws: RecordError.self) { try SampleRecords.decode(later.span, into: &columns) }
    #expect(columns.count == 3)
  }

  @Test func `histograms that cannot be are left out`() throws {
    var columns = HistogramSampleColumns()
    var unknownSchema = Self.histogram(3)
    unknownSchema.schema = 53
    var uncovered = Self.histogram(3)
    uncovered.positiveSpans[0].length = 7
    for histogram in [unknownSchema, Self.histogram(4), uncovered] {
      columns.append(SeriesRef(1), timeMs: 1, histogram: histogram)
    }
    var read = HistogramSampleColumns()
    try HistogramRecords.decode(bytes { $0.addHistograms(columns) }.span, into: &read)
    #expect(read.histograms == [Self.histogram(4)])
  }

  @Test func `markers of head chunks come back`() throws {
    let entries = [
      MmapMarker(ref: SeriesRef(3), chunk: 1 << 32 | 8),
      MmapMarker(ref: SeriesRef(.max), chunk: 0),
    ]
    let record = bytes { $0.addMmapMarkers(entries) }
    #expect(record.count == 33 && record[0] == 5)
    #expect(try MarkerRecords.decode(record.span) == entries)
    #expect(throws: RecordError.self) {
      try MarkerRecords.decode(Array(record[..<20]).span)
    }
  }

  @Test func `a checkpoint keeps start times, and takes no count for whole that is not`() throws {
    let files = MemoryFileSystem()
    var batch = WALBatch()
    batch.addSeries([SeriesRef(1)], [["a": "b"]])
    var samples = SampleColumns()
    samples.append(SeriesRef(1), timeMs: 10, value: 1, startMs: 4)
    batch.addSamples(samples)
    var histograms = HistogramSampleColumns()
    histograms.append(SeriesRef(1), timeMs: 20, histogram: Self.histogram(4), startMs: 4)
    batch.addIntegerHistograms(histograms)
    // An integer record whose second bucket is below zero: such bytes can be on disk.
    var negative = bytes {
      var columns = HistogramSampleColumns()
      columns.append(SeriesRef(1), timeMs: 30, histogram: Self.histogram(4))
      $0.addIntegerHistograms(columns)
    }
    negative[negative.count - 2] = 99
    batch.add(negative.span)
    let logged = [[UInt8](copying: batch.record(1)), [UInt8](copying: batch.record(2))]
    let writer = try WALWriter(
      files: files, directory: WALFixture.directory, options: WALFixture.options(.none))
    try writer.log(batch)
    try writer.close()
    _ = try Checkpoint.write(
      through: 0, of: WALFixture.directory, files: files, options: WALFixture.options(.none),
      rules: CheckpointRules(minTimeMs: 0) { _ in true })
    let kept = try WALFixture.read(files, directory: "/data/wal/checkpoint.00000000").records
    #expect(kept.map(\.first) == [1, 11, 12, 8])
    #expect(kept.count > 2 && Array(kept[1...2]) == logged)
  }
}
