/// What a path leads to.
package struct FileStatus: Sendable, Equatable {
  package enum Kind: Sendable { case file, directory, other }

  package let kind: Kind
  package let sizeBytes: Int
  package let modifiedMs: Int64

  package init(kind: Kind, sizeBytes: Int, modifiedMs: Int64) {
    self.kind = kind
    self.sizeBytes = sizeBytes
    self.modifiedMs = modifiedMs
  }
}

/// How an `AppendFile` reaches the disk.
package enum AppendMode: Sendable, Equatable {
  /// By write(2), one call per append: the caller gathers.
  case written
  /// Through a shared mapping of blocks that are allocated ahead, `stepBytesMax` (a multiple of
  /// 4096) at a time at most, so that an append is a copy in memory and a full disk is an error,
  /// not a signal. Until the file is closed its tail is zeros. By write(2) on file systems that do
  /// not keep allocated blocks free for their file.
  case mapped(stepBytesMax: Int)
}

/// Door: the file operations that Apus is allowed to use. Paths are as the system takes them.
package protocol FileSystem: Sendable {
  /// The whole file, copied.
  func read(_ path: String) throws(PosixError) -> [UInt8]

  /// The whole file as it is now, without a copy where the file system can map it. The file must
  /// not be cut or changed in place while the slice lives; removing it is fine.
  func map(_ path: String) throws(PosixError) -> ByteSlice

  /// A new empty file, in place of the one that may be there.
  func create(_ path: String, _ mode: AppendMode) throws(PosixError) -> any AppendFile

  /// An existing file, to be continued at its end, by write(2).
  func append(to path: String) throws(PosixError) -> any AppendFile

  /// Names in a directory, sorted by bytes, without `.` and `..`.
  func list(_ directory: String) throws(PosixError) -> [String]

  /// What a path leads to; nil where there is nothing.
  func status(_ path: String) throws(PosixError) -> FileStatus?

  /// Makes a directory and those above it; fine if it is there.
  func makeDirectory(_ path: String) throws(PosixError)

  /// Removes a file, or a directory with all that it holds; fine if it is not there.
  func remove(_ path: String) throws(PosixError)

  /// Renames a file or directory; a file at `target` is replaced.
  func rename(_ path: String, to target: String) throws(PosixError)

  /// A second name for a file's bytes (hard link).
  func link(_ path: String, to target: String) throws(PosixError)

  /// Cuts a file, or extends it with zeros.
  func truncate(_ path: String, toBytes sizeBytes: Int) throws(PosixError)

  /// Makes the bytes of a file durable.
  func sync(_ path: String) throws(PosixError)

  /// Makes the names in a directory durable: after a create, rename or remove.
  func syncDirectory(_ path: String) throws(PosixError)

  /// Takes `<directory>/lock` for this process, until the lock is released or forgotten.
  func lock(_ directory: String) throws(PosixError) -> DirectoryLock

  /// Bytes that this process may still write to the volume.
  func freeBytes(_ path: String) throws(PosixError) -> Int

  /// Bytes that the volume has, free or not.
  func volumeBytes(_ path: String) throws(PosixError) -> Int
}

extension FileSystem {
  package func exists(_ path: String) -> Bool {
    (try? status(path)) != nil
  }

  package func isDirectory(_ path: String) -> Bool {
    (try? status(path))?.kind == .directory
  }

  package func readText(_ path: String) throws(PosixError) -> String {
    String(decoding: try read(path), as: UTF8.self)
  }

  /// Writes a new file in one go and makes it durable.
  package func write(_ path: String, _ bytes: Span<UInt8>) throws(PosixError) {
    let file = try create(path, .written)
    try file.append(bytes)
    try file.sync()
    try file.close()
  }

  package func write(_ path: String, _ bytes: [UInt8]) throws(PosixError) {
    try write(path, bytes.span)
  }

  /// Writes beside the target, then renames over it: readers see the old bytes or the new ones.
  package func replace(_ path: String, _ bytes: [UInt8]) throws(PosixError) {
    let beside = path + ".tmp"
    try write(beside, bytes)
    try rename(beside, to: path)
    try syncDirectory(FilePath.parent(of: path))
  }

  /// Bytes of all files under a directory; 0 where there is none.
  package func sizeBytes(under directory: String) -> Int {
    var total = 0
    for name in (try? list(directory)) ?? [] {
      let path = FilePath.join(directory, name)
      guard let found = try? status(path) else { continue }
      total += found.kind == .directory ? sizeBytes(under: path) : found.sizeBytes
    }
    return total
  }
}

/// Paths as text.
package enum FilePath {
  package static func join(_ directory: String, _ name: String) -> String {
    if directory.isEmpty { return name }
    return directory.utf8.last == UInt8(ascii: "/") ? directory + name : directory + "/" + name
  }

  /// The directory that holds a path; `.` for a bare name.
  package static func parent(of path: String) -> String {
    guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  package static func lastName(of path: String) -> String {
    guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return path }
    return String(path[path.utf8.index(after: slash)...])
  }
}
