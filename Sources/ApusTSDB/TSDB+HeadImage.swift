internal import ApusModel
internal import ApusStorage
internal import ApusSystem
internal import ApusTelemetry
internal import Synchronization

/// An image that can be taken, and what belongs to it.
struct FoundImage {
  let image: HeadImage
  /// Segments of the log from the image's place on.
  let segments: [Int]
  /// Chunks of late samples on disk.
  let late: [HeadChunk]
}

/// The head image: written at the end and now and then, read at start. What it says is taken only
/// if all that it stands on is as it was: when in doubt the log is replayed.
extension TSDB {
  /// What the head was made of when the store was opened.
  package var headStart: HeadStart { images.start }

  /// The image, if it can be taken as the beginning of the head; a line in the log says why not.
  func findImage(
    _ chunkFiles: HeadChunkFiles
  ) -> FoundImage? {
    guard images.isEnabled else { return nil }
    do throws(HeadImageRejection) {
      guard let bytes = try readImage() else {
        images.start = .log(reason: "there is no head image")
        return nil
      }
      let image = try HeadImage(bytes)
      return try check(image, chunkFiles)
    } catch {
      images.start = .log(reason: error.description)
      head.metrics.activity.imageFailures.increment()
      log.warning(
        "Head image ignored, the whole WAL is replayed instead",
        ["image": images.path, "reason": error.description])
      return nil
    }
  }

  private func readImage() throws(HeadImageRejection) -> ByteSlice? {
    do throws(PosixError) {
      return try files.map(images.path)
    } catch {
      if error.isNotFound { return nil }
      throw HeadImageRejection(error)
    }
  }

  /// Checks what an image stands on.
  private func check(
    _ image: HeadImage, _ chunkFiles: HeadChunkFiles
  ) throws(HeadImageRejection) -> FoundImage {
    let summary = image.summary
    let segments = try summary.log.segmentsBehind(files, walDirectory, images.ledger)
    guard blocksEndMs >= summary.blocksEndMs else {
      throw HeadImageRejection(
        "blocks that there were when it was written are gone or cannot be read")
    }
    guard blocksEndMs <= summary.floor || blocksEndMs % options.blockMinMs == 0 else {
      throw HeadImageRejection("a block has come that ends in the middle of a chunk's window")
    }
    do throws(HeadChunkError) {
      let late = try chunkFiles.check(summary.chunkFiles, endedBeforeMs: blocksEndMs)
      noticeLoss(at: summary.log)
      return FoundImage(image: image, segments: segments, late: late)
    } catch {
      throw HeadImageRejection("\(error)")
    }
  }

  /// Makes the head what an image holds, then replays what was logged behind it.
  /// - Returns: number of samples replayed.
  func resume(
    _ found: FoundImage, _ chunkFiles: HeadChunkFiles
  ) throws(StorageError) -> Int {
    let start = clock.monotonicNs
    let summary = found.image.summary
    do throws(HeadChunkError) {
      try chunkFiles.adopt(summary.chunkFiles)
    } catch {
      throw StorageError(.system, "\(error)")
    }
    found.image.restore(into: head)
    head.chunkFiles = chunkFiles
    expiries.withLock { $0 = summary.expiries }
    let imageBytes = found.image.reader.sizeBytes
    images.note(imageBytes, summary.log, atMs: clock.nowMs)
    images.start = .image
    log.info(
      "Head image loaded",
      [
        "series": "\(head.seriesCount)", "bytes": "\(imageBytes)",
        "segment": "\(summary.log.segment)", "offset": "\(summary.log.offset)",
        "duration": "\(Double(clock.monotonicNs - start) / 1e9)s",
      ])
    var replay = HeadReplay(head, HeadChunkReplay())
    try replaySegments(&replay, found.segments, from: summary.log.offset)
    let lastSegment = found.segments.last ?? summary.log.segment
    let others = replay.finish(log)
    // Late samples stand in no image: their own log holds them, and refs of earlier starts.
    images.refMap = summary.refMap.merging(replay.refMap) { $1 }
    try replayOutOfOrder(refMap: images.refMap, chunks: found.late)
    // What blocks have taken over since the image was written.
    let gone = blocksEndMs > summary.floor ? head.truncate(before: blocksEndMs) : []
    expiries.withLock { known in
      for ref in others { known[SeriesRef(ref)] = lastSegment }
      for ref in gone { known[ref] = lastSegment }
    }
    return replay.sampleCount
  }

  /// Writes an image if it is time for one.
  func saveImageIfDue() {
    guard let writer = head.log?.writer else { return }
    if images.isDue(nowMs: clock.nowMs, log: .end(of: writer)) { saveImage(isQuiet: false) }
  }

  /// Writes an image if a start had much to replay; for the owner to call when the store is in use.
  package func saveImageAfterReplay() {
    guard isImageWorthwhile(loggedMin: options.headImageReplayBytesMin) else { return }
    saveImage(isQuiet: false)
  }

  /// Whether an image now would save the next start more than it takes to write.
  func isImageWorthwhile(loggedMin: Int) -> Bool {
    guard images.isEnabled, let writer = head.log?.writer else { return false }
    guard loggedMin > 0 else { return true }
    let logged =
      images.logged(until: .end(of: writer)) ?? files.sizeBytes(under: walDirectory)
    return logged >= loggedMin && logged >= head.imageBytesEstimate / Self.imagePerLogged
  }

  /// An image of so many bytes is written for each byte that need not be replayed: a byte of the
  /// log takes about as long as one of an image, but a stop may take longer than a start.
  private static var imagePerLogged: Int { 4 }

  /// Writes an image. What fails costs the next start time, and nothing else.
  /// - Parameter isQuiet: nobody appends any more.
  package func saveImage(isQuiet: Bool) {
    guard images.isEnabled, head.log != nil else { return }
    let start = clock.monotonicNs
    compacting.withLock { _ in
      let context = HeadImageContext(
        files: files, directory: images.directory, logDirectory: walDirectory,
        blocksEndMs: blocksEndMs, expiries: expiries.withLock { $0 }, refMap: images.refMap,
        isQuiet: isQuiet)
      do {
        let (sizeBytes, place) = try HeadImage.write(head, context)
        images.note(sizeBytes, place, atMs: clock.nowMs)
        log.info(
          "Head image written",
          [
            "bytes": "\(sizeBytes)", "segment": "\(place.segment)", "offset": "\(place.offset)",
            "duration": "\(Double(clock.monotonicNs - start) / 1e9)s",
          ])
      } catch {
        images.postpone(clock.nowMs)
        log.warning(
          "writing the head image failed; the next start replays more of the WAL",
          ["err": "\(error)"])
      }
    }
  }
}
