internal import ApusStorage
internal import ApusSystem
internal import ApusTelemetry

/// Segments of the logs that somebody cut, emptied or removed: the rest reads as if nothing were
/// missing, so that the ledgers must tell.
extension TSDB {
  /// Names the segments of the log that have lost something.
  func noticeLosses() {
    for loss in logLosses() {
      tell(loss, WALSegments.path(walDirectory, loss.segment))
    }
  }

  /// Names the segment in which an image ends, where it is cut in front of that place.
  func noticeLoss(at place: LogPosition) {
    let known = logLosses()
    images.ledger.expect(place.segment, bytes: place.offset)
    for loss in logLosses() where !known.contains(where: { $0.segment == loss.segment }) {
      tell(loss, WALSegments.path(walDirectory, loss.segment))
    }
  }

  /// What is lost of the log, but for what a checkpoint stands for.
  func logLosses() -> [SegmentLedger.Loss] {
    guard images.isEnabled else { return [] }
    let checkpoint = (try? Checkpoint.last(files, walDirectory))?.index
    return images.ledger.losses(behind: checkpoint ?? -1)
  }

  /// Names the segments of the out-of-order log that have lost something.
  /// - Parameter segments: those that are there. Blocks hold what was in the ones before them.
  /// - Returns: whether there are any.
  func noticeLateLosses(_ segments: [Int]) -> Bool {
    guard images.isEnabled else { return false }
    let losses = images.lateLedger.losses(behind: (segments.first ?? 0) - 1)
    for loss in losses { tell(loss, WALSegments.path(wblDirectory, loss.segment)) }
    return !losses.isEmpty
  }

  private func tell(_ loss: SegmentLedger.Loss, _ path: String) {
    head.metrics.walCorruptions.increment()
    log.error(
      "WAL segment is shorter than it was: restore it, or what only it held is lost",
      ["segment": path, "bytes": "\(loss.bytes ?? 0)", "had_bytes": "\(loss.hadBytes)"])
  }

  /// Enters how long the last segments are, after they were closed.
  func noteLastSegments() {
    guard images.isEnabled else { return }
    if let writer = head.log?.writer { images.ledger.enter(last: writer.segment) }
    if let writer = head.outOfOrder.log?.writer { images.lateLedger.enter(last: writer.segment) }
  }

  /// Enters how long the segments in front of the one that is written now are.
  func noteSegments(until writer: WALWriter) {
    guard images.isEnabled, let found = try? WALSegments.list(files, walDirectory) else { return }
    images.ledger.enter(found: found.filter { $0 < writer.segment })
  }

  /// The same for the out-of-order log.
  func noteLateSegments(until writer: WALWriter) {
    guard images.isEnabled, let found = try? WALSegments.list(files, wblDirectory) else { return }
    images.lateLedger.enter(found: found.filter { $0 < writer.segment })
  }
}
