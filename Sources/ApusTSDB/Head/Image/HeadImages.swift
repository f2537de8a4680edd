internal import ApusSystem
internal import Synchronization

/// The images of one store: where they stand, and when the next one is due.
final class HeadImages: Sendable {
  private struct State {
    /// Time of the last image, or of the start; ms. Nil where an image is due at once.
    var lastMs: Int64?
    /// What the last image was; nil where there is none.
    var last: (sizeBytes: Int, log: LogPosition)?
    var start = HeadStart.log(reason: "")
    var refMap: [UInt64: UInt64] = [:]
  }

  let directory: String
  let ledger: SegmentLedger
  /// Of the out-of-order log.
  let lateLedger: SegmentLedger
  private let files: any FileSystem
  private let logDirectory: String
  private let intervalMs: Int64
  private let state = Mutex(State())

  var path: String { FilePath.join(directory, HeadImageFormat.fileName) }

  /// - Parameter intervalMs: time between two images; 0 for none at all.
  init(
    dataDirectory: String, logDirectory: String, lateLogDirectory: String, intervalMs: Int64,
    files: any FileSystem
  ) {
    directory = FilePath.join(dataDirectory, HeadImageFormat.directoryName)
    self.files = files
    self.logDirectory = logDirectory
    self.intervalMs = intervalMs
    ledger = SegmentLedger(
      files: files, directory: directory, logDirectory: logDirectory)
    lateLedger = SegmentLedger(
      files: files, directory: directory, logDirectory: lateLogDirectory,
      fileName: SegmentLedger.lateFileName)
  }

  var isEnabled: Bool { intervalMs > 0 }

  /// What the head was made of at start.
  var start: HeadStart {
    get { state.withLock { $0.start } }
    set { state.withLock { $0.start = newValue } }
  }

  /// Refs of the log whose series has another one: the out-of-order log may name them.
  var refMap: [UInt64: UInt64] {
    get { state.withLock { $0.refMap } }
    set { state.withLock { $0.refMap = newValue } }
  }

  /// Notes an image that was written or read.
  func note(_ sizeBytes: Int, _ log: LogPosition, atMs nowMs: Int64) {
    state.withLock { state in
      state.lastMs = nowMs
      state.last = (sizeBytes, log)
    }
    // The rest are not needed to read this one.
    ledger.forget(before: log.segment)
  }

  /// Notes that the last image will not do for the next start.
  func expire() { state.withLock { $0.lastMs = nil } }

  /// Removes an image that was not taken. From now on series may have other refs than it knows, so
  /// that what is logged must never be read behind it.
  func forsake() {
    do throws(PosixError) {
      if files.exists(path) {
        try files.remove(path)
        // Or a loss of power could bring it back.
        try files.syncDirectory(directory)
      }
      ledger.clear()
    } catch {
      ledger.disable()
    }
  }

  /// Puts the next image off by an interval.
  func postpone(_ nowMs: Int64) { state.withLock { $0.lastMs = nowMs } }

  /// Bytes that were logged since the last image; nil while there is none.
  func logged(until end: LogPosition) -> Int? {
    state.withLock { $0.lastMs == nil ? nil : $0.last?.log }.map { bytes(from: $0, to: end) }
  }

  private func bytes(from start: LogPosition, to end: LogPosition) -> Int {
    guard start.segment < end.segment else { return end.offset - start.offset }
    return (start.segment..<end.segment).reduce(end.offset - start.offset) { sum, segment in
      let path = WALSegments.path(logDirectory, segment)
      // One that is gone was replaced by a checkpoint: nothing of it is replayed.
      return sum + ((try? files.status(path))?.sizeBytes ?? 0)
    }
  }

  /// Whether it is time for an image. While little is logged the same one does for longer: images
  /// are not to be most of what is written.
  func isDue(nowMs: Int64, log: LogPosition) -> Bool {
    guard isEnabled else { return false }
    let (lastMs, last) = state.withLock { ($0.lastMs, $0.last) }
    guard let lastMs else { return true }
    guard nowMs - lastMs >= intervalMs else { return false }
    guard let last else { return true }
    let logged = bytes(from: last.log, to: log)
    return logged > 0
      && (logged >= last.sizeBytes / Self.sizePerLogged
        || nowMs - lastMs >= Self.intervalsMax * intervalMs)
  }

  /// An image is worth it when a quarter of its size was logged ...
  private static let sizePerLogged = 4
  /// ... or after so many intervals.
  private static let intervalsMax: Int64 = 6
}

/// What a head was made of when its store was opened.
package enum HeadStart: Sendable, Equatable {
  /// An image, and what was logged behind it.
  case image
  /// The whole log; why no image did.
  case log(reason: String)
}
