internal import ApusModel
package import ApusStorage
internal import ApusSystem
internal import ApusTelemetry
internal import Synchronization

/// Samples that come out of order: their window, their log, their way into blocks.
extension TSDB {
  var wblDirectory: String { FilePath.join(directory, "wbl") }

  /// Puts those options into force that may change while the store is open: how long blocks are
  /// kept, the out-of-order window, the number of exemplars, and the share of ended series.
  package func apply(_ options: TSDBOptions) throws(StorageError) {
    retention.withLock { $0 = options.retention }
    try setOutOfOrderWindow(options.outOfOrderWindowMs)
    head.exemplars.resize(to: options.exemplarsMax)
    staleThreshold.withLock { $0 = options.staleSeriesThreshold }
  }

  /// Takes samples up to so long behind the newest one, from the next batch on; 0 for none.
  /// Those that are there already stay.
  package func setOutOfOrderWindow(_ windowMs: Int64) throws(StorageError) {
    let windowMs = max(0, windowMs)
    try head.appendLock.withLock { _ throws(StorageError) in
      if windowMs > 0, head.outOfOrder.log == nil, head.log != nil { try openOutOfOrderLog() }
      head.outOfOrder.windowMs.store(windowMs, ordering: .relaxed)
    }
  }

  private func openOutOfOrderLog() throws(StorageError) {
    let writer = try logged { () throws(WALError) in
      try WALWriter(
        files: files, directory: wblDirectory, options: walOptions, metrics: metrics.wbl)
    }
    // Without it a loss of power could take the new directory, and all that is synced in it.
    try withFiles("sync data directory") { () throws(PosixError) in
      try files.syncDirectory(directory)
    }
    head.outOfOrder.log = OutOfOrderLog(
      writer, ledger: images.isEnabled ? images.lateLedger : nil)
    noteLateSegments(until: writer)
  }

  /// Late samples back into memory, whatever the window is now.
  func replayOutOfOrder(
    refMap: [UInt64: UInt64], chunks: [HeadChunk]
  ) throws(StorageError) {
    let segments = try logged { () throws(WALError) in
      try WALSegments.list(files, wblDirectory)
    }
    let hasLosses = noticeLateLosses(segments)
    guard !segments.isEmpty || !chunks.isEmpty else { return }
    var replay = OutOfOrderReplay(head, refMap: refMap, chunks: chunks)
    // In a log of one segment, the first, without a record, there has never been anything.
    var isWhole = segments != [] && segments != [0] && !hasLosses
    do throws(WALError) {
      var reader = WALReader(files: files, directory: wblDirectory, segments: segments)
      try replay.replay(&reader)
      isWhole = isWhole || replay.recordCount > 0 && !hasLosses
    } catch {
      guard case .corruption(let place) = error else { throw .wal(error) }
      isWhole = false
      head.metrics.walCorruptions.increment()
      log.warning("Encountered WBL read error, attempting repair", ["err": "\(place)"])
      try logged { () throws(WALError) in try WALRepair.repair(place, files: files) }
      log.info("Successful WBL repair", ["segment": "\(place.segment)"])
    }
    if !isWhole { replay.attachAllChunks() }
    replay.finish(log)
    if !segments.isEmpty || !replay.unmarked.isEmpty { try openOutOfOrderLog() }
    do throws(StorageError) {
      try head.markLate(replay.unmarked)
    } catch {
      head.outOfOrder.log?.discard()
      log.error(
        "WBL: chunks without a marker could not be named; the next start will not find them",
        ["err": "\(error)"])
    }
    log.info("WBL replay completed", ["samples": "\(replay.sampleCount)"])
  }

  /// Writes the late samples of the head to blocks, one for each aligned range of time that has
  /// any, and drops them from memory and from their log. (Prometheus, tsdb/db.go,
  /// compactOOOHead.)
  ///
  /// A crash in between leaves samples in a block and in the log as well; they are given once, and
  /// merged when they are written the next time. Called by the holder of `compacting`.
  func compactOutOfOrder(_ isCancelled: () -> Bool = { false }) throws(StorageError) {
    guard head.hasLateSamples else { return }
    log.info("out-of-order compaction started")
    // What comes from here on goes to the next segment.
    let segment = try head.cutOutOfOrderLog()
    try head.moveLateToDisk()
    let picture = try head.select([], in: .all, isSorted: true, limit: 0, part: .lateChunks)
    let made: [BlockMeta]
    do throws(StorageError) {
      made = try writeBlocks(
        of: picture, .lateChunks, in: try picture.lateRanges(lengthMs: options.blockMinMs),
        hint: BlockMeta.Compaction.fromOutOfOrderHint, isCancelled)
    } catch {
      guard error.reason != .cancelled else { return }
      throw error
    }
    head.dropLate(picture)
    if let segment {
      try logged { () throws(WALError) in
        try WALSegments.remove(below: segment, files, wblDirectory)
      }
    }
    log.info("out-of-order compaction completed", ["ulids": "\(made.map(\.ulid))"])
  }
}
