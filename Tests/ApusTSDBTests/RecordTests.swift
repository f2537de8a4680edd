import ApusModel
import ApusSystem
import ApusTSDB
import Testing

struct RecordTests {
  private func bytes(_ fill: (inout WALBatch) -> Void) -> [UInt8] {
    var batch = WALBatch()
    fill(&batch)
    precondition(batch.recordCount == 1)
    return [UInt8](copying: batch.record(0))
  }

  @Test func `series come back with their labels`() throws {
    let long = String(repeating: "ü", count: 200)
    let sets: [Labels] = [
      ["__name__": "up", "job": "a"], .empty, ["x": long, "y": "1"],
      Labels((0..<100).map { Label("l\($0)", "v\($0)") }),
    ]
    let refs = (0..<4).map { SeriesRef($0 * 1_000_000_007) }
    let record = bytes { $0.addSeries(refs, sets) }
    var read: [(SeriesRef, Labels)] = []
    try SeriesRecords.decode(record.span) { ref, labels in
      read.append((ref, Labels(encoded: [UInt8](copying: labels))))
    }
    #expect(read.map(\.0) == refs)
    #expect(read.map(\.1) == sets)
  }

  @Test func `a series record has the bytes that Prometheus writes`() {
    #expect(
      bytes { $0.addSeries([SeriesRef(0x0102)], [["a": "bc", "d": "e"]]) }
        == [1, 0, 0, 0, 0, 0, 0, 1, 2, 2, 1, 97, 2, 98, 99, 1, 100, 1, 101])
  }

  @Test func `labels that are not as Prometheus writes them are put right`() throws {
    let record: [UInt8] = [1, 0, 0, 0, 0, 0, 0, 0, 9, 3, 1, 98, 1, 49, 1, 97, 1, 50, 1, 99, 0]
    var read: [Labels] = []
    try SeriesRecords.decode(record.span) { _, labels in
      read.append(Labels(encoded: [UInt8](copying: labels)))
    }
    #expect(read == [["a": "2", "b": "1"]])
  }

  @Test func `a length in more bytes than it needs is read`() throws {
    let record: [UInt8] = [1, 0, 0, 0, 0, 0, 0, 0, 9, 1, 0x81, 0, 97, 1, 98]
    var read: [Labels] = []
    try SeriesRecords.decode(record.span) { _, labels in
      read.append(Labels(encoded: [UInt8](copying: labels)))
    }
    #expect(read == [["a": "b"]])
  }

  @Test func `samples come back bit by bit`() throws {
    var columns = SampleColumns()
    for (i, value) in XORChunkTests.hardValues.enumerated() {
      columns.append(
        SeriesRef(UInt64(1000 - i * 37)), timeMs: 1_700_000_000_000 - Int64(i * i * 1000),
        value: value)
    }
    columns.append(SeriesRef(.max), timeMs: .max, value: 1)
    columns.append(SeriesRef(0), timeMs: .min, value: 2)
    let record = bytes { $0.addSamples(columns) }
    var read = SampleColumns()
    read.append(SeriesRef(1), timeMs: 1, value: 1)
    try SampleRecords.decode(record.span, into: &read)
    #expect(Array(read.refs.dropFirst()) == columns.refs)
    #expect(Array(read.times.dropFirst()) == columns.times)
    #expect(read.values.dropFirst().map(\.bitPattern) == columns.values.map(\.bitPattern))
  }

  @Test func `a samples record has the bytes that Prometheus writes`() {
    var columns = SampleColumns()
    columns.append(SeriesRef(3), timeMs: 1000, value: 1)
    columns.append(SeriesRef(2), timeMs: 1001, value: 2)
    #expect(
      bytes { $0.addSamples(columns) }
        == [2, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0x03, 0xE8]
        + [0, 0, 0x3F, 0xF0, 0, 0, 0, 0, 0, 0] + [1, 2, 0x40, 0, 0, 0, 0, 0, 0, 0])
  }

  @Test func `no samples make no record, and an empty record no samples`() throws {
    var batch = WALBatch()
    batch.addSamples(SampleColumns())
    batch.addExemplars([])
    batch.addMetadata([])
    batch.addTombstones([])
    let isEmpty = batch.isEmpty
    #expect(isEmpty)
    var columns = SampleColumns()
    try SampleRecords.decode([2].span, into: &columns)
    #expect(columns.count == 0)
    #expect(try OtherRecords.decodeExemplars([4].span) == [])
  }

  @Test func `tombstones, exemplars and metadata come back`() throws {
    let tombstones = [
      TombstoneEntry(ref: SeriesRef(7), range: TimeRange(.min, .max)),
      TombstoneEntry(ref: SeriesRef(.max), range: TimeRange(-5, 100)),
    ]
    let exemplars = [
      ExemplarEntry(ref: SeriesRef(9), timeMs: 100, value: 1.5, labels: ["trace_id": "x"]),
      ExemplarEntry(ref: SeriesRef(3), timeMs: -100, value: .infinity, labels: .empty),
    ]
    let metadata = MetricMetadata.Kind.allCases.enumerated().map { i, kind in
      MetadataEntry(
        ref: SeriesRef(UInt64(i) << 40),
        metadata: MetricMetadata(kind: kind, unit: "s\(i)", help: "what \(i) is"))
    }
    #expect(
      try OtherRecords.decodeTombstones(bytes { $0.addTombstones(tombstones) }.span) == tombstones)
    #expect(
      try OtherRecords.decodeExemplars(bytes { $0.addExemplars(exemplars) }.span) == exemplars)
    #expect(
      try OtherRecords.decodeMetadata(bytes { $0.addMetadata(metadata) }.span) == metadata)
  }

  @Test func `metadata fields of later versions are passed over`() throws {
    let record: [UInt8] = [6, 5, 1, 2, 3, 78, 69, 87, 1, 120, 4, 72, 69, 76, 80, 1, 104]
    #expect(
      try OtherRecords.decodeMetadata(record.span)
        == [
          MetadataEntry(
            ref: SeriesRef(5), metadata: MetricMetadata(kind: .counter, unit: "", help: "h"))
        ])
  }

  @Test func `records cut anywhere or of another type are errors`() {
    let series = bytes { $0.addSeries([SeriesRef(1)], [["a": "b"]]) }
    for cut in 2..<series.count {
      #expect(throws: RecordError.self) {
        try SeriesRecords.decode(Array(series[..<cut]).span) { _, _ in }
      }
    }
    var columns = SampleColumns()
    columns.append(SeriesRef(3), timeMs: 1000, value: 1)
    let samples = bytes { $0.addSamples(columns) }
    for cut in 2..<samples.count where cut != 17 {
      #expect(throws: RecordError.self) {
        try SampleRecords.decode(Array(samples[..<cut]).span, into: &columns)
      }
    }
    #expect(throws: RecordError.wrongType(1)) {
      try SampleRecords.decode(series.span, into: &columns)
    }
    #expect(RecordType(of: [200].span) == nil)
    #expect(RecordType(of: [UInt8]().span) == nil)
  }
}
