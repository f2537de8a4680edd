internal import ApusModel
internal import ApusStorage
internal import ApusSystem
internal import ApusTelemetry

/// What the head writes to its log. What `log...` is given survives the death of the process when
/// it returns; what `add...` is given, when the next `write` does: all of it, or nothing if that
/// throws. Called by the holder of the head's append lock only.
final class HeadLog: @unchecked Sendable {
  // Sound because all that changes is used by the holder of the append lock alone.
  let writer: WALWriter
  private var batch = WALBatch()
  private var notes: SegmentNotes

  init(_ writer: WALWriter, ledger: SegmentLedger? = nil) {
    self.writer = writer
    notes = SegmentNotes(writer, ledger)
  }

  /// Logs those of `series` that `indices` name, under refs that ascend by one.
  func logSeries(
    firstRef: UInt64, _ series: [Labels], _ indices: [Int]
  ) throws(StorageError) {
    batch.addSeries(firstRef: firstRef, series, indices)
    try write()
  }

  func addSamples(_ refs: [SeriesRef], _ times: [Int64], _ values: [Double]) {
    batch.addSamples(refs: refs.span, times: times.span, values: values.span)
  }

  func addHistograms(_ columns: HistogramSampleColumns) { batch.addHistogramRuns(columns) }

  func logTombstones(_ entries: [TombstoneEntry]) throws(StorageError) {
    batch.addTombstones(entries)
    try write()
  }

  func addExemplars(_ taken: [(ref: SeriesRef, exemplar: Exemplar)]) {
    batch.addExemplars(
      taken.map {
        ExemplarEntry(
          ref: $0.ref, timeMs: $0.exemplar.timeMs ?? 0, value: $0.exemplar.value,
          labels: $0.exemplar.labels)
      })
  }

  func addMetadata(_ changed: [(ref: SeriesRef, metadata: MetricMetadata)]) {
    batch.addMetadata(changed.map { MetadataEntry(ref: $0.ref, metadata: $0.metadata) })
  }

  func write() throws(StorageError) {
    defer { batch.removeAll() }
    do throws(WALError) {
      try writer.log(batch)
    } catch {
      throw .wal(error)
    }
    notes.update(writer)
  }
}

/// Enters each segment of a log in its ledger once, after its first records.
struct SegmentNotes {
  private let ledger: SegmentLedger?
  /// The last segment that is entered, or needs not be.
  private var notedSegment: Int

  init(_ writer: WALWriter, _ ledger: SegmentLedger?) {
    self.ledger = ledger
    notedSegment = writer.segment - 1
  }

  mutating func update(_ writer: WALWriter) {
    let segment = writer.segment
    guard segment > notedSegment else { return }
    ledger?.note((notedSegment + 1)...segment)
    notedSegment = segment
  }
}

extension StorageError {
  static func wal(_ error: WALError) -> StorageError {
    let reason: StorageError.Reason =
      switch error {
      case .io, .notDurable, .invalidSegmentSize: .system
      case .closed: .closed
      case .corruption, .segmentMissing: .corrupt
      }
    return StorageError(reason, "\(error)")
  }
}
