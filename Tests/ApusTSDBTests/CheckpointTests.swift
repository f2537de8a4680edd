import ApusModel
import ApusSystem
import ApusTSDB
import Testing

struct CheckpointTests {
  private let files = MemoryFileSystem()
  private let directory = WALFixture.directory

  /// A segment: series `i` named, sampled at `time`, with an exemplar, metadata and a tombstone.
  private func writeSegment(series i: UInt64, time: Int64) throws {
    let writer = try WALWriter(
      files: files, directory: directory, options: WALFixture.options(.snappy))
    let ref = SeriesRef(i)
    var batch = WALBatch()
    batch.addSeries([ref], [["__name__": "m\(i)"]])
    batch.addMetadata([
      MetadataEntry(ref: ref, metadata: MetricMetadata(kind: .gauge, help: "at \(time)"))
    ])
    var samples = SampleColumns()
    for series in 1...i { samples.append(SeriesRef(series), timeMs: time, value: Double(time)) }
    batch.addSamples(samples)
    batch.addExemplars([ExemplarEntry(ref: ref, timeMs: time, value: 1, labels: ["t": "x"])])
    batch.addTombstones([TombstoneEntry(ref: ref, range: TimeRange(0, time))])
    var histograms = HistogramSampleColumns()
    var histogram = FloatHistogram()
    histogram.count = 3
    histogram.positiveSpans = [.init(offset: 0, length: 1)]
    histogram.positiveBuckets = [3]
    histograms.append(ref, timeMs: time, histogram: histogram)
    batch.addHistograms(histograms)
    batch.addIntegerHistograms(histograms)
    batch.add([250, 1, 2].span)
    try writer.log(batch)
    try writer.close()
  }

  /// What a log holds, one line for each thing.
  private func contents(_ directory: String) throws -> [String] {
    var lines: [String] = []
    for record in try WALFixture.read(files, directory: directory).records {
      switch RecordType(of: record.span) {
      case .series:
        try SeriesRecords.decode(record.span) { ref, labels in
          lines.append("series \(ref.number) \(Labels(encoded: [UInt8](copying: labels)))")
        }
      case .samples:
        var samples = SampleColumns()
        try SampleRecords.decode(record.span, into: &samples)
        for i in samples.refs.indices {
          lines.append("sample \(samples.refs[i].number) \(samples.times[i])")
        }
      case .exemplars:
        for entry in try OtherRecords.decodeExemplars(record.span) {
          lines.append("exemplar \(entry.ref.number) \(entry.timeMs)")
        }
      case .tombstones:
        for entry in try OtherRecords.decodeTombstones(record.span) {
          lines.append("tombstone \(entry.ref.number) \(entry.range.maxMs)")
        }
      case .metadata:
        for entry in try OtherRecords.decodeMetadata(record.span) {
          lines.append("metadata \(entry.ref.number) \(entry.metadata.help)")
        }
      case .histogramSamples, .floatHistogramSamples:
        var histograms = HistogramSampleColumns()
        try HistogramRecords.decode(record.span, into: &histograms)
        lines.append("histogram \(record[0]) \(histograms.refs[0].number) \(histograms.times[0])")
      default: lines.append("unknown")
      }
    }
    return lines
  }

  private func checkpoint(_ last: Int, from time: Int64, keeping: Set<UInt64>) throws
    -> CheckpointStats
  {
    try Checkpoint.write(
      through: last, of: directory, files: files, options: WALFixture.options(.snappy),
      rules: CheckpointRules(minTimeMs: time) { keeping.contains($0.number) })
  }

  @Test func `a checkpoint keeps living series, young samples and the newest metadata`() throws {
    for i in 1...4 { try writeSegment(series: UInt64(i), time: Int64(i) * 100) }
    let stats = try checkpoint(2, from: 200, keeping: [2, 3])
    #expect(stats.seriesKept == 2)
    #expect(stats.seriesDropped == 1)
    #expect(
      try contents(directory + "/checkpoint.00000002") == [
        "series 2 {__name__=\"m2\"}", "sample 2 200", "exemplar 2 200", "tombstone 2 200",
        "histogram 8 2 200", "histogram 7 2 200",
        "series 3 {__name__=\"m3\"}", "sample 2 300", "sample 3 300", "exemplar 3 300",
        "tombstone 3 300", "histogram 8 3 300", "histogram 7 3 300",
        "metadata 2 at 200", "metadata 3 at 300",
      ])
    #expect(try Checkpoint.last(files, directory)?.index == 2)
    // Until old segments are removed they are all there.
    #expect(try WALSegments.list(files, directory) == [0, 1, 2, 3])
    try Checkpoint.removeOld(of: directory, files: files)
    #expect(try WALSegments.list(files, directory) == [3])
  }

  @Test func `a second checkpoint takes up the first`() throws {
    for i in 1...5 { try writeSegment(series: UInt64(i), time: Int64(i) * 100) }
    _ = try checkpoint(1, from: 0, keeping: [1, 2, 3, 4, 5])
    try Checkpoint.removeOld(of: directory, files: files)
    _ = try checkpoint(3, from: 300, keeping: [1, 3, 4])
    try files.makeDirectory(directory + "/checkpoint.00000009.tmp")
    try Checkpoint.removeOld(of: directory, files: files)
    #expect(try files.list(directory) == ["00000004", "checkpoint.00000003"])
    let lines = try contents(directory + "/checkpoint.00000003")
    #expect(lines.filter { $0.hasPrefix("series") }.count == 3)
    #expect(
      lines.filter { $0.hasPrefix("sample") } == [
        "sample 1 300", "sample 3 300", "sample 1 400", "sample 3 400", "sample 4 400",
      ])
    #expect(lines.filter { $0.hasPrefix("metadata 1") } == ["metadata 1 at 100"])
  }

  @Test func `damage in the source is told and leaves no checkpoint`() throws {
    for i in 1...3 { try writeSegment(series: UInt64(i), time: Int64(i) * 100) }
    try files.truncate(directory + "/00000001", toBytes: 20)
    #expect(throws: WALError.self) { try checkpoint(1, from: 0, keeping: [1]) }
    #expect(try Checkpoint.last(files, directory) == nil)
  }

  @Test func `two thirds of the segments are worth a checkpoint`() {
    #expect(Checkpoint.lastSegment(of: []) == nil)
    #expect(Checkpoint.lastSegment(of: [5]) == nil)
    #expect(Checkpoint.lastSegment(of: [5, 6]) == nil)
    #expect(Checkpoint.lastSegment(of: [5, 6, 7]) == nil)
    #expect(Checkpoint.lastSegment(of: [5, 6, 7, 8]) == 6)
    #expect(Checkpoint.lastSegment(of: Array(0...10)) == 6)
    #expect(Checkpoint.index(of: "checkpoint.00000042") == 42)
    #expect(Checkpoint.index(of: "checkpoint.00000042.tmp") == nil)
    #expect(Checkpoint.index(of: "00000042") == nil)
  }
}
