internal import ApusModel
internal import ApusStorage
internal import ApusSystem
internal import ApusTelemetry
internal import Synchronization

/// Brings the log back into memory: checkpoint first, then segments. Nobody else uses the head
/// yet, so no lock is taken.
struct HeadReplay: ~Copyable {
  private let head: Head
  private var histograms = HistogramSampleColumns()
  /// Refs of the log whose labels a series with another ref has.
  private var otherRefs: [UInt64: UInt64] = [:]
  /// The largest of them; most logs have none.
  private var otherRefMax: UInt64 = 0
  private(set) var sampleCount = 0
  private(set) var unknownCount = 0
  private var unknownSamples = 0
  private var unknownTombstones = 0
  private var unknownExemplars = 0
  private var unknownMetadata = 0

  /// Tombstones are applied when all series are known.
  private var tombstones: [TombstoneEntry] = []

  /// Chunks on disk whose series have not come yet.
  private var chunks: HeadChunkReplay

  init(_ head: Head, _ chunks: HeadChunkReplay) {
    self.head = head
    self.chunks = chunks
  }

  /// Applies all records of a log, and says how far it got.
  /// - Throws: what the reader throws; a record that cannot be decoded is a corruption there.
  mutating func replay(
    _ source: ReplaySource, _ progress: ReplayProgress? = nil
  ) throws(WALError) {
    try source.forEachBatch { batch throws(WALError) in
      progress?.advance(to: batch.segment)
      var done = 0
      for other in batch.others {
        addSamples(batch.samples, done..<other.samplesBefore)
        done = other.samplesBefore
        do throws(RecordError) {
          try apply(other.record.span)
        } catch {
          throw .corruption(
            WALCorruption(
              directory: source.directory, segment: other.segment, offset: other.offset,
              reason: error.description))
        }
      }
      addSamples(batch.samples, done..<batch.samples.count)
    }
  }

  private mutating func apply(_ record: Span<UInt8>) throws(RecordError) {
    switch RecordType(of: record) {
    case .series: try addSeries(record)
    case .some(let type) where HistogramRecords.holds(type):
      histograms.removeAll()
      try HistogramRecords.decode(record, into: &histograms)
      addHistograms()
    case .tombstones: addTombstones(try OtherRecords.decodeTombstones(record))
    case .exemplars: addExemplars(try OtherRecords.decodeExemplars(record))
    case .metadata: addMetadata(try OtherRecords.decodeMetadata(record))
    default: return  // Markers belong to the other log.
    }
  }

  private mutating func addSeries(_ record: Span<UInt8>) throws(RecordError) {
    let columns = head.columns
    var others: [(UInt64, UInt64?)] = []
    let hasOthers = !otherRefs.isEmpty
    var created = 0
    var chunks = chunks
    self.chunks = HeadChunkReplay()
    defer { self.chunks = chunks }
    try SeriesRecords.decode(record) { ref, labels in
      if columns.nextOrdinal == 0 { columns.setBaseRef(ref.number) }
      let slot: UInt32
      let hash = SeriesColumns.hash(labels)
      if let known = columns.find(labels, hash: hash) {
        slot = known
        let known = columns.ref(columns.states[slot].ordinal)
        if known != ref.number { others.append((ref.number, known)) }
      } else if columns.canHold(ref: ref.number), columns.slot(ofRef: ref.number) == nil {
        slot = columns.add(labels, hash: hash, ref: ref.number)
        if hasOthers || !others.isEmpty { others.append((ref.number, nil)) }
        created += 1
      } else if columns.canHold(ref: columns.nextRef) {
        // Out of reach, or used for other labels before: any free ref will do.
        slot = columns.add(labels, hash: hash, ref: columns.nextRef)
        others.append((ref.number, columns.ref(columns.states[slot].ordinal)))
        created += 1
      } else {
        // No ref is left: what follows of the series is counted as unknown.
        return
      }
      chunks.attach(ref.number, to: slot, head)
    }
    for (ref, known) in others {
      if known != nil { columns.reserve(ref: ref) }
      if known != nil || !otherRefs.isEmpty { otherRefs[ref] = known }
      if known != nil { otherRefMax = max(otherRefMax, ref) }
    }
    head.metrics.seriesCreated.increment(by: Double(created))
  }

  private mutating func addSamples(_ samples: SampleColumns, _ range: Range<Int>) {
    guard !range.isEmpty else { return }
    let columns = head.columns
    let states = columns.states
    let writer = FloatWriter(head)
    let floor = max(head.clock.floor, -Limits.sampleTimeMsMax)
    let (refs, times, values) = (samples.refs.span, samples.times.span, samples.values.span)
    var minTime = Int64.max
    var maxTime = Int64.min
    var added = 0
    for i in range {
      let time = times[i]
      if time < floor || time > Limits.sampleTimeMsMax { continue }
      var ref = refs[i].number
      if ref <= otherRefMax, let other = otherRefs[ref] { ref = other }
      guard let slot = columns.slot(ofRef: ref) else {
        unknownSamples += 1
        continue
      }
      // What head chunks hold already is older than, or as old as, the newest sample.
      let lastTime = states[slot].lastTime
      if time <= lastTime && lastTime != .min {
        if !states[slot].flags.contains(.unproven) || time <= states[slot].chunkStart { continue }
        if head.prove(slot, inLog: time) { continue }
      }
      writer.append(slot, time: time, bits: values[i].bitPattern)
      added += 1
      minTime = min(minTime, time)
      maxTime = max(maxTime, time)
    }
    sampleCount += added
    if maxTime != .min { head.clock.extend(minTime, maxTime) }
  }

  private mutating func addHistograms() {
    for i in 0..<histograms.count
    where histograms.times[i] >= head.clock.floor
      && AppendRules.canBeStored(histograms.times[i])
    {
      guard let slot = slot(of: histograms.refs[i]) else {
        unknownSamples += 1
        continue
      }
      let (time, lastTime) = (histograms.times[i], head.columns.states[slot].lastTime)
      if time <= lastTime && lastTime != .min {
        let state = head.columns.states[slot]
        if !state.flags.contains(.unproven) || time <= state.chunkStart { continue }
        if head.prove(slot, inLog: time) { continue }
      }
      head.appendHistogram(slot, time: time, histograms.histograms[i])
      head.clock.extend(time, time)
      sampleCount += 1
    }
  }

  private func slot(of ref: SeriesRef) -> UInt32? {
    head.columns.slot(ofRef: otherRefs[ref.number] ?? ref.number)
  }

  /// All of time means that the series was removed from the head: what follows under its labels
  /// is another one.
  private mutating func addTombstones(_ entries: [TombstoneEntry]) {
    var buried: [UInt32] = []
    for entry in entries {
      guard entry.range == .all else {
        tombstones.append(entry)
        continue
      }
      guard let slot = slot(of: entry.ref) else { continue }
      head.bury(slot)
      buried.append(slot)
    }
    if !buried.isEmpty { _ = head.purge(buried) }
  }

  /// Refs of the log whose series has another one, and that one.
  var refMap: [UInt64: UInt64] { otherRefs }

  private mutating func addExemplars(_ entries: [ExemplarEntry]) {
    for entry in entries where entry.timeMs >= head.clock.floor {
      guard let slot = slot(of: entry.ref) else {
        unknownExemplars += 1
        continue
      }
      let exemplar = Exemplar(labels: entry.labels, value: entry.value, timeMs: entry.timeMs)
      let ordinal = head.columns.states[slot].ordinal
      // The log may hold some that came out of order, by whatever window was in force then.
      guard head.exemplars.check(ordinal, exemplar, windowMs: .max) == nil else { continue }
      head.exemplars.add(ordinal, exemplar)
    }
  }

  private mutating func addMetadata(_ entries: [MetadataEntry]) {
    for entry in entries {
      guard let slot = slot(of: entry.ref) else {
        unknownMetadata += 1
        continue
      }
      _ = head.metadata.set(head.columns.states[slot].ordinal, entry.metadata)
    }
  }

  /// Applies what had to wait, and says what was in the log without its series.
  ///
  /// - Returns: refs of the log whose series has another one.
  mutating func finish(_ log: Log) -> [UInt64] {
    var refMax = chunks.refMax
    for entry in tombstones where entry.range.maxMs >= head.clock.floor {
      guard let slot = slot(of: entry.ref) else {
        unknownTombstones += 1
        refMax = max(refMax, entry.ref.number)
        continue
      }
      head.tombstones.add(entry.range, to: head.columns.states[slot].ordinal)
    }
    if chunks.count > 0 { head.endProofs() }
    head.columns.reclaim()
    // No new series may get the ref of a chunk, or of a deletion, of one that is gone.
    head.columns.reserve(ref: refMax)
    let unknown = [
      ("samples", unknownSamples), ("tombstones", unknownTombstones),
      ("exemplars", unknownExemplars), ("metadata", unknownMetadata),
    ]
    for (type, count) in unknown where count > 0 {
      head.metrics.replayUnknownRefs[type].increment(by: Double(count))
      log.warning("Unknown series references", ["type": type, "count": "\(count)"])
    }
    return Array(otherRefs.keys)
  }
}
