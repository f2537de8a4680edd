package import ApusSystem
internal import Synchronization

/// How a log is written.
package struct WALOptions: Sendable {
  /// Bytes of a segment, a multiple of the page.
  package var segmentBytes = WALPage.segmentBytesDefault
  /// Blocks are allocated this many bytes ahead, a multiple of the page.
  package var stepBytes = 4 << 20
  package var compression = WALCompression.snappy

  package init() {}
}

/// Appends records to the newest segment of a log, through a shared mapping: a record survives
/// the death of the process when `log` returns, and that of the machine when `sync` does.
///
/// Safe to call from any thread. Nothing here waits for the disk but `sync` and `close`: the owner
/// calls `sync` at its own interval, on a thread that may block. Format: WALPage.
package final class WALWriter: Sendable {
  private struct State: ~Copyable {
    var file: any AppendFile
    var segment: Int
    /// Bytes of the segment that are in the file.
    var written = 0
    /// Fragments that are not in the file yet.
    var pending = ByteWriter(capacityBytes: WALPage.bytes)
    var packed = ByteWriter()
    /// Older segments that are not durable yet.
    var retired: [any AppendFile] = []
    var isDirectoryDirty = true
    var isClosed = false

    init(file: any AppendFile, segment: Int) {
      self.file = file
      self.segment = segment
    }
  }

  package let directory: String
  private let files: any FileSystem
  private let options: WALOptions
  private let state: Mutex<State>

  /// Begins a new segment behind those that are there; an old one is never continued.
  package init(
    files: any FileSystem, directory: String, options: WALOptions
  ) throws(WALError) {
    precondition(
      options.segmentBytes > 0 && options.segmentBytes % WALPage.bytes == 0,
      "segments of \(options.segmentBytes) bytes")
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
      state.retired.append(try Self.reopen(WALSegments.path(directory, number), files))
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
        WALSegments.path(directory, segment), .mapped(stepBytes: options.stepBytes))
    } catch {
      throw .io(error)
    }
  }

  /// Number of the segment that is written now.
  package var segment: Int { state.withLock { $0.segment } }

  /// Bytes of the current segment.
  package var segmentBytes: Int { state.withLock { $0.written } }

  /// Appends the records, in order. They survive the death of the process on return.
  /// - Throws: `WALError`; records of the batch up to the last segment cut may then be in the log.
  package func log(_ batch: borrowing WALBatch) throws(WALError) {
    guard !batch.isEmpty else { return }
    try state.withLock { s throws(WALError) in
      guard !s.isClosed else { throw .closed }
      do throws(WALError) {
        for i in 0..<batch.recordCount { try add(batch.record(i), &s) }
        try flush(&s)
      } catch {
        s.pending.removeAll()
        throw error
      }
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

  /// Returns when all that was logged before the call is durable.
  package func sync() throws(WALError) {
    let (retired, file, isDirectoryDirty) = state.withLock { s in
      (s.retired, s.file, s.isDirectoryDirty)
    }
    do throws(PosixError) {
      for old in retired { try old.sync() }
      try file.sync()
      if isDirectoryDirty { try files.syncDirectory(directory) }
    } catch {
      throw .io(error)
    }
    state.withLock { s in
      s.retired.removeAll { old in retired.contains { $0 === old } }
      // A segment that was begun meanwhile asks for another time.
      if s.file === file { s.isDirectoryDirty = false }
    }
  }

  /// Ends the log; durable on return. Closing twice is fine.
  package func close() throws(WALError) {
    let wasOpen = try state.withLock { s throws(WALError) in
      guard !s.isClosed else { return false }
      try finish(&s)
      s.isClosed = true
      return true
    }
    if wasOpen { try sync() }
  }
}

extension WALWriter {
  /// Compresses a record and splits it into fragments.
  private func add(_ record: Span<UInt8>, _ s: inout State) throws(WALError) {
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
    if flag == 0 {
      split(record, flag, s.written, &s.pending)
    } else {
      split(packed: s.packed, flag, s.written, &s.pending)
    }
  }

  /// Compresses into `packed`; returns the flag of the format, 0 if that saves nothing.
  private func compress(_ record: Span<UInt8>, _ s: inout State) -> UInt8 {
    guard !record.isEmpty, options.compression != .none else { return 0 }
    s.packed.removeAll()
    var flag = WALPage.snappyFlag
    if options.compression == .snappy {
      Snappy.compress(record, into: &s.packed)
    } else {
      Zstd.compress(record, into: &s.packed)
      flag = WALPage.zstdFlag
    }
    return s.packed.count < record.count ? flag : 0
  }

  private func split(
    packed: borrowing ByteWriter, _ flag: UInt8, _ written: Int, _ pending: inout ByteWriter
  ) {
    split(packed.span, flag, written, &pending)
  }

  private func split(
    _ record: Span<UInt8>, _ flag: UInt8, _ written: Int, _ pending: inout ByteWriter
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
      // Too little for another header: the page is over.
      let left = WALPage.bytes - (written + pending.count) % WALPage.bytes
      if left < WALPage.headerBytes { pending.append(repeating: 0, count: left) }
    } while done < record.count
  }

  private func flush(_ s: inout State) throws(WALError) {
    guard !s.pending.isEmpty else { return }
    do throws(PosixError) {
      try s.file.append(s.pending.span)
    } catch {
      throw .io(error)
    }
    s.written += s.pending.count
    s.pending.removeAll()
  }

  /// Fills the last page with zeros and closes the file.
  private func finish(_ s: inout State) throws(WALError) {
    do throws(PosixError) {
      let used = s.written % WALPage.bytes
      if used > 0 {
        try s.file.appendZeros(WALPage.bytes - used)
        s.written += WALPage.bytes - used
      }
      try s.file.close()
    } catch {
      throw .io(error)
    }
  }

  private func cut(_ s: inout State) throws(WALError) {
    // The new one first: if that fails, the old one can still be written.
    let next = try Self.create(s.segment + 1, files, directory, options)
    try finish(&s)
    s.retired.append(s.file)
    s.file = next
    s.segment += 1
    s.written = 0
    s.isDirectoryDirty = true
  }
}
