internal import ApusModel
internal import ApusStorage
internal import ApusSystem
internal import ApusTelemetry
internal import Synchronization

/// Opening: what a directory holds, back into memory.
extension TSDB {
  var walDirectory: String { FilePath.join(directory, "wal") }

  var walOptions: WALOptions {
    var walOptions = WALOptions()
    walOptions.segmentBytes = options.walSegmentBytes
    walOptions.compression = options.walCompression
    return walOptions
  }

  /// Loads blocks, then the log, and begins a new segment of it.
  func replay() throws(StorageError) {
    let start = clock.monotonicNs
    for name in try dataDirectory.removeLeftovers() {
      log.info("Found and deleted leftover directory", ["dir": name])
    }
    do throws(StorageError) {
      try reloadBlocks()
    } catch {
      // The blocks that can be read are loaded; the others were named in the log.
      log.error("some blocks cannot be read", ["err": "\(error)"])
    }
    readCleared()
    head.clock.floor = blocksEndMs
    let chunkFiles = try openChunkFiles()
    noticeLosses()
    let sampleCount =
      if let found = findImage(chunkFiles) {
        try resume(found, chunkFiles)
      } else {
        try replayLog(chunkFiles)
      }
    let writer = try logged { () throws(WALError) in
      try WALWriter(
        files: files, directory: walDirectory, options: walOptions, metrics: metrics.wal)
    }
    head.log = HeadLog(writer, ledger: images.isEnabled ? images.ledger : nil)
    noteSegments(until: writer)
    try apply(options)
    // Without it a loss of power could take the new directories, and all that is synced in them.
    try withFiles("sync data directory") { () throws(PosixError) in
      try files.syncDirectory(directory)
    }
    replayProgress.end()
    let seconds = Double(clock.monotonicNs - start) / 1e9
    head.metrics.replaySeconds.set(seconds)
    log.info(
      "WAL replay completed",
      [
        "series": "\(head.seriesCount)", "samples": "\(sampleCount)",
        "total_replay_duration": "\(seconds)s",
      ])
  }

  /// Makes the head of chunks_head, checkpoint and segments.
  /// - Returns: number of samples replayed.
  private func replayLog(_ chunkFiles: HeadChunkFiles) throws(StorageError) -> Int {
    if images.isEnabled { images.forsake() }
    let chunks = try HeadChunkReplay(head, chunkFiles, log)
    head.chunkFiles = chunkFiles
    log.info("On-disk memory mappable chunks replay completed", ["chunks": "\(chunks.count)"])
    var replay = HeadReplay(head, chunks)
    try replayCheckpoint(&replay)
    let segments = try logged { () throws(WALError) in
      let checkpoint = try Checkpoint.last(files, walDirectory)?.index ?? -1
      let segments = try WALSegments.list(files, walDirectory).filter { $0 > checkpoint }
      // What came before the first segment must stand in a checkpoint.
      if let first = segments.first, first != checkpoint + 1 {
        throw .segmentMissing(lost: checkpoint + 1, next: first, directory: walDirectory)
      }
      return segments
    }
    try replaySegments(&replay, segments)
    let others = replay.finish(log)
    images.refMap = replay.refMap
    try replayOutOfOrder(refMap: replay.refMap, chunks: chunks.late)
    try head.restoreNewestValues()
    let lastSegment = try logged { () throws(WALError) in
      try WALSegments.list(files, walDirectory).last ?? 0
    }
    expiries.withLock { known in
      for ref in others { known[SeriesRef(ref)] = lastSegment }
    }
    return replay.sampleCount
  }

  private func openChunkFiles() throws(StorageError) -> HeadChunkFiles {
    do throws(HeadChunkError) {
      return try HeadChunkFiles(files: files, directory: headChunksDirectory)
    } catch {
      throw StorageError(.system, "\(error)")
    }
  }

  private func replayCheckpoint(_ replay: inout HeadReplay) throws(StorageError) {
    let found = try logged { () throws(WALError) in try Checkpoint.last(files, walDirectory) }
    guard let found else { return }
    do throws(WALError) {
      let segments = try WALSegments.list(files, found.path)
      try replay.replay(
        ReplaySource(files: files, directory: found.path, segments: segments))
    } catch {
      // What a checkpoint held is nowhere else: it is not for us to cut it.
      guard case .corruption = error else { throw .wal(error) }
      throw StorageError(
        .corrupt,
        "\(error). Restore \(found.path), or move all of \(walDirectory) aside and lose what was "
          + "not in blocks yet")
    }
    log.info("WAL checkpoint loaded", ["checkpoint": found.path])
  }

  /// Replays segments, the first one from an offset on, and cuts the log where it is damaged.
  func replaySegments(
    _ replay: inout HeadReplay, _ segments: [Int], from offset: Int = 0
  ) throws(StorageError) {
    do throws(WALError) {
      replayProgress.begin(segments)
      try replay.replay(
        ReplaySource(
          files: files, directory: walDirectory, segments: segments, startOffset: offset),
        replayProgress)
    } catch {
      guard case .corruption(let place) = error else { throw .wal(error) }
      head.metrics.walCorruptions.increment()
      log.warning("Encountered WAL read error, attempting repair", ["err": "\(place)"])
      try logged { () throws(WALError) in try WALRepair.repair(place, files: files) }
      log.info("Successful WAL repair", ["segment": "\(place.segment)"])
    }
  }

  func logged<Result>(
    _ body: () throws(WALError) -> Result
  ) throws(StorageError) -> Result {
    do throws(WALError) { return try body() } catch { throw .wal(error) }
  }
}
