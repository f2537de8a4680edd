import ApusSystem
import Synchronization

/// The real file system, with a say in every operation that changes something.
final class WrappedFiles: FileSystem {
  /// What is about to happen to a path: `create`, `append`, `overwrite`, `sync`, `close`, `rename`,
  /// `remove`, `truncate`, `makeDirectory`, `syncDirectory`, `link`. Throwing is failing.
  typealias Watch = @Sendable (_ operation: String, _ path: String) throws(PosixError) -> Void

  let real = PosixFileSystem()
  private let watch: Watch

  init(_ watch: @escaping Watch) { self.watch = watch }

  func read(_ path: String) throws(PosixError) -> [UInt8] { try real.read(path) }
  func map(_ path: String) throws(PosixError) -> ByteSlice { try real.map(path) }
  func list(_ directory: String) throws(PosixError) -> [String] { try real.list(directory) }
  func status(_ path: String) throws(PosixError) -> FileStatus? { try real.status(path) }
  func lock(_ path: String) throws(PosixError) -> DirectoryLock { try real.lock(path) }
  func freeBytes(_ path: String) throws(PosixError) -> Int { try real.freeBytes(path) }
  func volumeBytes(_ path: String) throws(PosixError) -> Int { try real.volumeBytes(path) }

  func create(_ path: String, _ mode: AppendMode) throws(PosixError) -> any AppendFile {
    try watch("create", path)
    return Watched(try real.create(path, mode), watch)
  }

  func append(to path: String) throws(PosixError) -> any AppendFile {
    Watched(try real.append(to: path), watch)
  }

  func makeDirectory(_ path: String) throws(PosixError) {
    try watch("makeDirectory", path)
    try real.makeDirectory(path)
  }

  func remove(_ path: String) throws(PosixError) {
    try watch("remove", path)
    try real.remove(path)
  }

  func rename(_ path: String, to target: String) throws(PosixError) {
    try watch("rename", path)
    try real.rename(path, to: target)
  }

  func link(_ path: String, to target: String) throws(PosixError) {
    try watch("link", path)
    try real.link(path, to: target)
  }

  func truncate(_ path: String, toBytes sizeBytes: Int) throws(PosixError) {
    try watch("truncate", path)
    try real.truncate(path, toBytes: sizeBytes)
  }

  func sync(_ path: String) throws(PosixError) {
    try watch("sync", path)
    try real.sync(path)
  }

  func syncDirectory(_ path: String) throws(PosixError) {
    try watch("syncDirectory", path)
    try real.syncDirectory(path)
  }

  private final class Watched: AppendFile {
    private let file: any AppendFile
    private let watch: Watch

    init(_ file: any AppendFile, _ watch: @escaping Watch) {
      self.file = file
      self.watch = watch
    }

    var path: String { file.path }
    var lengthBytes: Int { file.lengthBytes }

    func append(_ bytes: Span<UInt8>) throws(PosixError) {
      do throws(PosixError) {
        try watch("append", path)
      } catch {
        // A write that fails may have written a part.
        try? file.append(bytes.extracting(0..<(bytes.count / 2)))
        throw error
      }
      try file.append(bytes)
    }

    func append(_ first: Span<UInt8>, _ second: Span<UInt8>) throws(PosixError) {
      try watch("append", path)
      try file.append(first, second)
    }

    func appendZeros(_ count: Int) throws(PosixError) {
      try watch("append", path)
      try file.appendZeros(count)
    }

    func overwrite(_ bytes: Span<UInt8>, at offset: Int) throws(PosixError) {
      try watch("overwrite", path)
      try file.overwrite(bytes, at: offset)
    }

    func sync() throws(PosixError) {
      try watch("sync", path)
      try file.sync()
    }

    func close() throws(PosixError) {
      try watch("close", path)
      try file.close()
    }
  }
}
