internal import Glibc
internal import Synchronization

/// A file system in RAM, for rule unit tests and simulations. Paths are compared as text, after
/// double slashes, `.` and slashes at the end are gone.
package final class MemoryFileSystem: FileSystem {
  private final class File: Sendable {
    let bytes = Mutex<[UInt8]>([])
  }

  private struct State {
    var files: [String: File] = [:]
    var directories: Set<String> = ["/", "."]
    var locks: Set<String> = []
    var capacityBytes = Int.max
  }

  private let state = Mutex(State())

  package init() {}

  /// Bytes that all files may hold together; one more is `no space left on device`.
  package func limit(toBytes capacityBytes: Int) {
    state.withLock { $0.capacityBytes = capacityBytes }
  }

  private static func normal(_ path: String) -> String {
    let parts = path.split(separator: "/").filter { $0 != "." }
    let joined = parts.joined(separator: "/")
    if path.utf8.first == UInt8(ascii: "/") { return "/" + joined }
    return joined.isEmpty ? "." : joined
  }

  private func file(_ call: String, _ path: String) throws(PosixError) -> File {
    let key = Self.normal(path)
    let (file, isDirectory) = state.withLock { ($0.files[key], $0.directories.contains(key)) }
    guard let file else {
      throw PosixError(call: call, path: path, code: isDirectory ? EISDIR : ENOENT)
    }
    return file
  }

  package func read(_ path: String) throws(PosixError) -> [UInt8] {
    try file("open", path).bytes.withLock { $0 }
  }

  package func map(_ path: String) throws(PosixError) -> ByteSlice { ByteSlice(try read(path)) }

  package func create(_ path: String, _ mode: AppendMode) throws(PosixError) -> any AppendFile {
    let key = Self.normal(path)
    let file = File()
    let code: Int32 = state.withLock { s in
      guard s.directories.contains(FilePath.parent(of: key)) else { return ENOENT }
      guard !s.directories.contains(key) else { return EISDIR }
      s.files[key] = file
      return 0
    }
    guard code == 0 else { throw PosixError(call: "open", path: path, code: code) }
    return Appending(file: file, path: path, system: self)
  }

  package func append(to path: String) throws(PosixError) -> any AppendFile {
    Appending(file: try file("open", path), path: path, system: self)
  }

  package func list(_ directory: String) throws(PosixError) -> [String] {
    let key = Self.normal(directory)
    let names: [String]? = state.withLock { s in
      guard s.directories.contains(key) else { return nil }
      return (Array(s.files.keys) + Array(s.directories))
        .filter { $0 != key && $0 != "/" && $0 != "." && FilePath.parent(of: $0) == key }
        .map(FilePath.lastName(of:))
    }
    guard let names else { throw PosixError(call: "open", path: directory, code: ENOENT) }
    return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }

  package func status(_ path: String) throws(PosixError) -> FileStatus? {
    let key = Self.normal(path)
    let (file, isDirectory) = state.withLock { ($0.files[key], $0.directories.contains(key)) }
    if let file {
      let size = file.bytes.withLock { $0.count }
      return FileStatus(kind: .file, sizeBytes: size, modifiedMs: 0)
    }
    return isDirectory ? FileStatus(kind: .directory, sizeBytes: 0, modifiedMs: 0) : nil
  }

  package func makeDirectory(_ path: String) throws(PosixError) {
    var key = Self.normal(path)
    let fits: Bool = state.withLock { s in
      while !s.directories.contains(key) {
        guard s.files[key] == nil else { return false }
        s.directories.insert(key)
        key = FilePath.parent(of: key)
      }
      return true
    }
    guard fits else { throw PosixError(call: "mkdir", path: path, code: ENOTDIR) }
  }

  package func remove(_ path: String) throws(PosixError) {
    let key = Self.normal(path)
    state.withLock { s in
      for name in s.files.keys where name == key || name.hasPrefix(key + "/") {
        s.files[name] = nil
      }
      s.directories = s.directories.filter { $0 != key && !$0.hasPrefix(key + "/") }
    }
  }

  package func rename(_ path: String, to target: String) throws(PosixError) {
    let from = Self.normal(path)
    let to = Self.normal(target)
    let moved: Bool = state.withLock { s in
      if let file = s.files.removeValue(forKey: from) {
        s.files[to] = file
        return true
      }
      guard s.directories.contains(from) else { return false }
      for (name, file) in s.files where name.hasPrefix(from + "/") {
        s.files[name] = nil
        s.files[to + name.dropFirst(from.count)] = file
      }
      s.directories = Set(
        s.directories.map { name in
          name == from || name.hasPrefix(from + "/") ? to + name.dropFirst(from.count) : name
        })
      return true
    }
    guard moved else { throw PosixError(call: "rename", path: path, code: ENOENT) }
  }

  package func link(_ path: String, to target: String) throws(PosixError) {
    let file = try file("link", path)
    state.withLock { $0.files[Self.normal(target)] = file }
  }

  package func truncate(_ path: String, toBytes sizeBytes: Int) throws(PosixError) {
    try file("truncate", path).bytes.withLock { bytes in
      if sizeBytes < bytes.count {
        bytes.removeSubrange(sizeBytes...)
      } else {
        bytes += [UInt8](repeating: 0, count: sizeBytes - bytes.count)
      }
    }
  }

  package func sync(_ path: String) throws(PosixError) { _ = try file("open", path) }

  package func syncDirectory(_ path: String) throws(PosixError) { _ = try list(path) }

  package func lock(_ directory: String) throws(PosixError) -> DirectoryLock {
    let path = FilePath.join(directory, "lock")
    let key = Self.normal(path)
    guard state.withLock({ $0.locks.insert(key).inserted }) else {
      throw PosixError(call: PosixError.lockCall, path: directory, code: EAGAIN)
    }
    return DirectoryLock(inMemory: path) { [self] in
      state.withLock { s in _ = s.locks.remove(key) }
    }
  }

  package func freeBytes(_ path: String) throws(PosixError) -> Int {
    let (limit, files) = state.withLock { ($0.capacityBytes, Array($0.files.values)) }
    return limit - files.reduce(0) { sum, file in sum + file.bytes.withLock { $0.count } }
  }

  package func volumeBytes(_ path: String) throws(PosixError) -> Int {
    state.withLock { $0.capacityBytes }
  }

  private final class Appending: AppendFile {
    let path: String
    private let file: File
    private let system: MemoryFileSystem

    init(file: File, path: String, system: MemoryFileSystem) {
      self.file = file
      self.path = path
      self.system = system
    }

    var lengthBytes: Int { file.bytes.withLock { $0.count } }

    func append(_ bytes: Span<UInt8>) throws(PosixError) {
      guard try system.freeBytes(path) >= bytes.count else {
        throw PosixError(call: "write", path: path, code: ENOSPC)
      }
      let copy = [UInt8](copying: bytes)
      file.bytes.withLock { $0 += copy }
    }

    func append(_ first: Span<UInt8>, _ second: Span<UInt8>) throws(PosixError) {
      guard try system.freeBytes(path) >= first.count + second.count else {
        throw PosixError(call: "write", path: path, code: ENOSPC)
      }
      try append(first)
      try append(second)
    }

    func appendZeros(_ count: Int) throws(PosixError) {
      try append([UInt8](repeating: 0, count: count).span)
    }

    func overwrite(_ bytes: Span<UInt8>, at offset: Int) throws(PosixError) {
      let copy = [UInt8](copying: bytes)
      let fits = file.bytes.withLock { bytes in
        guard offset >= 0, offset <= bytes.count - copy.count else { return false }
        bytes.replaceSubrange(offset..<offset + copy.count, with: copy)
        return true
      }
      guard fits else { throw PosixError(call: "write", path: path, code: EINVAL) }
    }

    func sync() throws(PosixError) {}

    func close() throws(PosixError) {}
  }
}
