import ApusSystem

/// A file system in memory that says which files are mapped.
final class WatchedFiles: FileSystem {
  let inner: MemoryFileSystem
  private let onMap: @Sendable (String) -> Void

  init(_ inner: MemoryFileSystem, onMap: @escaping @Sendable (String) -> Void) {
    self.inner = inner
    self.onMap = onMap
  }

  func map(_ path: String) throws(PosixError) -> ByteSlice {
    onMap(path)
    return try inner.map(path)
  }

  func read(_ path: String) throws(PosixError) -> [UInt8] { try inner.read(path) }

  func create(_ path: String, _ mode: AppendMode) throws(PosixError) -> any AppendFile {
    try inner.create(path, mode)
  }

  func append(to path: String) throws(PosixError) -> any AppendFile { try inner.append(to: path) }

  func list(_ directory: String) throws(PosixError) -> [String] { try inner.list(directory) }

  func status(_ path: String) throws(PosixError) -> FileStatus? { try inner.status(path) }

  func makeDirectory(_ path: String) throws(PosixError) { try inner.makeDirectory(path) }

  func remove(_ path: String) throws(PosixError) { try inner.remove(path) }

  func rename(_ path: String, to target: String) throws(PosixError) {
    try inner.rename(path, to: target)
  }

  func link(_ path: String, to target: String) throws(PosixError) {
    try inner.link(path, to: target)
  }

  func truncate(_ path: String, toBytes sizeBytes: Int) throws(PosixError) {
    try inner.truncate(path, toBytes: sizeBytes)
  }

  func sync(_ path: String) throws(PosixError) { try inner.sync(path) }

  func syncDirectory(_ path: String) throws(PosixError) { try inner.syncDirectory(path) }

  func lock(_ directory: String) throws(PosixError) -> DirectoryLock { try inner.lock(directory) }

  func freeBytes(_ path: String) throws(PosixError) -> Int { try inner.freeBytes(path) }
  func volumeBytes(_ path: String) throws(PosixError) -> Int { try inner.volumeBytes(path) }
}
