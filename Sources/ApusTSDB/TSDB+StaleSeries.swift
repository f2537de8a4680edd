internal import ApusModel
internal import ApusStorage
internal import ApusSystem
internal import ApusTelemetry
internal import Synchronization

/// Series that have ended leave the head before the next block is cut, where they are many.
/// (Behaviour: Prometheus, tsdb/db.go, CompactStaleHead.)
extension TSDB {
  /// Writes the series that have ended to blocks if their share is worth it.
  func compactStaleSeriesIfDue(isCancelled: () -> Bool) throws(StorageError) {
    let threshold = staleThreshold.withLock { $0 }
    guard threshold > 0, head.staleShare >= threshold, !isHeadDueSoon else { return }
    let start = clock.monotonicNs
    metrics.staleCompactions.increment()
    do throws(StorageError) {
      try compacting.withLock { _ throws(StorageError) in try compactStaleSeries(isCancelled) }
    } catch {
      metrics.staleCompactionsFailed.increment()
      throw error
    }
    metrics.staleCompaction.observe(Double(clock.monotonicNs - start) / 1e9)
  }

  /// Whether the next block of the head comes so soon that it is not worth it.
  private var isHeadDueSoon: Bool {
    let times = head.times
    guard !times.isEmpty else { return true }
    return times.isCompactable(rangeMs: options.blockMinMs, soonMs: options.blockMinMs / 10)
  }

  /// Called by the holder of `compacting`.
  private func compactStaleSeries(_ isCancelled: () -> Bool) throws(StorageError) {
    let picture = try head.selectStale()
    guard !picture.states.isEmpty else { return }
    log.info("Starting stale series compaction", ["series": "\(picture.states.count)"])
    _ = try writeBlocks(
      of: picture, .inOrder, in: picture.ranges(lengthMs: options.blockMinMs),
      hint: BlockMeta.Compaction.fromStaleSeriesHint, isCancelled)
    let gone = try head.dropStale(picture)
    noteGone(gone)
    log.info("Ending stale series compaction", ["series_removed": "\(gone.count)"])
  }
}
