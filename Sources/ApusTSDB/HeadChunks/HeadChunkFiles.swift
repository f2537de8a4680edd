package import ApusModel
package import ApusSystem
internal import Synchronization

/// The full chunks of the head, on disk: written, read by reference, listed at start, truncated.
///
/// The directory is a cache of the log: what is damaged in it is dropped, and the log holds it
/// still. Safe to call from any thread; `write` takes one caller at a time. Format:
/// HeadChunkFormat.
package final class HeadChunkFiles: Sendable {
  private struct File {
    /// The mapping; renewed when it is shorter than what was written since.
    var bytes: ByteSlice
    /// What it holds.
    var mark: HeadChunkFileMark
  }

  private struct State {
    /// By number, without gaps.
    var files: [Int: File] = [:]
    var current: (number: Int, file: any AppendFile)?
    var next = 1
    /// Closed files that are not durable yet.
    var retired: [any AppendFile] = []
    var isDirectoryDirty = false
    var isClosed = false
  }

  package let directory: String
  private let files: any FileSystem
  private let fileBytesMax: Int
  private let state = Mutex(State())

  private static let stepBytesMax = 128 << 10

  /// Reads nothing yet: call `scan` next, once.
  package init(
    files: any FileSystem, directory: String,
    fileBytesMax: Int = HeadChunkFormat.fileBytesMax
  ) throws(HeadChunkError) {
    self.files = files
    self.directory = directory
    self.fileBytesMax = fileBytesMax
    do throws(PosixError) { try files.makeDirectory(directory) } catch { throw .io(error) }
  }

  /// Hands each chunk on disk to `body`, oldest first. Files from the first damaged one on are
  /// removed, and none of their chunks is handed out: the log holds what they held.
  /// - Returns: the damage, for the log; nil if there was none.
  package func scan(_ body: (HeadChunk) -> Void) throws(HeadChunkError) -> HeadChunkError? {
    var numbers: [Int] = []
    do throws(PosixError) {
      numbers = try files.list(directory).compactMap(WALSegments.number(of:)).sorted()
    } catch {
      throw .io(error)
    }
    var found: [Int: File] = [:]
    var damage: HeadChunkError?
    for (i, number) in numbers.enumerated() {
      do throws(HeadChunkError) {
        if i > 0 && number != numbers[i - 1] + 1 {
          throw corruption(number, 0, "found unsequential head chunk files")
        }
        let isLast = i == numbers.count - 1
        guard let (file, chunks) = try scan(number, isLast: isLast) else { continue }
        for chunk in chunks { body(chunk) }
        found[number] = file
      } catch {
        guard case .corruption = error else { throw error }
        damage = error
        try remove(numbers[i...].reversed())
        break
      }
    }
    let next = (found.keys.max() ?? 0) + 1
    state.withLock { s in
      s.files = found
      s.next = next
    }
    return damage
  }

  /// Nil for a last file in which nothing was written; it is removed.
  private func scan(
    _ number: Int, isLast: Bool
  ) throws(HeadChunkError) -> (File, [HeadChunk])? {
    var chunks: [HeadChunk] = []
    var file = File(bytes: try map(number), mark: HeadChunkFileMark(number: number))
    if isLast && isBlank(file.bytes) {
      try remove([number])
      return nil
    }
    var offset = HeadChunkFormat.headerBytes
    do throws(HeadChunkFormat.Damage) {
      try HeadChunkFormat.checkHeader(file.bytes.span)
      while let entry = try HeadChunkFormat.decode(file.bytes, number: number, at: offset) {
        chunks.append(entry.chunk)
        file.mark.add(
          checksum: entry.chunk.checksum, end: entry.end, maxTimeMs: entry.chunk.range.maxMs)
        offset = entry.end
      }
    } catch {
      throw corruption(number, offset, error.reason)
    }
    return (file, chunks)
  }

  private func isBlank(_ bytes: ByteSlice) -> Bool {
    bytes.count < 4 || (0..<4).allSatisfy { bytes[$0] == 0 }
  }

  private func corruption(_ file: Int, _ offset: Int, _ reason: String) -> HeadChunkError {
    .corruption(directory: directory, file: file, offset: offset, reason: reason)
  }

  private func path(_ number: Int) -> String {
    FilePath.join(directory, HeadChunkFormat.name(number))
  }

  private func map(_ number: Int) throws(HeadChunkError) -> ByteSlice {
    do throws(PosixError) { return try files.map(path(number)) } catch { throw .io(error) }
  }

  private func remove(_ numbers: some Sequence<Int>) throws(HeadChunkError) {
    do throws(PosixError) {
      for number in numbers { try files.remove(path(number)) }
      try files.syncDirectory(directory)
    } catch {
      throw .io(error)
    }
  }
}

extension HeadChunkFiles {
  /// Appends a chunk; it can be read at once.
  package func write(
    series: SeriesRef, range: TimeRange, encoding: ChunkEncoding, isOutOfOrder: Bool = false,
    bytes: Span<UInt8>
  ) throws(HeadChunkError) -> HeadChunkRef {
    var entry = ByteWriter(capacityBytes: bytes.count + HeadChunkFormat.entryBytesMax)
    HeadChunkFormat.encode(
      series: series, range: range, encoding: encoding, isOutOfOrder: isOutOfOrder,
      bytes: bytes, &entry)
    return try append(entry, range)
  }

  private func append(
    _ entry: borrowing ByteWriter, _ range: TimeRange
  ) throws(HeadChunkError) -> HeadChunkRef {
    try state.withLock { s throws(HeadChunkError) in
      let (number, file) = try roomy(&s, for: entry.count)
      let offset = file.lengthBytes
      do throws(PosixError) { try file.append(entry.span) } catch { throw .io(error) }
      s.files[number]?.mark.add(
        checksum: HeadChunkFormat.checksum(ofEntry: entry.span), end: file.lengthBytes,
        maxTimeMs: range.maxMs)
      return HeadChunkRef(file: number, offset: offset)
    }
  }

  /// The current file, or a new one if an entry would not fit.
  private func roomy(
    _ s: inout State, for count: Int
  ) throws(HeadChunkError) -> (number: Int, file: any AppendFile) {
    if let current = s.current, current.file.lengthBytes + count <= fileBytesMax {
      return current
    }
    try cut(&s)
    do throws(PosixError) {
      let file = try files.create(path(s.next), .mapped(stepBytesMax: Self.stepBytesMax))
      var header = ByteWriter()
      HeadChunkFormat.encodeHeader(&header)
      try file.append(header.span)
      s.current = (s.next, file)
      s.files[s.next] = File(bytes: .empty, mark: HeadChunkFileMark(number: s.next))
      s.next += 1
      s.isDirectoryDirty = true
      return (s.next - 1, file)
    } catch {
      throw .io(error)
    }
  }

  private func cut(_ s: inout State) throws(HeadChunkError) {
    guard !s.isClosed else { throw .io(PosixError(call: "write", path: directory, code: 9)) }
    guard let current = s.current else { return }
    // What cannot be cut off are zeros, which readers skip; the closed file is not to be kept.
    try? current.file.close()
    s.retired.append(current.file)
    s.current = nil
  }

  /// The chunk of a reference, checksum checked.
  package func read(_ ref: HeadChunkRef) throws(HeadChunkError) -> HeadChunk {
    guard var bytes = state.withLock({ $0.files[ref.file]?.bytes }) else { throw .missing(ref) }
    if ref.offset + HeadChunkFormat.entryBytesMax > bytes.count {
      bytes = try renewMapping(ref)
    }
    do throws(HeadChunkFormat.Damage) {
      return try entry(bytes, ref)
    } catch {
      // The mapping may end in the middle of what was written after it was made.
      let longer = try renewMapping(ref)
      do throws(HeadChunkFormat.Damage) {
        return try entry(longer, ref)
      } catch {
        throw corruption(ref.file, ref.offset, error.reason)
      }
    }
  }

  private func entry(
    _ bytes: ByteSlice, _ ref: HeadChunkRef
  ) throws(HeadChunkFormat.Damage) -> HeadChunk {
    guard
      let found = try HeadChunkFormat.decode(bytes, number: ref.file, at: ref.offset)
    else {
      throw HeadChunkFormat.Damage(reason: "no chunk there")
    }
    return found.chunk
  }

  private func renewMapping(_ ref: HeadChunkRef) throws(HeadChunkError) -> ByteSlice {
    let bytes = try map(ref.file)
    state.withLock { $0.files[ref.file]?.bytes = bytes }
    return bytes
  }

  /// Removes the oldest files for as long as all their chunks end before a time. The file that is
  /// written is ended, so that the next truncation can take it.
  ///
  /// - Parameter limit: number of the oldest file that must stay.
  package func truncate(
    endedBeforeMs timeMs: Int64, before limit: Int = .max
  ) throws(HeadChunkError) {
    let old = try state.withLock { s throws(HeadChunkError) in
      var old: [Int] = []
      for number in s.files.keys.sorted() {
        guard number < limit, number != s.current?.number, let file = s.files[number],
          file.mark.maxTimeMs < timeMs
        else { break }
        s.files[number] = nil
        old.append(number)
      }
      try cut(&s)
      return old
    }
    guard !old.isEmpty else { return }
    try remove(old)
  }

  /// Numbers of the files that are there, ascending.
  package var fileNumbers: [Int] { state.withLock { $0.files.keys.sorted() } }

  /// What each file holds now, ascending.
  var marks: [HeadChunkFileMark] {
    state.withLock { $0.files.values.map(\.mark).sorted { $0.number < $1.number } }
  }

  /// Checks, without changing anything, that the files hold what they held when the marks were
  /// taken. A file that is gone is fine if all its chunks ended before a time.
  /// - Returns: the chunks of late samples.
  /// - Throws: `.corruption` for the first file that holds something else; `.lateSince` where late
  ///   samples came behind the marks: unlike other chunks they may be all that is left of a log;
  ///   `.io`.
  func check(
    _ marks: [HeadChunkFileMark], endedBeforeMs timeMs: Int64
  ) throws(HeadChunkError) -> [HeadChunk] {
    var late: [HeadChunk] = []
    for wanted in marks {
      let bytes: ByteSlice
      do throws(PosixError) {
        bytes = try files.map(path(wanted.number))
      } catch {
        if error.isNotFound && wanted.maxTimeMs < timeMs { continue }
        throw .io(error)
      }
      var found = HeadChunkFileMark(number: wanted.number)
      try read(bytes, &found, until: wanted.endOffset) { chunk in
        if chunk.isOutOfOrder { late.append(chunk) }
      }
      guard found == wanted else {
        throw corruption(wanted.number, found.endOffset, "other chunks than there were")
      }
    }
    try checkBehind(marks)
    return late
  }

  private func checkBehind(_ marks: [HeadChunkFileMark]) throws(HeadChunkError) {
    let ends = Dictionary(marks.map { ($0.number, $0) }) { first, _ in first }
    var numbers: [Int] = []
    do throws(PosixError) {
      numbers = try files.list(directory).compactMap(WALSegments.number(of:))
    } catch {
      throw .io(error)
    }
    for number in numbers {
      var mark = ends[number] ?? HeadChunkFileMark(number: number)
      var hasLate = false
      do throws(HeadChunkError) {
        try read(try map(number), &mark, until: .max) { chunk in
          if chunk.isOutOfOrder { hasLate = true }
        }
      } catch {
        // What is damaged would not be taken at a start without an image either.
        guard case .corruption = error else { throw error }
      }
      if hasLate {
        throw .lateSince(directory: directory, file: number, offset: mark.endOffset)
      }
    }
  }

  /// Reads a file from a mark on, up to an offset or the end, and moves the mark on.
  private func read(
    _ bytes: ByteSlice, _ mark: inout HeadChunkFileMark, until end: Int,
    _ body: (HeadChunk) -> Void
  ) throws(HeadChunkError) {
    do throws(HeadChunkFormat.Damage) {
      try checkHeader(bytes)
      while mark.endOffset < end {
        let found = try HeadChunkFormat.decode(bytes, number: mark.number, at: mark.endOffset)
        guard let found else { break }
        body(found.chunk)
        mark.add(
          checksum: found.chunk.checksum, end: found.end, maxTimeMs: found.chunk.range.maxMs)
      }
    } catch {
      throw corruption(mark.number, mark.endOffset, error.reason)
    }
  }

  private func checkHeader(_ bytes: ByteSlice) throws(HeadChunkFormat.Damage) {
    try HeadChunkFormat.checkHeader(bytes.span)
  }

  /// Takes the files as the marks tell, without looking into them; call it instead of `scan`, once,
  /// after `check`. What came behind the marks is removed: the log holds it.
  func adopt(_ marks: [HeadChunkFileMark]) throws(HeadChunkError) {
    var kept: [Int: File] = [:]
    var last = 0
    do throws(PosixError) {
      let numbers = try files.list(directory).compactMap(WALSegments.number(of:))
      for mark in marks {
        last = max(last, mark.number)
        guard let status = try files.status(path(mark.number)) else { continue }
        if status.sizeBytes > mark.endOffset {
          try files.truncate(path(mark.number), toBytes: mark.endOffset)
        }
        kept[mark.number] = File(bytes: .empty, mark: mark)
      }
      // The newest first, so that an interruption leaves no gap.
      for number in numbers.sorted().reversed() where kept[number] == nil {
        try files.remove(path(number))
      }
      try files.syncDirectory(directory)
    } catch {
      throw .io(error)
    }
    let (found, next) = (kept, last + 1)
    state.withLock { s in
      s.files = found
      s.next = next
    }
  }

  /// Bytes of all files.
  package var sizeBytes: Int { files.sizeBytes(under: directory) }

  /// Returns when all that was written before the call is durable.
  package func sync() throws(HeadChunkError) {
    let (retired, current, isDirty) = state.withLock { s in
      (s.retired, s.current?.file, s.isDirectoryDirty)
    }
    do throws(PosixError) {
      for file in retired { try file.sync() }
      try current?.sync()
      if isDirty { try files.syncDirectory(directory) }
    } catch {
      throw .io(error)
    }
    state.withLock { s in
      s.retired.removeAll { file in retired.contains { $0 === file } }
      if s.current?.file === current { s.isDirectoryDirty = false }
    }
  }

  /// Ends the current file; durable on return. Closing twice is fine; reading goes on working.
  package func close() throws(HeadChunkError) {
    let wasOpen = try state.withLock { s throws(HeadChunkError) in
      guard !s.isClosed else { return false }
      try cut(&s)
      s.isClosed = true
      return true
    }
    if wasOpen { try sync() }
  }
}
