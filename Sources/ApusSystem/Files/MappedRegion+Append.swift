internal import Glibc
internal import Synchronization

/// An `AppendFile` whose appends are copies into a shared mapping: the WAL's segment.
///
/// Blocks are allocated a step ahead with posix_fallocate, so a full disk is an error of `append`
/// and never a signal. One window of one step is mapped at a time. (On copy-on-write file systems
/// an allocated block may still find no room when it is written; use `.written` there.)
final class MappedAppendFile: AppendFile, @unchecked Sendable {
  // Sound because all mutable state, the window's address with it, is guarded by the mutex.
  @safe private struct State: @unchecked Sendable {
    // Sound because it never leaves the mutex.
    var isClosed = false
    var window: UnsafeMutableRawPointer?
    /// Offset in the file of the window's first byte.
    var windowStart = 0
    var length = 0
    var allocated = 0
  }

  let path: String
  private let stepBytes: Int
  private let descriptor: FileDescriptor
  private let state: Mutex<State>

  init(path: String, stepBytes: Int) throws(PosixError) {
    precondition(stepBytes > 0 && stepBytes % 4096 == 0, "step of \(stepBytes) bytes")
    self.path = path
    self.stepBytes = stepBytes
    descriptor = try FileDescriptor(
      path: path, flags: O_RDWR | O_CREAT | O_TRUNC, mode: 0o666)
    state = Mutex(State())
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
        s.length = before
        throw error
      }
    }
  }

  /// Makes sure that blocks exist up to `end`.
  private func allocate(to end: Int, _ s: inout State) throws(PosixError) {
    guard !s.isClosed else { throw PosixError(call: "write", path: path, code: EBADF) }
    guard end > s.allocated else { return }
    let wanted = (end + stepBytes - 1) / stepBytes * stepBytes
    while true {
      let code = posix_fallocate(descriptor.number, s.allocated, wanted - s.allocated)
      if code == 0 { break }
      if code != EINTR { throw PosixError(call: "fallocate", path: path, code: code) }
    }
    s.allocated = wanted
  }

  /// Copies bytes for which blocks exist, window by window.
  private func copy(_ bytes: UnsafeRawBufferPointer, _ s: inout State) throws(PosixError) {
    var done = 0
    while done < bytes.count {
      let window = unsafe try windowForLength(&s)
      let at = s.length - s.windowStart
      let now = min(bytes.count - done, stepBytes - at)
      unsafe (window + at).copyMemory(from: bytes.baseAddress! + done, byteCount: now)
      s.length += now
      done += now
    }
  }

  /// The mapped window that holds offset `length`.
  private func windowForLength(_ s: inout State) throws(PosixError) -> UnsafeMutableRawPointer {
    if let window = unsafe s.window, s.length >= s.windowStart,
      s.length < s.windowStart + stepBytes
    {
      return unsafe window
    }
    let start = s.length / stepBytes * stepBytes
    let mapped = unsafe mmap(
      nil, stepBytes, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor.number, start)
    guard unsafe mapped != MAP_FAILED, let mapped = unsafe mapped else {
      throw PosixError(call: "mmap", path: path)
    }
    if let old = unsafe s.window { unsafe munmap(old, stepBytes) }
    unsafe s.window = unsafe mapped
    s.windowStart = start
    return unsafe mapped
  }

  func sync() throws(PosixError) { try descriptor.sync() }

  func close() throws(PosixError) {
    let length: Int? = state.withLock { s in
      guard !s.isClosed else { return nil }
      if let window = unsafe s.window { unsafe munmap(window, stepBytes) }
      unsafe s.window = nil
      s.isClosed = true
      return s.length
    }
    guard let length else { return }
    try descriptor.truncate(toBytes: length)
  }
}
