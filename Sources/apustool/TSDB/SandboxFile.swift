internal import ApusSystem
internal import Synchronization

/// A file of a sandbox that is continued: copied into it when something is written, and not before.
/// A log is opened as a whole only to be made durable, and may be larger than the sandbox's volume.
final class SandboxFile: AppendFile {
  let path: String
  private let foundBytes: Int
  private let open: @Sendable () throws(PosixError) -> any AppendFile
  private let copy = Mutex<(any AppendFile)?>(nil)

  /// - Parameter open: copies the file, and opens the copy.
  init(
    path: String, lengthBytes: Int,
    open: @escaping @Sendable () throws(PosixError) -> any AppendFile
  ) {
    self.path = path
    foundBytes = lengthBytes
    self.open = open
  }

  var lengthBytes: Int { copy.withLock { $0?.lengthBytes } ?? foundBytes }

  private func copied() throws(PosixError) -> any AppendFile {
    try copy.withLock { copy throws(PosixError) in
      if let copy { return copy }
      let made = try open()
      copy = made
      return made
    }
  }

  func append(_ bytes: Span<UInt8>) throws(PosixError) { try copied().append(bytes) }

  func append(_ first: Span<UInt8>, _ second: Span<UInt8>) throws(PosixError) {
    try copied().append(first, second)
  }

  func appendZeros(_ count: Int) throws(PosixError) { try copied().appendZeros(count) }

  func overwrite(_ bytes: Span<UInt8>, at offset: Int) throws(PosixError) {
    try copied().overwrite(bytes, at: offset)
  }

  // Nothing of a sandbox has to outlive the machine.
  func sync() throws(PosixError) {}

  func close() throws(PosixError) {
    let copy = copy.withLock { $0 }
    try copy?.close()
  }
}
