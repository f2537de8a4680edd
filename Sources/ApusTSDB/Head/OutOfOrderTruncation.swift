internal import ApusModel
internal import ApusStorage
internal import ApusSystem
internal import ApusTelemetry
internal import Synchronization

/// Late samples on their way out of the head. Appends and reads go on between the steps.
extension Head {
  /// Series that are handled under one hold of the locks.
  private static var seriesPerStep: Int { 1024 }

  var hasLateSamples: Bool { stateLock.withLock { _ in !outOfOrder.isEmpty } }

  /// Begins a new segment of the out-of-order log; its number, nil where there is no log.
  func cutOutOfOrderLog() throws(StorageError) -> Int? {
    try appendLock.withLock { _ throws(StorageError) in
      do throws(WALError) {
        return try outOfOrder.log?.writer.cutSegment()
      } catch {
        throw .wal(error)
      }
    }
  }

  /// Writes all late samples that are in memory to chunks_head.
  ///
  /// No marker is logged: until blocks hold the samples, their log does.
  func moveLateToDisk() throws(StorageError) {
    let ordinals = stateLock.withLock { _ in outOfOrder.ordinals }
    var start = 0
    while start < ordinals.count {
      let step = ordinals[start..<min(start + Self.seriesPerStep, ordinals.count)]
      start += Self.seriesPerStep
      try appendLock.withLock { _ throws(StorageError) in
        var moved: [(ordinal: UInt32, series: OutOfOrderSeries)] = []
        for ordinal in step {
          guard var series = outOfOrder[ordinal], series.openCount > 0 else { continue }
          let chunks = try moveLateToDisk(&series, SeriesRef(columns.ref(ordinal)))
          metrics.chunksCreated.increment(by: Double(chunks.count))
          moved.append((ordinal, series))
        }
        stateLock.withLock { _ in
          for (ordinal, series) in moved { outOfOrder[ordinal] = series }
        }
      }
    }
  }

  /// Logs markers of chunks that are in use without: the next start would take them for chunks that
  /// blocks hold. A marker stands for all samples before it, so what is in memory becomes a chunk.
  /// Durable on return.
  /// - Parameter chunks: by slot.
  func markLate(_ chunks: [UInt32: [MmapMarker]]) throws(StorageError) {
    guard !chunks.isEmpty else { return }
    try appendLock.withLock { _ throws(StorageError) in
      for (slot, markers) in chunks.sorted(by: { $0.key < $1.key }) {
        let ordinal = columns.states[slot].ordinal
        guard var series = outOfOrder[ordinal] else { continue }
        let ref = SeriesRef(columns.ref(ordinal))
        let moved = try moveLateToDisk(&series, ref)
        metrics.chunksCreated.increment(by: Double(moved.count))
        stateLock.withLock { _ in outOfOrder[ordinal] = series }
        outOfOrder.log?.mark(markers + moved.map { MmapMarker(ref: ref, chunk: $0.number) })
      }
      // A marker must not outlive a chunk that it names.
      do throws(HeadChunkError) {
        try chunkFiles?.sync()
      } catch {
        throw StorageError(.system, "\(error)")
      }
      guard let log = outOfOrder.log else { return }
      try log.write()
      do throws(WALError) { try log.writer.sync() } catch { throw .wal(error) }
    }
  }

  /// Drops the chunks of a selection: blocks hold what was in them.
  func dropLate(_ picture: HeadSelection) {
    let ordinals = picture.late.keys.sorted()
    var start = 0
    while start < ordinals.count {
      let step = ordinals[start..<min(start + Self.seriesPerStep, ordinals.count)]
      start += Self.seriesPerStep
      appendLock.withLock { _ in
        stateLock.withLock { _ in
          for ordinal in step { drop(picture.late[ordinal], of: ordinal) }
        }
      }
    }
    appendLock.withLock { _ in
      stateLock.withLock { _ in outOfOrder.measure() }
    }
    // Readers may still look at the chunks; the files go when these readers have gone.
    let stamp = epochs.stamp()
    let floor = times.floor
    fileDrop.withLock { $0 = (max($0?.before ?? .min, floor), stamp) }
  }

  /// Under both locks.
  private func drop(_ gone: OutOfOrderSeries?, of ordinal: UInt32) {
    guard let gone, var series = outOfOrder[ordinal] else { return }
    metrics.chunksRemoved.increment(by: Double(series.removeChunks(of: gone)))
    outOfOrder[ordinal] = series.isEmpty ? nil : series
    guard series.isEmpty, let slot = columns.slot(ofOrdinal: ordinal) else { return }
    columns.states[slot].flags.remove(.outOfOrder)
  }
}

extension HeadSelection {
  /// The aligned ranges of time in which the chunks of late samples have any, ascending.
  func lateRanges(lengthMs: Int64) throws(StorageError) -> [TimeRange] {
    var starts = Set<Int64>()
    var batch = SampleBatch()
    for state in states {
      for chunk in late[state.ordinal]?.chunks ?? [] {
        let first = Self.alignedStart(chunk.range.minMs, lengthMs)
        starts.insert(first)
        if first == Self.alignedStart(chunk.range.maxMs, lengthMs) { continue }
        batch.removeAll()
        try read(chunk, state, in: .all, into: &batch)
        for time in batch.times { starts.insert(Self.alignedStart(time, lengthMs)) }
        for time in batch.histogramTimes { starts.insert(Self.alignedStart(time, lengthMs)) }
      }
    }
    return starts.sorted().map { start in
      let (end, overflow) = start.addingReportingOverflow(lengthMs - 1)
      return TimeRange(start, overflow ? .max - 1 : end)
    }
  }

  private static func alignedStart(_ timeMs: Int64, _ lengthMs: Int64) -> Int64 {
    CompactionPlan.floor(max(timeMs, .min + lengthMs), lengthMs)
  }
}
