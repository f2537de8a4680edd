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
    try reloading.withLock { named throws(StorageError) in
      let before = blocks
      let opened = try dataDirectory.open(before)
      for ulid in opened.withoutMeta where named.insert(ulid).inserted {
        log.error(
          "Block without meta.json is not loaded: restore the file, or remove the directory",
          ["dir": dataDirectory.path(of: ulid)])
      }
      for block in opened.blocks
      where block.hasLostTombstones && !before.contains(where: { $0 === block }) {
        log.error(
          "Block lost its tombstones: deleted samples are back. Restore the file, or delete again",
          ["file": FilePath.join(block.directory, TombstoneFile.name)])
      }
      let candidates = opened.blocks.map {
        RetentionPlan.Candidate(meta: $0.meta, sizeBytes: Int64($0.sizeBytes))
      }
      let plan = RetentionPlan(
        retentionMs: retention.withLock { $0.ageMs }, sizeBytesMax: retentionBytesMax)
      let decision = plan.decide(candidates, otherBytes: Int64(headBytes))
      metrics.timeRetentions.increment(by: decision.tooOld.isEmpty ? 0 : 1)
      metrics.sizeRetentions.increment(by: decision.tooMuch.isEmpty ? 0 : 1)
      // Blocks that were merged are named by those that replace them for ever.
      let gone = decision.all.intersection(opened.all)
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
    let retention = retention.withLock { $0 }
    guard retention.percentage > 0 else { return retention.bytesMax }
    do throws(PosixError) {
      let volume = Double(try files.volumeBytes(directory))
      return Int64(min(volume * min(retention.percentage, 100) / 100, 0x1p62))
    } catch {
      log.error("Unable to get filesystem size of data directory", ["err": "\(error)"])
      return retention.bytesMax
    }
  }

  /// Takes new blocks into use, and lets go of those that they replace. That another one cannot
  /// be read is reported, and no reason to keep in memory what the new ones hold, or to write it
  /// again.
  func load(
    _ made: [BlockMeta], insteadOf replaced: Set<ULID> = []
  ) throws(StorageError) {
    do throws(StorageError) {
      try reloadBlocks()
    } catch {
      let now = Set(blocks.map(\.ulid))
      guard made.allSatisfy({ now.contains($0.ulid) }) else {
        // As Prometheus does: what they hold is still where it came from, and is written again.
        takeBack(made)
        throw error
      }
      guard now.isDisjoint(with: replaced) else { throw error }
      log.error("reloadBlocks", ["err": "\(error)"])
    }
  }

  func load(_ made: BlockMeta?, insteadOf replaced: Set<ULID> = []) throws(StorageError) {
    try load([made].compactMap { $0 }, insteadOf: replaced)
  }

  /// Removes blocks whose samples are elsewhere still; two of them would be one too many.
  private func takeBack(_ made: [BlockMeta]) {
    for meta in made {
      do throws(StorageError) {
        try dataDirectory.remove(meta.ulid)
      } catch {
        log.error("removing a block failed", ["block": "\(meta.ulid)", "err": "\(error)"])
      }
    }
  }

  /// Writes what a picture of the head holds in each of some ranges of time as a block, and takes
  /// them into use: all of them, or none where that fails.
  func writeBlocks(
    of picture: HeadSelection, _ part: HeadPart, in ranges: [TimeRange], hint: String,
    _ isCancelled: () -> Bool
  ) throws(StorageError) -> [BlockMeta] {
    var made: [BlockMeta] = []
    do throws(StorageError) {
      for range in ranges {
        let source = HeadSeriesSource(picture, in: range, part: part)
        let meta = try compactor.write(
          source, minTimeMs: range.minMs, maxTimeMs: range.maxMs + 1, hints: [hint],
          isCancelled: isCancelled)
        if let meta { made.append(meta) }
      }
    } catch {
      takeBack(made)
      throw error
    }
    try load(made)
    return made
  }

  /// Bytes that the log, the head chunks and the head image take on disk.
  var headBytes: Int {
    files.sizeBytes(under: walDirectory) + files.sizeBytes(under: wblDirectory)
      + files.sizeBytes(under: headChunksDirectory) + files.sizeBytes(under: images.directory)
  }

  var headChunksDirectory: String { FilePath.join(directory, "chunks_head") }

  /// End of what blocks hold of the past: the head takes nothing older. Blocks of late samples
  /// say nothing about it. Blocks that were there and were emptied count too.
  var blocksEndMs: Int64 {
    blocks.filter { $0.meta.compaction.hints.isEmpty }.map(\.meta.maxTimeMs)
      .reduce(clearedMs.withLock { $0 }, max)
  }

  /// Blocks with samples in a range.
  func blocks(in range: TimeRange) -> [Block] { blocks.filter { $0.range.overlaps(range) } }
}
