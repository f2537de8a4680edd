internal import ApusModel
internal import ApusSystem

/// What few series have, as records of the log: | length uvarint | record | ... |
struct HeadImageRecords {
  private(set) var tombstones: [TombstoneEntry] = []
  /// Oldest first.
  private(set) var exemplars: [ExemplarEntry] = []
  private(set) var metadata: [MetadataEntry] = []
  /// Samples of open chunks; those of a series stand in order of time.
  private(set) var histograms = HistogramSampleColumns()

  private static let entriesPerRecord = 4096

  /// - Parameter isLive: whether an ordinal is one of a series; what others left is not written.
  static func encode(
    _ moment: HeadMoment, _ writer: inout ByteWriter, isLive: (UInt32) -> Bool
  ) {
    let base = moment.columns.baseRef
    func ref(_ ordinal: UInt32) -> SeriesRef { SeriesRef(base + UInt64(ordinal)) }
    var batch = WALBatch()
    for (ordinal, intervals) in moment.tombstones.intervals where isLive(ordinal) {
      batch.addTombstones(
        intervals.ranges.map { TombstoneEntry(ref: ref(ordinal), range: $0) })
    }
    let exemplars = moment.exemplars.filter { isLive($0.ordinal) }
    for start in stride(from: 0, to: exemplars.count, by: entriesPerRecord) {
      batch.addExemplars(
        exemplars[start..<min(start + entriesPerRecord, exemplars.count)].map { entry in
          ExemplarEntry(
            ref: ref(entry.ordinal), timeMs: entry.exemplar.timeMs ?? 0,
            value: entry.exemplar.value, labels: entry.exemplar.labels)
        })
    }
    for (ordinal, metadata) in moment.metadata where isLive(ordinal) {
      batch.addMetadata([MetadataEntry(ref: ref(ordinal), metadata: metadata)])
    }
    for (ordinal, open) in moment.histograms where isLive(ordinal) {
      var columns = HistogramSampleColumns()
      let run = open.run
      for (i, time) in run.times.enumerated() {
        columns.append(ref(ordinal), timeMs: time, histogram: run.histograms[i])
      }
      batch.addHistograms(columns)
    }
    for i in 0..<batch.recordCount { writer.uvarintBytes(batch.record(i)) }
  }

  init(_ bytes: Span<UInt8>) throws(HeadImageRejection) {
    var reader = ByteReader(bytes)
    do {
      while !reader.isAtEnd { try add(try reader.uvarintSlice()) }
    } catch {
      throw HeadImageRejection("its records are damaged: \(error)")
    }
  }

  private mutating func add(_ record: Span<UInt8>) throws(RecordError) {
    switch RecordType(of: record) {
    case .tombstones: tombstones += try OtherRecords.decodeTombstones(record)
    case .exemplars: exemplars += try OtherRecords.decodeExemplars(record)
    case .metadata: metadata += try OtherRecords.decodeMetadata(record)
    case .some(let type) where HistogramRecords.holds(type):
      try HistogramRecords.decode(record, into: &histograms)
    default: throw .wrongType(record.isEmpty ? 0 : record[0])
    }
  }

  /// The open chunks of histograms, by ordinal.
  func openHistograms(baseRef: UInt64) -> [UInt32: HistogramSeries.Open] {
    var open: [UInt32: HistogramSeries.Open] = [:]
    // Those of custom bounds stand in a record apart.
    let order = (0..<histograms.count).sorted { histograms.times[$0] < histograms.times[$1] }
    for i in order {
      guard let ordinal = UInt32(exactly: histograms.refs[i].number &- baseRef) else { continue }
      open[ordinal, default: HistogramSeries.Open()].append(
        histograms.times[i], histograms.histograms[i])
    }
    return open
  }
}
