import ApusModel
import ApusSystem
import ApusTSDB
import Testing

/// Bytes that nobody wrote, for the log's reader and its decoders: nothing may crash, and what is
/// accepted must come back the same when it is written again.
///
/// `APUS_FUZZ_RUNS=1000000 APUS_FUZZ_SEED=7 swift test --filter WALFuzzTests` runs more of them.
/// What once went wrong stands in testdata/wal-fuzz.
struct WALFuzzTests {
  private static let runs =
    ProcessEnvironment.value("APUS_FUZZ_RUNS").flatMap { Int($0) } ?? 3000
  private static let seed =
    ProcessEnvironment.value("APUS_FUZZ_SEED").flatMap { UInt64($0) } ?? 1

  /// One record of every type.
  private static func records() -> [[UInt8]] {
    var batch = WALBatch()
    let refs = (1...6).map { SeriesRef($0 * 77) }
    batch.addSeries(refs, (1...6).map { ["__name__": "m\($0)", "job": "a", "x": "yyyyyyyyyy"] })
    var samples = SampleColumns()
    var started = SampleColumns()
    var histograms = HistogramSampleColumns()
    var startedHistograms = HistogramSampleColumns()
    for (i, ref) in refs.enumerated() {
      var histogram = FloatHistogram()
      histogram.schema = i % 2 == 0 ? 1 : FloatHistogram.customBoundsSchema
      histogram.count = 3
      histogram.positiveSpans = [.init(offset: 1, length: 1), .init(offset: 2, length: 1)]
      histogram.positiveBuckets = [2, 1]
      if i % 2 == 1 { histogram.customBounds = [1, 2, 3, 4, 5] }
      let time = 1_700_000_000_000 + Int64(i)
      samples.append(ref, timeMs: time, value: Double(i) / 3)
      started.append(ref, timeMs: time, value: 1, startMs: Int64(i / 2) * 1000)
      histograms.append(ref, timeMs: time, histogram: histogram)
      startedHistograms.append(ref, timeMs: time, histogram: histogram, startMs: 7)
    }
    batch.addSamples(samples)
    batch.addSamples(started)
    batch.addHistograms(histograms)
    batch.addIntegerHistograms(histograms)
    batch.addHistograms(startedHistograms)
    batch.addIntegerHistograms(startedHistograms)
    batch.addTombstones(refs.map { TombstoneEntry(ref: $0, range: TimeRange(0, 100)) })
    batch.addExemplars(
      refs.map { ExemplarEntry(ref: $0, timeMs: 5, value: 1, labels: ["trace_id": "abcdef"]) })
    batch.addMetadata(
      refs.map { MetadataEntry(ref: $0, metadata: MetricMetadata(kind: .counter, help: "h")) })
    batch.addMmapMarkers(refs.map { MmapMarker(ref: $0, chunk: 1 << 32) })
    var all: [[UInt8]] = []
    for i in 0..<batch.recordCount { all.append([UInt8](copying: batch.record(i))) }
    return all
  }

  @Test func `no bytes crash the decoders, and what they take is what they write`() throws {
    var numbers = SeededNumbers(Self.seed)
    let whole = Self.records()
    for record in whole { #expect(Self.decode(record)) }
    var taken = 0
    for _ in 0..<Self.runs {
      var record = whole[Int(numbers.next() % UInt64(whole.count))]
      Self.mutate(&record, whole, &numbers)
      if Self.decode(record) { taken += 1 }
    }
    // Otherwise the mutations were too wild to reach anything.
    #expect(taken > Self.runs / 100)
  }

  @Test(arguments: WALCompression.allCases)
  func `no bytes crash the reader, and what stands before the first change is kept`(
    _ compression: WALCompression
  ) throws {
    var numbers = SeededNumbers(Self.seed &+ 99)
    let records = Self.records()
    let files = MemoryFileSystem()
    try WALFixture.write(records, files, WALFixture.options(compression))
    let bytes = try files.read("/data/wal/00000000")
    var ends: [Int] = []
    var reader = WALReader(files: files, directory: WALFixture.directory, segments: [0])
    while try reader.next() { ends.append(reader.offset) }
    let length = try #require(ends.last)
    for _ in 0..<Self.runs / 4 {
      var changed = Array(bytes[..<length])
      Self.mutate(&changed, records, &numbers)
      let same = zip(changed, bytes).prefix { $0 == $1 }.count
      try files.write("/data/wal/00000000", changed)
      let (read, _) = try WALFixture.read(files)
      let intact = ends.count { $0 <= same }
      #expect(read.count >= intact && Array(read.prefix(intact)) == Array(records[..<intact]))
      for record in read { _ = Self.decode(record) }
    }
  }

  @Test func `what once went wrong goes right`() throws {
    let folder =
      FilePath.parent(of: FilePath.parent(of: FilePath.parent(of: #filePath)))
      + "/testdata/wal-fuzz"
    let files = PosixFileSystem()
    let names = try files.list(folder).filter { $0.hasSuffix(".record") }
    #expect(!names.isEmpty)
    for name in names { _ = Self.decode(try files.read(FilePath.join(folder, name))) }
  }

  /// Changes a few bytes, lengths or the order of pieces.
  private static func mutate(
    _ bytes: inout [UInt8], _ others: [[UInt8]], _ numbers: inout SeededNumbers
  ) {
    for _ in 0...(numbers.next() % 4) {
      guard !bytes.isEmpty else { return bytes.append(UInt8(truncatingIfNeeded: numbers.next())) }
      let at = Int(numbers.next() % UInt64(bytes.count))
      let special: [UInt8] = [0, 1, 0x7F, 0x80, 0xFF, 0xFE, 2, 16]
      switch numbers.next() % 8 {
      case 0: bytes[at] ^= 1 << UInt8(numbers.next() % 8)
      case 1: bytes[at] = UInt8(truncatingIfNeeded: numbers.next())
      case 2: bytes[at] = special[Int(numbers.next() % 8)]
      case 3: bytes.removeSubrange(at...)
      case 4: bytes.remove(at: at)
      case 5: bytes.insert(special[Int(numbers.next() % 8)], at: at)
      case 6:
        // An integer that is too long or too large.
        bytes.replaceSubrange(at..<min(at + 9, bytes.count), with: repeatElement(0xFF, count: 9))
      default:
        let other = others[Int(numbers.next() % UInt64(others.count))]
        let from = other.isEmpty ? 0 : Int(numbers.next() % UInt64(other.count))
        bytes.replaceSubrange(at..., with: other[from...])
      }
    }
  }

  /// Decodes a record by its type and, if that goes well, writes it and decodes that again.
  private static func decode(_ record: [UInt8]) -> Bool {
    var batch = WALBatch()
    do throws(RecordError) {
      guard let type = RecordType(of: record.span) else { return false }
      switch type {
      case .series:
        var refs: [SeriesRef] = []
        var labels: [Labels] = []
        try SeriesRecords.decode(record.span) { ref, bytes in
          refs.append(ref)
          labels.append(Labels(encoded: [UInt8](copying: bytes)))
        }
        batch.addSeries(refs, labels)
        var again: [Labels] = []
        try SeriesRecords.decode(batch.record(0)) { _, bytes in
          again.append(Labels(encoded: [UInt8](copying: bytes)))
        }
        #expect(again == labels)
      case .samples, .samplesV2:
        var columns = SampleColumns()
        try SampleRecords.decode(record.span, into: &columns)
        batch.addSamples(columns)
        guard columns.count > 0 else { break }
        var again = SampleColumns()
        try SampleRecords.decode(batch.record(0), into: &again)
        #expect(again.refs == columns.refs && again.times == columns.times)
        #expect(again.values.map(\.bitPattern) == columns.values.map(\.bitPattern))
        #expect(again.startTimes == columns.startTimes)
      case .tombstones:
        let entries = try OtherRecords.decodeTombstones(record.span)
        batch.addTombstones(entries)
        guard !entries.isEmpty else { break }
        let again = try OtherRecords.decodeTombstones(batch.record(0))
        #expect(again == entries)
      case .exemplars:
        let entries = try OtherRecords.decodeExemplars(record.span)
        batch.addExemplars(entries)
        guard !entries.isEmpty else { break }
        let again = try OtherRecords.decodeExemplars(batch.record(0))
        #expect(again.map(\.labels) == entries.map(\.labels))
      case .metadata: batch.addMetadata(try OtherRecords.decodeMetadata(record.span))
      case .mmapMarkers: batch.addMmapMarkers(try MarkerRecords.decode(record.span))
      default:
        var columns = HistogramSampleColumns()
        try HistogramRecords.decode(record.span, into: &columns)
        batch.addHistograms(columns)
      }
      return true
    } catch {
      return false
    }
  }
}
