package import ApusStorage
package import ApusSystem

/// The blocks below a data directory: which there are, opening them, removing them.
package struct DataDirectory: Sendable {
  package let path: String
  private let files: any FileSystem

  package init(path: String, files: any FileSystem) {
    self.path = path
    self.files = files
  }

  /// What could be opened, by time, and what could not and why. Nothing of the latter is touched.
  package struct Opened: Sendable {
    package var blocks: [Block] = []
    package var failures: [Failure] = []
    /// Directories with the name of a block in which no meta.json is: no blocks, as in Prometheus.
    package var withoutMeta: [ULID] = []

    /// All that is there.
    var all: Set<ULID> { Set(blocks.map(\.ulid) + failures.map(\.ulid) + withoutMeta) }
  }

  package struct Failure: Sendable {
    package let ulid: ULID
    package let error: StorageError
  }

  package func path(of ulid: ULID) -> String { FilePath.join(path, ulid.description) }

  /// Names of the directories that are blocks, ascending: a ULID with a meta.json inside.
  package func list() throws(StorageError) -> [ULID] { try survey().blocks }

  private func survey() throws(StorageError) -> (blocks: [ULID], withoutMeta: [ULID]) {
    let names = try withFiles("list blocks") { () throws(PosixError) in try files.list(path) }
    var (blocks, withoutMeta): ([ULID], [ULID]) = ([], [])
    for ulid in names.compactMap({ ULID($0) }) {
      do throws(PosixError) {
        let isThere = try files.status(FilePath.join(path(of: ulid), BlockMeta.fileName)) != nil
        if isThere { blocks.append(ulid) } else { withoutMeta.append(ulid) }
      } catch {
        // What cannot be looked at is not gone: a block that is loaded stays, another is reported.
        blocks.append(ulid)
      }
    }
    return (blocks, withoutMeta)
  }

  /// Opens all blocks; those of `known` that are still there are taken as they are.
  package func open(_ known: [Block] = []) throws(StorageError) -> Opened {
    var opened = Opened()
    let found = try survey()
    opened.withoutMeta = found.withoutMeta
    for ulid in found.blocks {
      if let block = known.first(where: { $0.ulid == ulid }) {
        opened.blocks.append(block)
        continue
      }
      do throws(StorageError) {
        opened.blocks.append(try Block(directory: path(of: ulid), files: files))
      } catch {
        opened.failures.append(Failure(ulid: ulid, error: whatToDo(error, ulid)))
      }
    }
    opened.blocks.sort {
      let (a, b) = ($0.meta, $1.meta)
      return (a.minTimeMs, a.maxTimeMs, a.ulid) < (b.minTimeMs, b.maxTimeMs, b.ulid)
    }
    return opened
  }

  /// An error of a block of which a file is missing, with what to do.
  private func whatToDo(_ error: StorageError, _ ulid: ULID) -> StorageError {
    let parts = [IndexFormat.fileName, ChunkFile.directoryName]
    guard error.reason == .system,
      parts.contains(where: { !files.exists(FilePath.join(path(of: ulid), $0)) })
    else { return error }
    return StorageError(
      .system, "\(error). Restore the block, or move its directory aside.")
  }

  /// Removes what a crash left of blocks that were being written or deleted.
  /// - Returns: the names of what was removed.
  package func removeLeftovers() throws(StorageError) -> [String] {
    try withFiles("remove leftover blocks") { () throws(PosixError) in
      var removed: [String] = []
      for name in try files.list(path) where Self.isLeftover(name) {
        try files.remove(FilePath.join(path, name))
        removed.append(name)
      }
      return removed
    }
  }

  /// Removes a block: it is gone at once, or after the next start.
  package func remove(_ ulid: ULID) throws(StorageError) {
    try withFiles("remove block") { () throws(PosixError) in
      let directory = path(of: ulid)
      guard files.exists(directory) else { return }
      let aside = directory + BlockWriter.deletionSuffix
      try files.remove(aside)
      try files.rename(directory, to: aside)
      try files.syncDirectory(path)
      try files.remove(aside)
    }
  }

  /// A ULID with a suffix of a block that is not one yet, or not any more.
  static func isLeftover(_ name: String) -> Bool {
    [BlockWriter.creationSuffix, BlockWriter.deletionSuffix, ".tmp"].contains { suffix in
      name.hasSuffix(suffix) && ULID(name.dropLast(suffix.count)) != nil
    }
  }
}
