internal import ApusModel
package import ApusStorage
internal import ApusSystem
internal import ApusTelemetry
internal import Synchronization

/// What keeps a store in order that is left alone for weeks: one loop, which the owner runs.
extension TSDB {
  private var maintenanceIntervalMs: Int64 { max(options.blockReloadIntervalMs, 1_000) }

  /// The one maintenance loop: every minute, or as the options say, full chunks go to disk, blocks
  /// are loaded, cut and merged, and old ones deleted; the log is synced at its own interval.
  /// Returns by throwing when its task is cancelled; a compaction that runs then is given up.
  package func run() async throws {
    let thread = BlockingThread(name: "apus-tsdb")
    let hasEnded = StopSign()
    try await withTaskCancellationHandler {
      await thread.run { self.saveImageAfterReplay() }
      var nextMaintenance = clock.nowMs + maintenanceIntervalMs
      var nextSync = nextSyncTime()
      while true {
        try await clock.sleep(untilMs: min(nextMaintenance, nextSync))
        if clock.nowMs >= nextSync {
          await thread.run { self.syncLog() }
          nextSync = nextSyncTime()
        }
        if clock.nowMs >= nextMaintenance {
          await thread.run { self.maintain { hasEnded.isSet } }
          nextMaintenance = clock.nowMs + maintenanceIntervalMs
        }
      }
    } onCancel: {
      hasEnded.set()
    }
  }

  private func nextSyncTime() -> Int64 {
    options.walSyncIntervalMs > 0 ? clock.nowMs + options.walSyncIntervalMs : .max
  }

  /// Makes what was logged durable if every answer promises that.
  func syncBeforeAnswer() throws(StorageError) {
    guard options.walSyncIntervalMs <= 0, let writer = head.log?.writer else { return }
    do throws(WALError) {
      try writer.syncTogether()
      try head.outOfOrderWriter?.syncTogether()
    } catch {
      throw .wal(error)
    }
  }

  /// Makes what was logged durable.
  func syncLog() {
    do throws(WALError) {
      try head.log?.writer.sync()
      try head.outOfOrderWriter?.sync()
    } catch {
      log.error("syncing the WAL failed", ["err": "\(error)"])
    }
    reportRescue(of: head.log?.writer)
    reportRescue(of: head.outOfOrderWriter)
  }

  private func reportRescue(of writer: WALWriter?) {
    guard let writer, let rescue = writer.takeRescue() else { return }
    if let lost = rescue.lost {
      log.error(
        "a sync of the WAL failed, and not all logged since could be written anew; check the disk",
        ["dir": writer.directory, "err": "\(rescue.failure)", "lost": "\(lost)"])
    } else {
      log.warning(
        "a sync of the WAL failed; what was logged since the last one was written anew",
        ["dir": writer.directory, "err": "\(rescue.failure)"])
    }
  }

  /// One round of maintenance. What fails is logged and tried again in the next round.
  package func maintain(isCancelled: @Sendable () -> Bool = { false }) {
    keepBlocks(isCancelled)
    if !isCancelled() { saveImageIfDue() }
  }

  private func keepBlocks(_ isCancelled: @Sendable () -> Bool) {
    do throws(StorageError) {
      try head.moveChunksToDisk()
    } catch {
      log.error("writing head chunks failed", ["err": "\(error)"])
    }
    do throws(StorageError) {
      try reloadBlocks()
    } catch {
      log.error("reloadBlocks", ["err": "\(error)"])
    }
    guard options.compacts else {
      metrics.compactionsSkipped.increment()
      return
    }
    metrics.compactionsTriggered.increment()
    do throws(StorageError) {
      try compactStaleSeriesIfDue(isCancelled: isCancelled)
      try compact(isCancelled: isCancelled)
    } catch {
      guard error.reason != .cancelled else { return }
      metrics.compactionsFailed.increment()
      log.error("compaction failed", ["err": "\(error)"])
    }
  }

  /// Cuts blocks from the head for as long as it holds enough, then merges blocks.
  package func compact(isCancelled: () -> Bool = { false }) throws(StorageError) {
    try compacting.withLock { _ throws(StorageError) in
      var hasCut = false
      while head.times.isCompactable(rangeMs: options.blockMinMs), !isCancelled() {
        try cutBlock(isCancelled)
        hasCut = true
      }
      if hasCut {
        // Another image is due in this round: the last one stands on segments that go.
        images.expire()
        // First the late samples: their log may name series that a checkpoint would leave out.
        try compactOutOfOrder(isCancelled)
        if !isCancelled() { truncateLog() }
        try head.dropChunkFiles()
      }
      try compactBlocks(isCancelled)
    }
  }

  /// Writes the oldest part of the head as a block and drops it from memory.
  private func cutBlock(_ isCancelled: () -> Bool) throws(StorageError) {
    let minTime = head.times.minTime
    let end = ChunkCut.windowEnd(minTime, options.blockMinMs)
    // Nothing as old as this is accepted any more: the head reaches far beyond it.
    let source = try HeadSeriesSource(head, in: TimeRange(minTime, end - 1), part: .inOrder)
    if !source.isEmpty {
      let made = try compactor.write(
        source, minTimeMs: minTime, maxTimeMs: end, isCancelled: isCancelled)
      try load(made)
    }
    let gcStart = clock.monotonicNs
    let gone = head.truncate(before: end)
    head.metrics.activity.gcDuration.observe(Double(clock.monotonicNs &- gcStart) / 1e9)
    noteGone(gone)
    log.info(
      "Head GC completed",
      ["before": "\(end)", "series_removed": "\(gone.count)", "series": "\(head.seriesCount)"])
  }

  /// Series that left the head: the log may speak of them up to here.
  func noteGone(_ refs: [SeriesRef]) {
    let segment = head.log?.writer.segment ?? 0
    expiries.withLock { known in
      for ref in refs { known[ref] = segment }
    }
  }

  private func compactBlocks(_ isCancelled: () -> Bool) throws(StorageError) {
    let plan = CompactionPlan(
      rangesMs: options.blockRangesMs, mergesOverlapping: options.mergesOverlapping)
    while !isCancelled() {
      // Blocks of late samples reach into the time that the head holds. Merged, they would say
      // that what is older than their end is in blocks, and the next start would believe them.
      let floor = head.times.floor
      let now = blocks.filter {
        !$0.meta.compaction.isFromOutOfOrder || $0.meta.maxTimeMs <= floor
      }
      let planned = plan.next(now.map(\.meta)) { uploaded?.isPending($0) ?? false }
      let chosen = Set(planned.map(\.ulid))
      guard !chosen.isEmpty else { return }
      let made = try compactor.compact(
        now.filter { chosen.contains($0.ulid) }, isCancelled: isCancelled)
      try load(made, insteadOf: chosen)
    }
  }
}

/// Set once, from any thread.
private final class StopSign: Sendable {
  private let flag = Atomic<Bool>(false)

  var isSet: Bool { flag.load(ordering: .relaxed) }

  func set() { flag.store(true, ordering: .relaxed) }
}
