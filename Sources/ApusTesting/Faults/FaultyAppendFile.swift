internal import ApusSystem
internal import Glibc
internal import Synchronization

/// An open file of a `FaultyFileSystem`.
final class FaultyAppendFile: AppendFile, @unchecked Sendable {
  // Sound because all that changes is touched under the lock of the file system only.
  let path: String
  private let system: FaultyFileSystem
  private let file: FaultyFile
  private let mode: AppendMode
  /// Of the process that opened it.
  private let generation: Int
  private var length: Int
  private var isClosed = false

  /// Blocks of mapped files are allocated in steps of at most this, so that readers need not look
  /// at megabytes of zeros.
  private static let stepBytesMax = 32 << 10

  /// Made under the lock.
  init(
    _ system: FaultyFileSystem, _ file: FaultyFile, path: String, mode: AppendMode, length: Int
  ) {
    self.system = system
    self.file = file
    self.path = path
    self.mode = mode
    self.length = length
    generation = system.generation
  }

  var lengthBytes: Int { system.lock.withLock { _ in length } }

  func append(_ bytes: Span<UInt8>) throws(PosixError) { try write([UInt8](copying: bytes)) }

  func append(_ first: Span<UInt8>, _ second: Span<UInt8>) throws(PosixError) {
    try write([UInt8](copying: first) + [UInt8](copying: second))
  }

  func appendZeros(_ count: Int) throws(PosixError) {
    try write([UInt8](repeating: 0, count: count))
  }

  private func write(_ bytes: [UInt8]) throws(PosixError) {
    try system.call(.write, path, bytes.count) { dies throws(PosixError) in
      guard !isClosed, generation == system.generation else {
        throw PosixError(call: "write", path: path, code: EBADF)
      }
      let kept = dies ? Array(bytes.prefix(system.chance.below(bytes.count + 1))) : bytes
      switch mode {
      case .written: try put(kept)
      case .mapped(let stepBytes): try copy(kept, stepBytes)
      }
    }
  }

  /// As write(2) does: what has room is written, also when the rest has none.
  private func put(_ bytes: [UInt8]) throws(PosixError) {
    let fitting = min(bytes.count, max(0, system.room(of: file) - length))
    if fitting > 0 {
      system.account(file) { file.put(Array(bytes.prefix(fitting)), at: length) }
    }
    guard fitting == bytes.count else {
      system.counts.faults += 1
      throw PosixError(call: "write", path: path, code: ENOSPC)
    }
    length += bytes.count
  }

  /// As into a mapping: into blocks that were allocated before, or not at all.
  private func copy(_ bytes: [UInt8], _ stepBytes: Int) throws(PosixError) {
    let end = length + bytes.count
    if end > file.allocated {
      let step = min(stepBytes, Self.stepBytesMax)
      let wanted = (end + step - 1) / step * step
      try system.grow(file, to: wanted, .allocate, path)
      system.account(file) { file.allocated = wanted }
    }
    file.put(bytes, at: length)
    length = end
  }

  func overwrite(_ bytes: Span<UInt8>, at offset: Int) throws(PosixError) {
    let copy = [UInt8](copying: bytes)
    try system.call(.write, path, copy.count) { dies throws(PosixError) in
      guard !isClosed, generation == system.generation else {
        throw PosixError(call: "write", path: path, code: EBADF)
      }
      guard offset >= 0, offset <= length - copy.count else {
        throw PosixError(call: "write", path: path, code: EINVAL)
      }
      let kept = dies ? Array(copy.prefix(system.chance.below(copy.count + 1))) : copy
      if !kept.isEmpty { system.account(file) { file.put(kept, at: offset) } }
    }
  }

  func sync() throws(PosixError) {
    do throws(PosixError) {
      try system.call(.sync, path) { _ throws(PosixError) in
        guard generation == system.generation else {
          throw PosixError(call: "fdatasync", path: path, code: EBADF)
        }
        file.sync()
      }
    } catch {
      system.lock.withLock { _ in file.failSync() }
      throw error
    }
  }

  func close() throws(PosixError) {
    let isOpen = system.lock.withLock { _ in
      defer { isClosed = true }
      return !isClosed && generation == system.generation && file.sizeBytes > length
    }
    guard isOpen else { return }
    try system.call(.truncate, path, length) { _ in
      system.account(file) { file.resize(to: length) }
    }
  }
}
