internal import ApusModel
internal import ApusStorage
internal import ApusSystem
internal import Synchronization

/// The late samples of the head, by ordinal of their series. Series without any are not here, and
/// cost nothing. Changed under both locks of the head, as everything in it.
final class OutOfOrderHead: @unchecked Sendable {
  // Sound because it follows the rules of `Head`, whose part it is.

  /// How far behind the newest sample late ones are taken, ms; 0 for not at all.
  let windowMs = Atomic<Int64>(0)
  /// The out-of-order log; nil where there was never a window, or no log at all.
  var log: OutOfOrderLog?
  /// First and last time of the late samples; nil while there are none.
  private(set) var range: TimeRange?
  private var series: [UInt32: OutOfOrderSeries] = [:]

  var isEmpty: Bool { series.isEmpty }

  var ordinals: [UInt32] { series.keys.sorted() }

  subscript(ordinal: UInt32) -> OutOfOrderSeries? {
    get { series[ordinal] }
    set { series[ordinal] = newValue }
  }

  func extend(_ range: TimeRange) {
    self.range = TimeRange(
      min(self.range?.minMs ?? .max, range.minMs), max(self.range?.maxMs ?? .min, range.maxMs))
  }

  /// Finds out the range anew after something was removed.
  func measure() {
    range = nil
    for late in series.values {
      if let times = late.range { extend(times) }
    }
  }

  /// The oldest file of chunks_head that is needed.
  var oldestFile: Int? {
    series.values.flatMap(\.chunks).map(\.ref.file).min()
  }
}

/// Late samples and markers on their way into `wbl/`, in the order in which replay needs them: the
/// marker of a chunk stands behind the samples of that chunk and before those of the next one.
final class OutOfOrderLog: @unchecked Sendable {
  // Sound because all but `writer` is used by the holder of the head's append lock alone.
  let writer: WALWriter
  private var batch = WALBatch()
  private var markers: [MmapMarker] = []
  private var floats = SampleColumns()
  private var histograms = HistogramSampleColumns()
  private var notes: SegmentNotes

  init(_ writer: WALWriter, ledger: SegmentLedger? = nil) {
    self.writer = writer
    notes = SegmentNotes(writer, ledger)
  }

  func add(_ ref: SeriesRef, timeMs: Int64, value: Double) {
    floats.append(ref, timeMs: timeMs, value: value)
  }

  func add(_ ref: SeriesRef, timeMs: Int64, _ histogram: FloatHistogram) {
    histograms.append(ref, timeMs: timeMs, histogram: histogram)
  }

  /// Says that the samples of a series so far stand in chunks.
  func mark(_ ref: SeriesRef, _ chunks: [HeadChunkRef]) {
    mark(chunks.map { MmapMarker(ref: ref, chunk: $0.number) })
  }

  /// The same of chunks that may stand under other refs of the series.
  func mark(_ chunks: [MmapMarker]) {
    gather()
    markers = chunks
  }

  private func gather() {
    batch.addMmapMarkers(markers)
    batch.addSamples(floats)
    batch.addHistogramRuns(histograms)
    markers = []
    floats.removeAll()
    histograms.removeAll()
  }

  /// Forgets what was added since the last write.
  func discard() {
    markers = []
    floats.removeAll()
    histograms.removeAll()
    batch.removeAll()
  }

  /// Takes back what the last write wrote. Where that fails too it may be there at the next start.
  func retract(to mark: WALWriter.Position) {
    guard writer.position != mark else { return }
    try? writer.retract(to: mark)
  }

  /// Writes what was added; it survives the death of the process on return.
  func write() throws(StorageError) {
    gather()
    defer { batch.removeAll() }
    do throws(WALError) { try writer.log(batch) } catch { throw .wal(error) }
    notes.update(writer)
  }
}
