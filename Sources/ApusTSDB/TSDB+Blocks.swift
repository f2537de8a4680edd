internal import ApusModel
internal import ApusStorage
internal import ApusSystem
internal import ApusTelemetry
internal import Synchronization

/// The blocks that are loaded, and how they come and go.
extension TSDB {
  var dataDirectory: DataDirectory { DataDirectory(path: directory, files: files) }

  /// The blocks now, by time.
  var blocks: [Block] { loaded.withLock { $0 } }

  /// The meta.json of every loaded block, by time.
  package var blockMetas: [BlockMeta] { blocks.map(\.meta) }

  /// Opens blocks that are new, forgets those that are gone, and deletes those that retention, or
  /// a block made of them, makes superfluous.
  func reloadBlocks() throws(StorageError) {
    do throws(StorageError) {
      try reload()
      metrics.reloads.increment()
    } catch {
      metrics.reloadsFailed.increment()
      throw error
    }
  }

  private func reload() throws(StorageError) {
    try reloading.withLock { _ throws(StorageError) in
      let opened = try dataDirectory.open(blocks)
      let candidates = opened.blocks.map {
        RetentionPlan.Candidate(meta: $0.meta, sizeBytes: Int64($0.sizeBytes))
      }
      let plan = RetentionPlan(
        retentionMs: options.retentionMs, sizeBytesMax: retentionBytesMax)
      let decision = plan.decide(candidates, otherBytes: Int64(headBytes))
      metrics.timeRetentions.increment(by: decision.tooOld.isEmpty ? 0 : 1)
      metrics.sizeRetentions.increment(by: decision.tooMuch.isEmpty ? 0 : 1)
      let gone = decision.all
      let kept = opened.blocks.filter { !gone.contains($0.ulid) }
      // A block that cannot be read, but whose content another one has, goes as well.
      var unreadable: [DataDirectory.Failure] = []
      for failure in opened.failures where !gone.contains(failure.ulid) {
        unreadable.append(failure)
        log.error(
          "Failed to open block", ["block": "\(failure.ulid)", "err": "\(failure.error)"])
      }
      loaded.withLock { $0 = kept }
      metrics.observe(kept)
      for ulid in gone.sorted() {
        log.info("Deleting obsolete block", ["block": "\(ulid)"])
        try dataDirectory.remove(ulid)
      }
      if let first = unreadable.first { throw first.error }
    }
  }

  /// Bytes that blocks, log and head chunks may take; 0 for no bound. A volume whose size cannot be
  /// told sets none.
  var retentionBytesMax: Int64 {
    guard options.retentionPercentage > 0 else { return options.retentionBytesMax }
    do throws(PosixError) {
      let volume = Double(try files.volumeBytes(directory))
      return Int64(min(volume * min(options.retentionPercentage, 100) / 100, 0x1p62))
    } catch {
      log.error("Unable to get filesystem size of data directory", ["err": "\(error)"])
      return options.retentionBytesMax
    }
  }

  /// Bytes that the log and the head chunks take on disk.
  var headBytes: Int {
    files.sizeBytes(under: walDirectory) + files.sizeBytes(under: wblDirectory)
      + files.sizeBytes(under: headChunksDirectory)
  }

  var headChunksDirectory: String { FilePath.join(directory, "chunks_head") }

  /// End of what blocks hold of the past: the head takes nothing older. Blocks of late samples
  /// say nothing about it.
  var blocksEndMs: Int64 {
    blocks.filter { $0.meta.compaction.hints.isEmpty }.map(\.meta.maxTimeMs).max() ?? .min
  }

  /// Blocks with samples in a range.
  func blocks(in range: TimeRange) -> [Block] { blocks.filter { $0.range.overlaps(range) } }
}
