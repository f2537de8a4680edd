internal import Glibc
internal import Synchronization

/// An `AppendFile` whose appends are copies into a shared mapping: the WAL's segment.
///
/// Blocks are allocated ahead with posix_fallocate, so a full disk is an error of `append` and
/// never a signal; that holds where `FileSystemKind.reservesBlocks`. How far ahead follows the rate
/// of writing (`AllocationStep`), and `sync` gives back what an idle file does not need.
final class MappedAppendFile: AppendFile, @unchecked Sendable {
  // Sound because all mutable state, the window's address with it, is guarded by the mutex.
  @safe private struct State: @unchecked Sendable {
    // Sound because it never leaves the mutex.
    var isClosed = false
    var window: UnsafeMutableRawPointer?
    /// Offset in the file of the window's first byte.
    var windowStart = 0
    var length = 0
    /// The file's size: blocks exist up to here, and are zero behind `length`.
    var allocated = 0
    var step: AllocationStep

    init(step: AllocationStep) {
      self.step = step
      unsafe window = nil
    }
  }

  /// Address space that is mapped at a time; only what has blocks is touched.
  private static let windowBytes = 4 << 20

  let path: String
  private let descriptor: FileDescriptor
  private let state: Mutex<State>

  /// - Parameter descriptor: of an empty file, open for reading and writing.
  init(_ descriptor: FileDescriptor, path: String, stepBytesMax: Int) {
    precondition(
      stepBytesMax > 0 && stepBytesMax % 4096 == 0, "steps of \(stepBytesMax) bytes")
    self.path = path
    self.descriptor = descriptor
    state = Mutex(State(step: AllocationStep(bytesMax: stepBytesMax)))
  }

  deinit { try? close() }

  var lengthBytes: Int { state.withLock { s in s.length } }

  func append(_ bytes: Span<UInt8>) throws(PosixError) {
    try append(bytes, Span())
  }

  func append(_ first: Span<UInt8>, _ second: Span<UInt8>) throws(PosixError) {
    let result: Result<Void, PosixError> = unsafe first.withUnsafeBytes { a in
      unsafe second.withUnsafeBytes { b in
        state.withLock { s in unsafe self.put(a, b, into: &s) }
      }
    }
    try result.get()
  }

  func appendZeros(_ count: Int) throws(PosixError) {
    precondition(count >= 0, "negative count: \(count)")
    // Blocks just allocated read as zeros, and nothing stands behind `length`.
    let result: Result<Void, PosixError> = state.withLock { s in
      Result { () throws(PosixError) in
        try self.allocate(to: s.length + count, &s)
        s.length += count
      }
    }
    try result.get()
  }

  func overwrite(_ bytes: Span<UInt8>, at offset: Int) throws(PosixError) {
    let result: Result<Void, PosixError> = unsafe bytes.withUnsafeBytes { raw in
      state.withLock { s in
        Result { () throws(PosixError) in
          guard !s.isClosed else { throw PosixError(call: "write", path: path, code: EBADF) }
          guard offset >= 0, offset <= s.length - raw.count else {
            throw PosixError(call: "write", path: path, code: EINVAL)
          }
          // The page cache is one: the mapping sees what is written.
          unsafe try descriptor.write(raw, at: offset)
        }
      }
    }
    try result.get()
  }

  private func put(
    _ first: UnsafeRawBufferPointer, _ second: UnsafeRawBufferPointer, into s: inout State
  ) -> Result<Void, PosixError> {
    Result { () throws(PosixError) in
      let before = s.length
      try allocate(to: before + first.count + second.count, &s)
      do throws(PosixError) {
        unsafe try copy(first, &s)
        unsafe try copy(second, &s)
      } catch {
        // What was copied must not stand behind the end, where zeros are taken for granted.
        s.length = before
        if (try? descriptor.truncate(toBytes: before)) != nil { s.allocated = before }
        throw error
      }
    }
  }

  /// Makes sure that blocks exist up to `end`.
  private func allocate(to end: Int, _ s: inout State) throws(PosixError) {
    guard !s.isClosed else { throw PosixError(call: "write", path: path, code: EBADF) }
    guard end > s.allocated else { return }
    let step = s.step.next(allocated: s.allocated)
    let wanted = (end + step - 1) / step * step
    do throws(PosixError) {
      try fallocate(from: s.allocated, to: wanted)
      s.allocated = wanted
    } catch {
      // The last free blocks of a volume are fewer than a step.
      let least = (end + 4095) / 4096 * 4096
      guard error.isNoSpace, least < wanted else { throw error }
      try fallocate(from: s.allocated, to: least)
      s.allocated = least
    }
  }

  private func fallocate(from start: Int, to end: Int) throws(PosixError) {
    while true {
      let code = posix_fallocate(descriptor.number, start, end - start)
      if code == 0 { return }
      if code != EINTR { throw PosixError(call: "fallocate", path: path, code: code) }
    }
  }

  /// Copies bytes for which blocks exist, window by window.
  private func copy(_ bytes: UnsafeRawBufferPointer, _ s: inout State) throws(PosixError) {
    var done = 0
    while done < bytes.count {
      let window = unsafe try windowForLength(&s)
      let at = s.length - s.windowStart
      let now = min(bytes.count - done, Self.windowBytes - at)
      unsafe (window + at).copyMemory(from: bytes.baseAddress! + done, byteCount: now)
      s.length += now
      done += now
    }
  }

  /// The mapped window that holds offset `length`.
  private func windowForLength(_ s: inout State) throws(PosixError) -> UnsafeMutableRawPointer {
    if let window = unsafe s.window, s.length >= s.windowStart,
      s.length < s.windowStart + Self.windowBytes
    {
      return unsafe window
    }
    let start = s.length / Self.windowBytes * Self.windowBytes
    let mapped = unsafe mmap(
      nil, Self.windowBytes, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor.number, start)
    guard unsafe mapped != MAP_FAILED, let mapped = unsafe mapped else {
      throw PosixError(call: "mmap", path: path)
    }
    if let old = unsafe s.window { unsafe munmap(old, Self.windowBytes) }
    unsafe s.window = unsafe mapped
    s.windowStart = start
    return unsafe mapped
  }

  func sync() throws(PosixError) {
    state.withLock { s in
      let isIdle = s.step.sync(length: s.length)
      guard isIdle, !s.isClosed else { return }
      // Nothing behind `length` is touched before blocks are allocated there again.
      let kept = (s.length + 4095) / 4096 * 4096
      guard kept < s.allocated, (try? descriptor.truncate(toBytes: kept)) != nil else { return }
      s.allocated = kept
    }
    try descriptor.sync()
  }

  func close() throws(PosixError) {
    let length: Int? = state.withLock { s in
      guard !s.isClosed else { return nil }
      if let window = unsafe s.window { unsafe munmap(window, Self.windowBytes) }
      unsafe s.window = nil
      s.isClosed = true
      return s.length
    }
    guard let length else { return }
    try descriptor.truncate(toBytes: length)
  }
}
