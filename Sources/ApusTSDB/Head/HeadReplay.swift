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
  private var otherRefs = OtherRefs()
  private var share: ReplayShare
  /// Puts half of the samples, once there are many.
  private var partner: ReplayPartner?
  private let samplesPerShareMin: Int
  private(set) var sampleCount = 0
  private var unknownSamples = 0
  private var unknownTombstones = 0
  private var unknownExemplars = 0
  private var unknownMetadata = 0

  /// Tombstones are applied when all series are known.
  private var tombstones: [TombstoneEntry] = []

  /// Chunks on disk whose series have not come yet.
  private var chunks: HeadChunkReplay

  /// - Parameter samplesPerShareMin: a second thread is started for so many samples of a batch.
  init(_ head: Head, _ chunks: HeadChunkReplay, samplesPerShareMin: Int = 8192) {
    self.head = head
    self.chunks = chunks
    share = ReplayShare(head)
    self.samplesPerShareMin = samplesPerShareMin
  }

  deinit { partner?.end(head) }

  /// Applies all records of a log, and says how far it got.
  /// - Throws: what the reader throws; a record that cannot be decoded is a corruption there.
  mutating func replay(
    _ source: ReplaySource, _ progress: ReplayProgress? = nil
  ) throws(WALError) {
    defer { join() }
    try source.forEachBatch { batch throws(WALError) in
      progress?.advance(to: batch.segment)
      // Series that come anew are nobody else's; all other records may speak of any series.
      let isShared = batch.others.allSatisfy(\.isSeries)
      if !isShared { join() }
      var done = 0
      for other in batch.others {
        addSamples(batch, done..<other.samplesBefore, isShared)
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
      addSamples(batch, done..<batch.samples.count, isShared)
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
        if chunks.holds(ref.number) { join() }
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
      otherRefs.note(ref, known)
    }
    head.metrics.seriesCreated.increment(by: Double(created))
  }

  private mutating func addSamples(
    _ batch: ReplayBatch, _ range: Range<Int>, _ isShared: Bool
  ) {
    guard !range.isEmpty else { return }
    let columns = head.columns
    let piece = ReplayPiece(
      batch: batch, range: range, baseRef: columns.baseRef, ordinalEnd: columns.nextOrdinal,
      floor: head.clock.floor)
    if isShared && otherRefs.isEmpty, let partner = partner(for: batch) {
      partner.add(piece)
      share.add(piece, .first)
    } else {
      join()
      share.add(piece, .all, otherRefs)
    }
    note(share.takeTally())
  }

  /// The second thread, if it is at work or there is enough for it.
  private mutating func partner(for batch: ReplayBatch) -> ReplayPartner? {
    if let partner, partner.isBusy { return partner }
    guard batch.samples.count >= samplesPerShareMin, WorkerPool.processorCount > 1 else {
      return nil
    }
    if partner == nil { partner = ReplayPartner(head) }
    return partner
  }

  /// Waits until the second thread has put what it was given: then the head is as the log has it
  /// up to here.
  private mutating func join() {
    guard let partner, partner.isBusy else { return }
    let tally = partner.wait()
    note(tally)
    guard !tally.deferred.isEmpty else { return }
    for (slot, time, bits) in tally.deferred { share.add(slot, time: time, bits: bits) }
    note(share.takeTally())
  }

  private mutating func note(_ tally: ReplayTally) {
    sampleCount += tally.added
    unknownSamples += tally.unknown
    head.fullSlots += tally.full
    if tally.maxTime != .min { head.clock.extend(tally.minTime, tally.maxTime) }
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
      if time <= lastTime && lastTime != .min, head.isHeld(slot, time, in: head.columns.slots) {
        continue
      }
      head.appendHistogram(slot, time: time, histograms.histograms[i])
      head.clock.extend(time, time)
      sampleCount += 1
    }
  }

  private func slot(of ref: SeriesRef) -> UInt32? {
    head.columns.slot(ofRef: otherRefs[ref.number])
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
  var refMap: [UInt64: UInt64] { otherRefs.refs }

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
    partner?.end(head)
    partner = nil
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
    return Array(otherRefs.refs.keys)
  }
}
