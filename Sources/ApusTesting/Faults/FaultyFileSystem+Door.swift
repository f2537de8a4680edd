package import ApusSystem
internal import Glibc
internal import Synchronization

extension FaultyFileSystem: FileSystem {
  package func read(_ path: String) throws(PosixError) -> [UInt8] {
    try call(.read, path) { _ throws(PosixError) in try file(.read, path).content }
  }

  package func map(_ path: String) throws(PosixError) -> ByteSlice {
    try call(.map, path) { _ throws(PosixError) in ByteSlice(try file(.map, path).content) }
  }

  package func create(_ path: String, _ mode: AppendMode) throws(PosixError) -> any AppendFile {
    try call(.create, path) { _ throws(PosixError) in
      let (directory, name) = try place(.create, path)
      let file: FaultyFile
      switch directory.children[name] {
      case .file(let old):
        account(old) { old.resize(to: 0) }
        file = old
      case .directory: throw PosixError(call: "open", path: path, code: EISDIR)
      case nil:
        // An entry of a directory needs room, too.
        guard usedBytes < faults.capacityBytes else {
          counts.faults += 1
          throw PosixError(call: "open", path: path, code: ENOSPC)
        }
        file = FaultyFile()
        file.linkCount = 1
        directory.change([(name, .file(file))])
      }
      return FaultyAppendFile(self, file, path: path, mode: mode, length: 0)
    }
  }

  package func append(to path: String) throws(PosixError) -> any AppendFile {
    try call(.append, path) { _ throws(PosixError) in
      let file = try file(.append, path)
      return FaultyAppendFile(
        self, file, path: path, mode: .written, length: file.sizeBytes)
    }
  }

  package func list(_ path: String) throws(PosixError) -> [String] {
    try call(.list, path) { _ throws(PosixError) in
      try directory(.list, path).children.keys.sorted {
        $0.utf8.lexicographicallyPrecedes($1.utf8)
      }
    }
  }

  package func status(_ path: String) throws(PosixError) -> FileStatus? {
    try call(.status, path) { _ in
      switch node(path) {
      case .file(let file):
        FileStatus(kind: .file, sizeBytes: file.sizeBytes, modifiedMs: 0)
      case .directory: FileStatus(kind: .directory, sizeBytes: 0, modifiedMs: 0)
      case nil: nil
      }
    }
  }

  package func makeDirectory(_ path: String) throws(PosixError) {
    let isThere = lock.withLock { _ in
      if case .directory = node(path) { return true }
      return false
    }
    if isThere { return }
    try call(.makeDirectory, path) { _ throws(PosixError) in
      guard usedBytes < faults.capacityBytes else {
        counts.faults += 1
        throw PosixError(call: "mkdir", path: path, code: ENOSPC)
      }
      var at = root
      for part in Self.parts(path) {
        switch at.children[part] {
        case .directory(let next): at = next
        case .file: throw PosixError(call: "mkdir", path: path, code: ENOTDIR)
        case nil:
          let new = FaultyDirectory()
          at.change([(part, .directory(new))])
          at = new
        }
      }
    }
  }

  package func remove(_ path: String) throws(PosixError) {
    try call(.remove, path) { dies throws(PosixError) in
      guard let node = node(path) else { return }
      let (parent, name) = try place(.remove, path)
      if dies, case .directory(let directory) = node {
        // Death in the middle of many removals: some of the files are gone.
        for inner in directory.children.keys.sorted().prefix(chance.below(3)) {
          release(directory.children[inner])
          directory.change([(inner, nil)])
        }
        return
      }
      release(node)
      parent.change([(name, nil)])
    }
  }

  package func rename(_ path: String, to target: String) throws(PosixError) {
    try call(.rename, path) { _ throws(PosixError) in
      guard let node = node(path) else {
        throw PosixError(call: "rename", path: path, code: ENOENT)
      }
      let (from, oldName) = try place(.rename, path)
      let (to, newName) = try place(.rename, target)
      if case .directory(let there) = to.children[newName] {
        guard case .directory = node, there.children.isEmpty else {
          throw PosixError(call: "rename", path: path, code: ENOTEMPTY)
        }
      }
      release(to.children[newName])
      if from === to {
        from.change([(oldName, nil), (newName, node)])
      } else {
        from.change([(oldName, nil)])
        to.change([(newName, node)])
      }
    }
  }

  package func link(_ path: String, to target: String) throws(PosixError) {
    try call(.link, target) { _ throws(PosixError) in
      let file = try file(.link, path)
      let (to, name) = try place(.link, target)
      guard to.children[name] == nil else {
        throw PosixError(call: "link", path: target, code: EEXIST)
      }
      file.linkCount += 1
      to.change([(name, .file(file))])
    }
  }

  package func truncate(_ path: String, toBytes sizeBytes: Int) throws(PosixError) {
    try call(.truncate, path, sizeBytes) { _ throws(PosixError) in
      let file = try file(.truncate, path)
      try grow(file, to: sizeBytes, .truncate, path)
      account(file) {
        if sizeBytes > file.bytes.count { file.bytes = file.content }
        file.resize(to: sizeBytes)
      }
    }
  }

  package func sync(_ path: String) throws(PosixError) {
    try call(.sync, path) { _ throws(PosixError) in try file(.sync, path).sync() }
  }

  package func syncDirectory(_ path: String) throws(PosixError) {
    try call(.syncDirectory, path) { _ throws(PosixError) in
      try directory(.syncDirectory, path).sync()
    }
  }

  package func lock(_ directory: String) throws(PosixError) -> DirectoryLock {
    let path = FilePath.join(directory, "lock")
    return try call(.lock, path) { dies throws(PosixError) in
      // A process that dies takes its lock with it.
      guard !dies else { throw PosixError(call: "lock DB directory", path: "", code: EIO) }
      guard locks.insert(path).inserted else {
        throw PosixError(call: "lock DB directory", path: "", code: EAGAIN)
      }
      let mine = generation
      return DirectoryLock(inMemory: path) { [self] in
        lock.withLock { _ in
          if generation == mine { locks.remove(path) }
        }
      }
    }
  }

  package func volumeBytes(_ path: String) throws(PosixError) -> Int {
    try call(.freeBytes, path) { _ in faults.capacityBytes == .max ? 1 << 40 : faults.capacityBytes
    }
  }

  package func freeBytes(_ path: String) throws(PosixError) -> Int {
    try call(.freeBytes, path) { _ in
      faults.capacityBytes == .max ? 1 << 40 : max(0, faults.capacityBytes - usedBytes)
    }
  }
}
