internal import CIntrinsics
internal import Glibc

/// The real file system.
package struct PosixFileSystem: FileSystem {
  package init() {}

  package func read(_ path: String) throws(PosixError) -> [UInt8] {
    let file = try FileDescriptor(path: path, flags: O_RDONLY, mode: 0)
    // A file of /proc says that it is empty; so read until the end, whatever the size says.
    var capacity = max(try file.sizeBytes() + 1, 4096)
    var bytes: [UInt8] = []
    while true {
      let result: Result<[UInt8], PosixError> = unsafe withTemporaryBytes(capacity) { buffer in
        Result { () throws(PosixError) in
          let got = unsafe try file.read(into: buffer)
          return unsafe [UInt8](buffer[..<got])
        }
      }
      let piece = try result.get()
      if piece.isEmpty { return bytes }
      if bytes.isEmpty { bytes = piece } else { bytes += piece }
      if piece.count < capacity { capacity = 4096 }
    }
  }

  package func map(_ path: String) throws(PosixError) -> ByteSlice {
    try MappedRegion(path: path).slice
  }

  package func create(_ path: String, _ mode: AppendMode) throws(PosixError) -> any AppendFile {
    let descriptor = try FileDescriptor(
      path: path, flags: O_RDWR | O_CREAT | O_TRUNC, mode: 0o666)
    if case .mapped(let stepBytesMax) = mode, try FileSystemKind(of: descriptor).reservesBlocks {
      return MappedAppendFile(descriptor, path: path, stepBytesMax: stepBytesMax)
    }
    return WrittenAppendFile(descriptor, path: path, length: 0)
  }

  package func append(to path: String) throws(PosixError) -> any AppendFile {
    let descriptor = try FileDescriptor(path: path, flags: O_WRONLY, mode: 0)
    let length = try descriptor.sizeBytes()
    return WrittenAppendFile(descriptor, path: path, length: length)
  }

  package func list(_ directory: String) throws(PosixError) -> [String] {
    guard let stream = unsafe opendir(directory) else {
      throw PosixError(call: "open", path: directory)
    }
    defer { unsafe closedir(stream) }
    var names: [String] = []
    while true {
      errno = 0
      guard let entry = unsafe readdir(stream) else { break }
      let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { pointer in
        unsafe pointer.withMemoryRebound(to: CChar.self, capacity: 256) { chars in
          unsafe String(cString: chars)
        }
      }
      if name != "." && name != ".." { names.append(name) }
    }
    if errno != 0 { throw PosixError(call: "readdirent", path: directory) }
    return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }

  package func status(_ path: String) throws(PosixError) -> FileStatus? {
    var info = stat()
    do throws(PosixError) {
      _ = try PosixError.check("stat", path) { unsafe stat(path, &info) }
    } catch {
      if error.code == ENOENT || error.code == ENOTDIR { return nil }
      throw error
    }
    let kind: FileStatus.Kind =
      switch info.st_mode & S_IFMT {
      case S_IFREG: .file
      case S_IFDIR: .directory
      default: .other
      }
    return FileStatus(
      kind: kind, sizeBytes: Int(info.st_size),
      modifiedMs: Int64(info.st_mtim.tv_sec) * 1000 + Int64(info.st_mtim.tv_nsec) / 1_000_000)
  }

  package func makeDirectory(_ path: String) throws(PosixError) {
    if unsafe mkdir(path, 0o777) == 0 { return }
    let code = errno
    if code == ENOENT {
      let parent = FilePath.parent(of: path)
      if parent != path && parent != "." {
        try makeDirectory(parent)
        if unsafe mkdir(path, 0o777) == 0 || errno == EEXIST { return }
      }
      throw PosixError(call: "mkdir", path: path, code: errno)
    }
    if code == EEXIST, try status(path)?.kind == .directory { return }
    throw PosixError(call: "mkdir", path: path, code: code == EEXIST ? ENOTDIR : code)
  }

  package func remove(_ path: String) throws(PosixError) {
    if unsafe unlink(path) == 0 || errno == ENOENT { return }
    let code = errno
    guard code == EISDIR || code == EPERM else {
      throw PosixError(call: "remove", path: path, code: code)
    }
    // unlink leaves symbolic links to directories alone, so this one is a directory itself.
    for name in try list(path) { try remove(FilePath.join(path, name)) }
    do throws(PosixError) {
      _ = try PosixError.check("remove", path) { unsafe rmdir(path) }
    } catch {
      if !error.isNotFound { throw error }
    }
  }

  package func rename(_ path: String, to target: String) throws(PosixError) {
    _ = try PosixError.check("rename", path) { unsafe Glibc.rename(path, target) }
  }

  package func link(_ path: String, to target: String) throws(PosixError) {
    _ = try PosixError.check("link", target) { unsafe Glibc.link(path, target) }
  }

  package func truncate(_ path: String, toBytes sizeBytes: Int) throws(PosixError) {
    _ = try PosixError.check("truncate", path) { unsafe Glibc.truncate(path, sizeBytes) }
  }

  package func sync(_ path: String) throws(PosixError) {
    try FileDescriptor(path: path, flags: O_RDONLY, mode: 0).sync()
  }

  package func syncDirectory(_ path: String) throws(PosixError) {
    let directory = try FileDescriptor(path: path, flags: O_RDONLY | O_DIRECTORY, mode: 0)
    _ = try PosixError.check("fsync", path) { fsync(directory.number) }
  }

  package func lock(_ directory: String) throws(PosixError) -> DirectoryLock {
    try DirectoryLock(directory: directory)
  }

  package func freeBytes(_ path: String) throws(PosixError) -> Int {
    var info = statvfs()
    _ = try PosixError.check("statfs", path) { unsafe statvfs(path, &info) }
    return Int(info.f_bavail) * Int(info.f_frsize)
  }

  package func volumeBytes(_ path: String) throws(PosixError) -> Int {
    var info = statvfs()
    _ = try PosixError.check("statfs", path) { unsafe statvfs(path, &info) }
    return Int(info.f_blocks) * Int(info.f_frsize)
  }

  private func withTemporaryBytes<R>(
    _ count: Int, _ body: (UnsafeMutableRawBufferPointer) -> R
  ) -> R {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 16)
    defer { unsafe buffer.deallocate() }
    return unsafe body(buffer)
  }
}
