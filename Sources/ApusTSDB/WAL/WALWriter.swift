package import ApusSystem
internal import Synchronization

/// How a log is written.
package struct WALOptions: Sendable {
  /// Bytes of a segment, a multiple of the page.
  package var segmentBytes = WALPage.segmentBytesDefault
  /// Blocks are allocated this many bytes ahead at most, a multiple of the page.
  package var stepBytesMax = 4 << 20
  package var compression = WALCompression.snappy

  package init() {}
}

/// Appends records to the newest segment of a log, through a shared mapping: a record survives
/// the death of the process when `log` returns, and that of the machine when `sync` does.
///
/// Safe to call from any thread. Nothing here waits for the disk but `sync` and `close`: the owner
/// calls `sync` at its own interval, on a thread that may block. What a failed sync means: see
/// `rescue`. Format: WALPage.
package final class WALWriter: Sendable {
  struct State: ~Copyable {
    var file: any AppendFile
    var segment: Int
    /// Bytes of the segment that are in the file.
    var written = 0
    /// Bytes of the segment that are durable; the end of a record.
    var durable = 0
    /// Calls of `log` that are over.
    var logged: UInt64 = 0
    var tally = WALMetrics.Tally()
    /// Fragments that are not in the file yet.
    var pending = ByteWriter(capacityBytes: WALPage.bytes)
    var packed = ByteWriter()
    /// Older segments that are not durable yet.
    var retired: [Retired] = []
    var isDirectoryDirty = true
    var isClosed = false
    /// The next record must not stand in this segment.
    var mustCut = false
    /// Why a sync failed, until what it may have lost is written anew.
    var failure: PosixError?
    /// The last failure that was made good, until somebody asks for it.
    var rescue: Rescue?
    /// Calls of `log` that were durable when that was done.
    var rescuedLogged: UInt64 = 0

    init(file: any AppendFile, segment: Int) {
      self.file = file
      self.segment = segment
    }
  }

  /// A segment that is not written any more.
  struct Retired {
    let file: any AppendFile
    let segment: Int
    /// As in `State`.
    let durable: Int
  }

  package let directory: String
  let files: any FileSystem
  private let options: WALOptions
  let metrics: WALMetrics?
  let state: Mutex<State>
  /// Calls of `log` that are durable. Held during a sync, so that those who wait for one find, when
  /// it is their turn, that another has done it for them. Taken before `state`.
  let durable = Mutex<UInt64>(0)

  /// Begins a new segment behind those that are there; an old one is never continued.
  package init(
    files: any FileSystem, directory: String, options: WALOptions, metrics: WALMetrics? = nil
  ) throws(WALError) {
    guard options.segmentBytes > 0 && options.segmentBytes % WALPage.bytes == 0 else {
      throw .invalidSegmentSize(options.segmentBytes)
    }
    self.metrics = metrics
    self.files = files
    self.directory = directory
    self.options = options
    do throws(PosixError) {
      try files.makeDirectory(directory)
    } catch {
      throw .io(error)
    }
    let old = try WALSegments.list(files, directory)
    let segment = old.last.map { $0 + 1 } ?? 0
    let file = try Self.create(segment, files, directory, options)
    var state = State(file: file, segment: segment)
    // A process that was killed wrote them, and nobody has synced them since.
    for number in old {
      let file = try Self.reopen(WALSegments.path(directory, number), files)
      state.retired.append(Retired(file: file, segment: number, durable: 0))
    }
    self.state = Mutex(state)
  }

  private static func reopen(
    _ path: String, _ files: any FileSystem
  ) throws(WALError) -> any AppendFile {
    do throws(PosixError) { return try files.append(to: path) } catch { throw .io(error) }
  }

  private static func create(
    _ segment: Int, _ files: any FileSystem, _ directory: String, _ options: WALOptions
  ) throws(WALError) -> any AppendFile {
    do throws(PosixError) {
      return try files.create(
        WALSegments.path(directory, segment), .mapped(stepBytesMax: options.stepBytesMax))
    } catch {
      throw .io(error)
    }
  }

  /// Number of the segment that is written now.
  package var segment: Int { state.withLock { $0.segment } }

  /// Appends the records, in order. They survive the death of the process on return.
  /// - Throws: `WALError`; none of the records is in the log then, but for those of a batch that is
  ///   longer than a segment.
  package func log(_ batch: borrowing WALBatch) throws(WALError) {
    guard !batch.isEmpty else { return }
    try state.withLock { s throws(WALError) in
      guard !s.isClosed else { throw .closed }
      do throws(WALError) {
        try rescue(&s)
        try makeRoom(for: batch, &s)
        for i in 0..<batch.recordCount { try add(batch.record(i), &s) }
        try flush(&s)
        s.logged += 1
        report(&s)
      } catch {
        s.pending.removeAll()
        report(&s)
        metrics?.countFailure()
        throw error
      }
    }
  }

  private func report(_ s: inout State) {
    metrics?.count(s.tally, options.compression)
    s.tally = WALMetrics.Tally()
  }

  /// Where the next record will stand, or in front of that.
  package var position: Position {
    state.withLock { Position(segment: $0.segment, offset: $0.written) }
  }

  package struct Position: Sendable, Equatable {
    package let segment: Int
    package let offset: Int
  }

  /// Takes back what the last call of `log` wrote: a reader finds nothing of it. Of a batch that is
  /// longer than a segment that holds only for its last part.
  /// - Parameter mark: the position before that call.
  /// - Throws: `WALError`; it may be there then, or a part of it.
  package func retract(to mark: Position) throws(WALError) {
    try state.withLock { s throws(WALError) in
      let start = s.segment == mark.segment ? mark.offset : 0
      guard s.written > start, !s.isClosed else { return }
      let zeros = [UInt8](repeating: 0, count: s.written - start)
      do throws(PosixError) {
        try s.file.overwrite(zeros.span, at: start)
      } catch {
        throw .io(error)
      }
      // Behind zeros a reader goes on with the next page only.
      do throws(WALError) { try pad(&s) } catch { s.mustCut = true }
      if s.written % WALPage.bytes != 0 { s.mustCut = true }
    }
  }

  /// Ends the current segment and begins the next; returns the number of the new one.
  @discardableResult
  package func cutSegment() throws(WALError) -> Int {
    try state.withLock { s throws(WALError) in
      guard !s.isClosed else { throw .closed }
      try cut(&s)
      return s.segment
    }
  }
}

extension WALWriter {
  /// Ends the segment where the batch may not fit, so that a batch is in the log as a whole or not
  /// at all, unless it is longer than a segment.
  private func makeRoom(
    for batch: borrowing WALBatch, _ s: inout State
  ) throws(WALError) {
    let pages = batch.byteCount / (WALPage.bytes - 2 * WALPage.headerBytes) + 2
    let most = batch.byteCount + WALPage.headerBytes * (batch.recordCount + 2 * pages)
    if s.mustCut || s.written > 0 && s.written + most > options.segmentBytes { try cut(&s) }
  }

  /// Compresses a record and splits it into fragments.
  func add(_ record: Span<UInt8>, _ s: inout State) throws(WALError) {
    let flag = compress(record, &s)
    let count = flag == 0 ? record.count : s.packed.count
    let position = s.written + s.pending.count
    let pagesLeft = options.segmentBytes / WALPage.bytes - position / WALPage.bytes - 1
    let room =
      WALPage.bytes - position % WALPage.bytes - WALPage.headerBytes
      + (WALPage.bytes - WALPage.headerBytes) * pagesLeft
    if count > room && position > 0 {
      try flush(&s)
      try cut(&s)
    }
    let before = s.pending.count
    if flag == 0 {
      split(record, flag, s.written, &s.pending, &s.tally)
    } else {
      split(packed: s.packed, flag, s.written, &s.pending, &s.tally)
    }
    s.tally.partBytes += s.pending.count - before
  }

  /// Compresses into `packed`; returns the flag of the format, 0 if that saves nothing.
  private func compress(_ record: Span<UInt8>, _ s: inout State) -> UInt8 {
    guard !record.isEmpty, options.compression != .none else { return 0 }
    s.packed.removeAll()
    options.compression.compress(record, into: &s.packed)
    guard s.packed.count < record.count else { return 0 }
    s.tally.savedBytes += record.count - s.packed.count
    return options.compression.flag
  }

  private func split(
    packed: borrowing ByteWriter, _ flag: UInt8, _ written: Int, _ pending: inout ByteWriter,
    _ tally: inout WALMetrics.Tally
  ) {
    split(packed.span, flag, written, &pending, &tally)
  }

  private func split(
    _ record: Span<UInt8>, _ flag: UInt8, _ written: Int, _ pending: inout ByteWriter,
    _ tally: inout WALMetrics.Tally
  ) {
    var done = 0
    var isFirst = true
    repeat {
      let used = (written + pending.count) % WALPage.bytes
      let room = WALPage.bytes - used - WALPage.headerBytes
      let part = record.extracting(done..<min(record.count, done + room))
      let isLast = done + part.count == record.count
      let type: WALPage.Fragment =
        isFirst ? (isLast ? .full : .first) : (isLast ? .last : .middle)
      pending.u8(type.rawValue | flag)
      pending.be16(UInt16(part.count))
      pending.be32(CRC32C.of(part))
      pending.append(part)
      done += part.count
      isFirst = false
      tally.parts += 1
      // Too little for another header: the page is over.
      let left = WALPage.bytes - (written + pending.count) % WALPage.bytes
      if left < WALPage.headerBytes { pending.append(repeating: 0, count: left) }
    } while done < record.count
  }

  func flush(_ s: inout State) throws(WALError) {
    guard !s.pending.isEmpty else { return }
    do throws(PosixError) {
      try s.file.append(s.pending.span)
    } catch {
      throw .io(error)
    }
    let pages = s.written / WALPage.bytes
    s.written += s.pending.count
    s.pending.removeAll()
    s.tally.flushes += 1
    s.tally.pages += s.written / WALPage.bytes - pages
  }

  /// Fills the last page with zeros. On a full disk it stays as it is: readers take what is missing
  /// of a page for zeros.
  private func pad(_ s: inout State) throws(WALError) {
    let used = s.written % WALPage.bytes
    guard used > 0 else { return }
    do throws(PosixError) {
      try s.file.appendZeros(WALPage.bytes - used)
      s.written += WALPage.bytes - used
    } catch {
      guard error.isNoSpace else { throw .io(error) }
    }
  }

  /// Fills the last page with zeros and closes the file.
  func finish(_ s: inout State) throws(WALError) {
    try pad(&s)
    do throws(PosixError) { try s.file.close() } catch { throw .io(error) }
  }

  func cut(_ s: inout State) throws(WALError) {
    // The new one first: if that fails, the old one can still be written.
    let next = try Self.create(s.segment + 1, files, directory, options)
    try pad(&s)
    // What cannot be cut off are zeros, which readers skip; the closed file is not to be kept.
    try? s.file.close()
    s.retired.append(Retired(file: s.file, segment: s.segment, durable: s.durable))
    s.file = next
    s.segment += 1
    s.written = 0
    s.durable = 0
    s.mustCut = false
    s.isDirectoryDirty = true
  }
}
