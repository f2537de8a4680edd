internal import ApusSystem
internal import Synchronization

/// A directory that may be changed at will while its files stay as they are: what is written,
/// renamed or removed below `root` happens in another directory, the sandbox, and hides what is
/// below.
///
/// So a store can replay and repair a log that belongs to somebody else.
final class SandboxFileSystem: FileSystem {
  private let base: any FileSystem
  private let root: String
  private let sandbox: String
  /// Paths, relative to the root, under which nothing of the base is seen any more.
  private let removed = Mutex<Set<String>>([])

  /// - Parameters:
  ///   - root: the directory that is not to be changed.
  ///   - sandbox: an existing empty directory; not below `root`, or at least not named by a store.
  init(_ base: any FileSystem, root: String, sandbox: String) {
    self.base = base
    self.root = root
    self.sandbox = sandbox
  }

  func read(_ path: String) throws(PosixError) -> [UInt8] { try base.read(seen(path)) }

  func map(_ path: String) throws(PosixError) -> ByteSlice { try base.map(seen(path)) }

  func create(_ path: String, _ mode: AppendMode) throws(PosixError) -> any AppendFile {
    try base.create(try written(path), mode)
  }

  func append(to path: String) throws(PosixError) -> any AppendFile {
    guard let found = try status(path) else { return try base.append(to: upper(path)) }
    return SandboxFile(path: path, lengthBytes: found.sizeBytes) { [self] () throws(PosixError) in
      try copyUp(path)
      return try base.append(to: upper(path))
    }
  }

  func list(_ directory: String) throws(PosixError) -> [String] {
    var names = Set<String>()
    let above = upper(directory)
    let isAbove = base.exists(above)
    if isAbove { names.formUnion(try base.list(above)) }
    if !isHidden(directory), !isAbove || base.exists(directory) {
      names.formUnion(
        try base.list(directory).filter { !isHidden(FilePath.join(directory, $0)) })
    }
    return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }

  func status(_ path: String) throws(PosixError) -> FileStatus? {
    if let found = try base.status(upper(path)) { return found }
    return isHidden(path) ? nil : try base.status(path)
  }

  func makeDirectory(_ path: String) throws(PosixError) { try base.makeDirectory(upper(path)) }

  func remove(_ path: String) throws(PosixError) {
    try base.remove(upper(path))
    hide(path)
  }

  func rename(_ path: String, to target: String) throws(PosixError) {
    try copyUp(path)
    try base.rename(upper(path), to: try written(target))
    hide(path)
  }

  func link(_ path: String, to target: String) throws(PosixError) {
    // The sandbox may be on another volume.
    try base.write(try written(target), try read(path))
  }

  func truncate(_ path: String, toBytes sizeBytes: Int) throws(PosixError) {
    try copyUp(path)
    try base.truncate(upper(path), toBytes: sizeBytes)
  }

  // Nothing of a sandbox has to outlive the machine.
  func sync(_ path: String) throws(PosixError) {}
  func syncDirectory(_ path: String) throws(PosixError) {}

  func lock(_ directory: String) throws(PosixError) -> DirectoryLock {
    try base.makeDirectory(upper(directory))
    return try base.lock(upper(directory))
  }

  func freeBytes(_ path: String) throws(PosixError) -> Int { try base.freeBytes(sandbox) }

  func volumeBytes(_ path: String) throws(PosixError) -> Int { try base.volumeBytes(sandbox) }
}

extension SandboxFileSystem {
  /// Where changes to a path go.
  private func upper(_ path: String) -> String {
    let name = relative(path)
    return name.isEmpty ? sandbox : FilePath.join(sandbox, name)
  }

  private func relative(_ path: String) -> String {
    var rest = path.hasPrefix(root) ? path.dropFirst(root.count) : path[...]
    while rest.first == "/" { rest = rest.dropFirst() }
    return String(rest)
  }

  /// Where a path is read from.
  private func seen(_ path: String) throws(PosixError) -> String {
    let above = upper(path)
    // What is hidden is looked for where it is not, for the sake of the error.
    return base.exists(above) || isHidden(path) ? above : path
  }

  /// The path for a new file, with a directory to stand in. What was there is hidden.
  private func written(_ path: String) throws(PosixError) -> String {
    let above = upper(path)
    try base.makeDirectory(FilePath.parent(of: above))
    hide(path)
    return above
  }

  /// Brings a file or a directory with all that it holds into the sandbox.
  private func copyUp(_ path: String) throws(PosixError) {
    guard let found = try status(path) else { return }
    guard found.kind == .directory else {
      if base.exists(upper(path)) { return }
      return try base.write(try written(path), try base.read(path))
    }
    for name in try list(path) { try copyUp(FilePath.join(path, name)) }
    try base.makeDirectory(upper(path))
  }

  private func hide(_ path: String) {
    let name = relative(path)
    removed.withLock { _ = $0.insert(name) }
  }

  private func isHidden(_ path: String) -> Bool {
    removed.withLock { removed in
      if removed.isEmpty { return false }
      var name = relative(path)
      while !name.isEmpty {
        if removed.contains(name) { return true }
        guard let slash = name.lastIndex(of: "/") else { return false }
        name = String(name[..<slash])
      }
      return false
    }
  }
}
