internal import ApusSystem
internal import Glibc
internal import Synchronization

/// How a call comes to its end, or to none.
extension FaultyFileSystem {
  static func parts(_ path: String) -> [String] {
    path.split(separator: "/").filter { $0 != "." }.map(String.init)
  }

  func node(_ path: String) -> FaultyDirectory.Node? {
    var node = FaultyDirectory.Node.directory(root)
    for part in Self.parts(path) {
      guard case .directory(let directory) = node, let next = directory.children[part] else {
        return nil
      }
      node = next
    }
    return node
  }

  func file(_ call: FaultyCall, _ path: String) throws(PosixError) -> FaultyFile {
    switch node(path) {
    case .file(let file): return file
    case .directory: throw PosixError(call: call.rawValue, path: path, code: EISDIR)
    case nil: throw PosixError(call: call.rawValue, path: path, code: ENOENT)
    }
  }

  func directory(
    _ call: FaultyCall, _ path: String
  ) throws(PosixError) -> FaultyDirectory {
    switch node(path) {
    case .directory(let directory): return directory
    case .file: throw PosixError(call: call.rawValue, path: path, code: ENOTDIR)
    case nil: throw PosixError(call: call.rawValue, path: path, code: ENOENT)
    }
  }

  /// The directory that a name stands in, and the name.
  func place(
    _ call: FaultyCall, _ path: String
  ) throws(PosixError) -> (directory: FaultyDirectory, name: String) {
    let parts = Self.parts(path)
    guard let name = parts.last else {
      throw PosixError(call: call.rawValue, path: path, code: EINVAL)
    }
    return (try directory(call, parts.dropLast().joined(separator: "/")), name)
  }

  /// Under the lock for the time of a call, which `body` does; it is told whether the process dies
  /// in it.
  func call<Result: Sendable>(
    _ call: FaultyCall, _ path: String, _ detail: Int = 0,
    _ body: (_ dies: Bool) throws(PosixError) -> Result
  ) throws(PosixError) -> Result {
    let result: Swift.Result<Result, PosixError> = lock.withLock { _ in
      Swift.Result { () throws(PosixError) in
        let dies = try begin(call, path, detail)
        guard dies else { return try body(false) }
        isDying = true
        // The last call may have been done or not.
        if call == .write || chance.oneIn(2) { _ = try body(true) }
        throw PosixError(call: call.rawValue, path: path, code: EIO)
      }
    }
    return try result.get()
  }

  private func begin(
    _ call: FaultyCall, _ path: String, _ detail: Int
  ) throws(PosixError) -> Bool {
    guard !isDying else { throw PosixError(call: call.rawValue, path: path, code: EIO) }
    note(call, path, detail)
    if call.isChange && faults.isReadOnly {
      counts.faults += 1
      throw PosixError(call: call.rawValue, path: path, code: EROFS)
    }
    if let left = faults.fullAfter {
      faults.fullAfter = left > 0 ? left - 1 : nil
      if left == 0 { faults.capacityBytes = usedBytes }
    }
    if call == .sync && faults.failsSyncs {
      counts.faults += 1
      throw PosixError(call: call.rawValue, path: path, code: EIO)
    }
    if let left = faults.failAfter {
      faults.failAfter = left > 0 ? left - 1 : nil
      if left == 0 {
        counts.faults += 1
        recent.append("  failed with \(faults.code)")
        throw PosixError(call: call.rawValue, path: path, code: faults.code)
      }
    }
    if let left = faults.dieAfter {
      faults.dieAfter = left > 0 ? left - 1 : nil
      if left == 0 {
        counts.faults += 1
        recent.append("  died")
        return true
      }
    }
    return false
  }

  private func note(_ call: FaultyCall, _ path: String, _ detail: Int) {
    counts.calls += 1
    for byte in call.rawValue.utf8 { mix(byte) }
    for byte in path.utf8 { mix(byte) }
    for shift in [0, 8, 16] { mix(UInt8(truncatingIfNeeded: detail >> shift)) }
    if recent.count >= Self.recentMax * 2 { recent.removeFirst(Self.recentMax) }
    recent.append("\(call.rawValue) \(path) \(detail)")
  }

  private func mix(_ byte: UInt8) {
    counts.digest = (counts.digest ^ UInt64(byte)) &* 0x100_0000_01B3
  }

  /// Checks that the volume has room for a file of a size.
  func grow(
    _ file: FaultyFile, to sizeBytes: Int, _ call: FaultyCall, _ path: String
  ) throws(PosixError) {
    let more = (sizeBytes + 4095) / 4096 * 4096 - file.blockBytes
    guard more <= 0 || usedBytes + more <= faults.capacityBytes else {
      counts.faults += 1
      throw PosixError(call: call.rawValue, path: path, code: ENOSPC)
    }
  }

  /// The length that a file can have at most, with what is free now.
  func room(of file: FaultyFile) -> Int {
    let (room, overflow) = (faults.capacityBytes - usedBytes)
      .addingReportingOverflow(file.blockBytes)
    return overflow ? .max : max(0, room)
  }

  /// Changes a file, and what is taken of the volume.
  func account(_ file: FaultyFile, _ body: () -> Void) {
    let before = file.blockBytes
    body()
    usedBytes += file.blockBytes - before
  }

  func release(_ node: FaultyDirectory.Node?) {
    switch node {
    case .file(let file):
      file.linkCount -= 1
      if file.linkCount == 0 { usedBytes -= file.blockBytes }
    case .directory(let directory):
      for child in directory.children.values { release(child) }
    case nil: return
    }
  }
}
