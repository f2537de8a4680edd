internal import ApusModel
internal import ApusStorage
internal import ApusSystem
internal import ApusTelemetry

/// Brings the late samples back into memory, from `wbl/` and chunks_head, after all series are
/// known. Nobody else uses the head yet, so no lock is taken.
///
/// A chunk of chunks_head is in use if a marker of the log names it: then it stands in for the
/// samples of its series that were logged before. Others were written just before the end and
/// have no marker yet, and the log holds their samples; or blocks hold them by now.
struct OutOfOrderReplay: ~Copyable {
  private let head: Head
  /// Refs whose series has another one.
  private let refMap: [UInt64: UInt64]
  /// Chunks on disk by number, until they are in use.
  private var chunks: [UInt64: HeadChunk]
  private var series: [UInt32: OutOfOrderSeries] = [:]
  /// Series that have lost a chunk: later ones do not hold what it held, but for what a start in
  /// between has read from the log. All that was logged of them stays in memory.
  private var incomplete: Set<UInt32> = []
  private var floats = SampleColumns()
  private var histograms = HistogramSampleColumns()
  private(set) var sampleCount = 0
  /// Chunks in use that no marker names, by slot.
  private(set) var unmarked: [UInt32: [MmapMarker]] = [:]
  private(set) var recordCount = 0
  /// The greatest ref of a series that is not known.
  private var refMax: UInt64 = 0
  private var unknown: [(type: String, count: Int)] = [
    ("samples", 0), ("histograms", 0), ("mmap_markers", 0),
  ]

  init(_ head: Head, refMap: [UInt64: UInt64], chunks: [HeadChunk]) {
    self.head = head
    self.refMap = refMap
    self.chunks = Dictionary(chunks.map { ($0.ref.number, $0) }) { first, _ in first }
  }

  /// Applies all records that the reader gives.
  /// - Throws: what the reader throws; a record that cannot be decoded is a corruption there.
  mutating func replay(_ reader: inout WALReader) throws(WALError) {
    while try reader.next() {
      recordCount += 1
      do throws(RecordError) {
        try apply(reader.record)
      } catch {
        throw .corruption(reader.corruption(error.description))
      }
    }
  }

  private mutating func apply(_ record: Span<UInt8>) throws(RecordError) {
    switch RecordType(of: record) {
    case .some(let type) where SampleRecords.holds(type):
      floats.removeAll()
      try SampleRecords.decode(record, into: &floats)
      addFloats()
    case .some(let type) where HistogramRecords.holds(type):
      histograms.removeAll()
      try HistogramRecords.decode(record, into: &histograms)
      addHistograms()
    case .mmapMarkers: apply(try MarkerRecords.decode(record))
    default: return  // Unknown types are skipped, as Prometheus does.
    }
  }

  private mutating func slot(of ref: SeriesRef) -> UInt32? {
    let slot = head.columns.slot(ofRef: refMap[ref.number] ?? ref.number)
    if slot == nil { refMax = max(refMax, ref.number) }
    return slot
  }

  private mutating func addFloats() {
    for i in floats.refs.indices {
      guard let slot = slot(of: floats.refs[i]) else {
        unknown[0].count += 1
        continue
      }
      let (time, bits) = (floats.times[i], floats.values[i].bitPattern)
      guard AppendRules.canBeStored(time) else { continue }
      if series[slot, default: OutOfOrderSeries()].insert(timeMs: time, bits: bits) {
        sampleCount += 1
      }
    }
  }

  private mutating func addHistograms() {
    for i in histograms.refs.indices {
      guard let slot = slot(of: histograms.refs[i]) else {
        unknown[1].count += 1
        continue
      }
      let (time, histogram) = (histograms.times[i], histograms.histograms[i])
      guard AppendRules.canBeStored(time) else { continue }
      if series[slot, default: OutOfOrderSeries()].insert(timeMs: time, histogram) {
        sampleCount += 1
      }
    }
  }

  /// The markers of one record. Those of a series name all chunks that its samples went into.
  private mutating func apply(_ markers: [MmapMarker]) {
    var named: [UInt32: [HeadChunk]] = [:]
    // Zero: a chunk was begun and none written, so nothing is to be forgotten.
    for marker in markers where marker.chunk != 0 {
      guard let slot = slot(of: marker.ref) else {
        unknown[2].count += 1
        continue
      }
      // Where the chunk that was meant is lost, one of another series may stand in its place.
      if let chunk = chunks[marker.chunk], chunk.series == marker.ref {
        chunks[marker.chunk] = nil
        named[slot, default: []].append(chunk)
      } else {
        incomplete.insert(slot)
      }
    }
    for (slot, found) in named {
      if !incomplete.contains(slot) { series[slot]?.removeOpen() }
      for chunk in found { attach(chunk, to: slot) }
    }
  }

  private mutating func attach(_ chunk: HeadChunk, to slot: UInt32) {
    series[slot, default: OutOfOrderSeries()].append(
      OutOfOrderSeries.Chunk(ref: chunk.ref, range: chunk.range, encoding: chunk.encoding))
    sampleCount += chunk.sampleCount
    head.metrics.chunksCreated.increment()
  }

  /// Takes the chunks that no marker named into use too: where the log is damaged or gone, they
  /// may hold what it does not.
  mutating func attachAllChunks() {
    for chunk in chunks.values.sorted(by: { $0.ref < $1.ref }) {
      guard let slot = slot(of: chunk.series) else { continue }
      attach(chunk, to: slot)
      unmarked[slot, default: []].append(
        MmapMarker(ref: chunk.series, chunk: chunk.ref.number))
    }
    chunks = [:]
  }

  /// Puts all into the head, and says what was in the log without its series.
  mutating func finish(_ log: Log) {
    for (slot, late) in series { head.attachLate(slot, late) }
    series = [:]
    // A new series with the ref of one that is gone would get its samples at the next start.
    head.columns.reserve(ref: refMax)
    for (type, count) in unknown where count > 0 {
      head.metrics.lateReplayUnknownRefs[type].increment(by: Double(count))
      log.warning(
        "Unknown series references for ooo WAL replay", ["type": type, "count": "\(count)"])
    }
  }
}
