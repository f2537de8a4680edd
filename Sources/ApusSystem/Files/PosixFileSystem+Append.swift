internal import CIntrinsics
internal import Glibc
internal import Synchronization

/// An open file, closed when its last user is gone.
final class FileDescriptor: Sendable {
  let number: Int32
  let path: String

  init(path: String, flags: Int32, mode: mode_t) throws(PosixError) {
    self.path = path
    number = try PosixError.check("open", path) {
      unsafe apus_open(path, flags | O_CLOEXEC, mode)
    }
  }

  deinit { _ = close(number) }

  func sizeBytes() throws(PosixError) -> Int {
    var info = stat()
    _ = try PosixError.check("stat", path) { unsafe fstat(number, &info) }
    return Int(info.st_size)
  }

  /// Reads until the buffer is full or the file ends; returns how many bytes.
  func read(into buffer: UnsafeMutableRawBufferPointer) throws(PosixError) -> Int {
    var done = 0
    while done < buffer.count {
      let got = try PosixError.check("read", path) {
        unsafe Glibc.read(number, buffer.baseAddress! + done, buffer.count - done)
      }
      if got == 0 { break }
      done += got
    }
    return done
  }

  /// Writes all bytes at an offset.
  func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(PosixError) {
    var done = 0
    while done < bytes.count {
      done += try PosixError.check("write", path) {
        unsafe pwrite(number, bytes.baseAddress! + done, bytes.count - done, offset + done)
      }
    }
  }

  func sync() throws(PosixError) {
    _ = try PosixError.check("fdatasync", path) { fdatasync(number) }
  }

  func truncate(toBytes sizeBytes: Int) throws(PosixError) {
    _ = try PosixError.check("truncate", path) { ftruncate(number, sizeBytes) }
  }
}

/// An `AppendFile` by write(2).
final class WrittenAppendFile: AppendFile {
  private struct State {
    var isClosed = false
    var length: Int
  }

  let path: String
  private let descriptor: FileDescriptor
  private let state: Mutex<State>

  init(_ descriptor: FileDescriptor, path: String, length: Int) {
    self.path = path
    self.descriptor = descriptor
    state = Mutex(State(length: length))
  }

  var lengthBytes: Int { state.withLock { $0.length } }

  func append(_ bytes: Span<UInt8>) throws(PosixError) {
    let result: Result<Void, PosixError> = unsafe bytes.withUnsafeBytes { raw in
      state.withLock { s in
        Result { () throws(PosixError) in
          guard !s.isClosed else { throw PosixError(call: "write", path: path, code: EBADF) }
          // At an offset: what a failed write left behind is overwritten by the next.
          unsafe try descriptor.write(raw, at: s.length)
          s.length += raw.count
        }
      }
    }
    try result.get()
  }

  func append(_ first: Span<UInt8>, _ second: Span<UInt8>) throws(PosixError) {
    var both = ByteWriter(capacityBytes: first.count + second.count)
    both.append(first)
    both.append(second)
    try append(both.span)
  }

  func appendZeros(_ count: Int) throws(PosixError) {
    var zeros = ByteWriter(capacityBytes: count)
    zeros.append(repeating: 0, count: count)
    try append(zeros.span)
  }

  func overwrite(_ bytes: Span<UInt8>, at offset: Int) throws(PosixError) {
    let result: Result<Void, PosixError> = unsafe bytes.withUnsafeBytes { raw in
      state.withLock { s in
        Result { () throws(PosixError) in
          guard !s.isClosed else { throw PosixError(call: "write", path: path, code: EBADF) }
          guard offset >= 0, offset <= s.length - raw.count else {
            throw PosixError(call: "write", path: path, code: EINVAL)
          }
          unsafe try descriptor.write(raw, at: offset)
        }
      }
    }
    try result.get()
  }

  func sync() throws(PosixError) { try descriptor.sync() }

  func close() throws(PosixError) {
    let length: Int? = state.withLock { s in
      guard !s.isClosed else { return nil }
      s.isClosed = true
      return s.length
    }
    guard let length else { return }
    // A write that failed half-way may have left bytes behind the end.
    if try descriptor.sizeBytes() > length { try descriptor.truncate(toBytes: length) }
  }
}
