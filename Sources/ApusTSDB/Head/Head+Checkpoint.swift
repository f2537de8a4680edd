internal import ApusModel
internal import ApusStorage
internal import ApusSystem
internal import Synchronization

/// All that the head holds in order, as records: what a checkpoint is made of where the log in
/// front of it cannot be read any more. Appends and reads go on; what they log comes behind.
extension Head {
  /// Series that are named under one hold of the lock.
  private static var seriesPerStep: Int { 1024 }
  /// Records are gathered up to this size before they are logged.
  private static var batchBytes: Int { 1 << 20 }

  /// Begins a new segment of the log: all that older ones hold has been applied when it returns.
  func cutLog() throws(WALError) {
    try appendLock.withLock { _ throws(WALError) in _ = try log?.writer.cutSegment() }
  }

  /// - Parameter otherRefs: refs of the log whose series has another one.
  func write(
    to writer: WALWriter, otherRefs: [UInt64: UInt64]
  ) throws(StorageError) -> CheckpointStats {
    var stats = CheckpointStats()
    var batch = WALBatch()
    try writeSeries(to: writer, otherRefs, &batch, &stats)
    let selection = try select([], in: .all, isSorted: false, limit: 0, part: .inOrder)
    var samples = SampleBatch()
    for state in selection.states {
      samples.removeAll()
      try selection.read(state, in: .all, into: &samples)
      batch.add(samples, of: SeriesRef(columns.ref(state.ordinal)))
      stats.samplesKept += samples.times.count + samples.histogramTimes.count
      try Self.log(&batch, to: writer, from: Self.batchBytes)
    }
    addAttachments(to: &batch, selection.tombstones)
    try Self.log(&batch, to: writer, from: 0)
    return stats
  }

  private static func log(
    _ batch: inout WALBatch, to writer: WALWriter, from bytes: Int
  ) throws(StorageError) {
    guard batch.byteCount >= bytes else { return }
    do throws(WALError) { try writer.log(batch) } catch { throw .wal(error) }
    batch.removeAll()
  }

  private func writeSeries(
    to writer: WALWriter, _ otherRefs: [UInt64: UInt64], _ batch: inout WALBatch,
    _ stats: inout CheckpointStats
  ) throws(StorageError) {
    let lease = epochs.enter()
    defer { withExtendedLifetime(lease) {} }
    var start = 0
    while true {
      var refs: [SeriesRef] = []
      var named: [Labels] = []
      let count = stateLock.withLock { _ in
        let count = columns.slotCount
        for slot in start..<max(start, min(start + Self.seriesPerStep, count)) {
          let slot = UInt32(slot)
          guard columns.isLive(slot) else { continue }
          refs.append(SeriesRef(columns.ref(columns.states[slot].ordinal)))
          named.append(labels(of: columns.states[slot]))
        }
        return count
      }
      if !refs.isEmpty { batch.addSeries(refs, named) }
      stats.seriesKept += refs.count
      try Self.log(&batch, to: writer, from: Self.batchBytes)
      start += Self.seriesPerStep
      if start >= count { break }
    }
    // Segments behind the checkpoint, and the out-of-order log, may name a series by them.
    for (other, known) in otherRefs.sorted(by: { $0.key < $1.key }) {
      let found = stateLock.withLock { _ in
        columns.slot(ofRef: known).map { labels(of: columns.states[$0]) }
      }
      if let found { batch.addSeries([SeriesRef(other)], [found]) }
    }
    try Self.log(&batch, to: writer, from: 0)
  }

  private func addAttachments(to batch: inout WALBatch, _ tombstones: Tombstones) {
    func ref(_ ordinal: UInt32) -> SeriesRef? {
      columns.slot(ofOrdinal: ordinal) == nil ? nil : SeriesRef(columns.ref(ordinal))
    }
    let (deleted, kept, known) = stateLock.withLock { _ in
      (
        tombstones.intervals.sorted { $0.key < $1.key }.flatMap { ordinal, intervals in
          intervals.ranges.compactMap { range in
            ref(ordinal).map { TombstoneEntry(ref: $0, range: range) }
          }
        },
        exemplars.ordered.compactMap { entry in
          ref(entry.ordinal).map {
            ExemplarEntry(
              ref: $0, timeMs: entry.exemplar.timeMs ?? 0, value: entry.exemplar.value,
              labels: entry.exemplar.labels)
          }
        },
        metadata.all.sorted { $0.key < $1.key }.compactMap { ordinal, metadata in
          ref(ordinal).map { MetadataEntry(ref: $0, metadata: metadata) }
        }
      )
    }
    batch.addTombstones(deleted)
    batch.addExemplars(kept)
    batch.addMetadata(known)
  }
}

extension WALBatch {
  /// Records of the samples of a series in order of time: a replay passes over what is older than
  /// what it has.
  fileprivate mutating func add(_ samples: SampleBatch, of ref: SeriesRef) {
    var float = 0
    var histogram = 0
    while float < samples.times.count || histogram < samples.histogramTimes.count {
      var floats = SampleColumns()
      while float < samples.times.count,
        histogram == samples.histogramTimes.count
          || samples.times[float] < samples.histogramTimes[histogram]
      {
        floats.append(ref, timeMs: samples.times[float], value: samples.values[float])
        float += 1
      }
      addSamples(floats)
      var histograms = HistogramSampleColumns()
      while histogram < samples.histogramTimes.count,
        float == samples.times.count
          || samples.histogramTimes[histogram] <= samples.times[float]
      {
        histograms.append(
          ref, timeMs: samples.histogramTimes[histogram],
          histogram: samples.histograms[histogram])
        histogram += 1
      }
      addHistogramRuns(histograms)
    }
  }
}
