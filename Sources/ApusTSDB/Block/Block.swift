package import ApusModel
package import ApusStorage
package import ApusSystem
internal import Synchronization

/// An opened block: immutable series and chunks, mapped, and what is deleted of them.
///
/// Whoever holds one may read it, also after its directory was removed: the mappings go with the
/// last reference.
package final class Block: Sendable {
  package let directory: String
  package let index: IndexReader
  let chunks: ChunkFileReader
  /// Whether meta.json tells of deletions, and the file that says which is gone: what was deleted
  /// is there again.
  let hasLostTombstones: Bool
  private let files: any FileSystem
  private let state: Mutex<State>

  private struct State {
    var meta: BlockMeta
    var tombstones: Tombstones
    var sizeBytes: Int
  }

  /// Opens the block in a directory.
  /// - Throws: `corrupt` or `system`, naming the file that is at fault.
  package init(directory: String, files: any FileSystem) throws(StorageError) {
    self.directory = directory
    self.files = files
    let meta = try BlockMeta.read(directory, files: files)
    try BlockParts.checkName(directory, meta)
    let index = try IndexReader(
      path: FilePath.join(directory, IndexFormat.fileName), files: files)
    let chunks = try ChunkFileReader(
      directory: FilePath.join(directory, ChunkFile.directoryName), files: files)
    try BlockParts.check(directory, meta, index, chunks)
    let tombstones = try TombstoneFile.read(directory, files: files)
    hasLostTombstones = tombstones.isEmpty && meta.stats.tombstoneCount > 0
    self.index = index
    self.chunks = chunks
    state = Mutex(State(meta: meta, tombstones: tombstones, sizeBytes: 0))
    measure()
  }

  package var meta: BlockMeta { state.withLock { $0.meta } }

  package var ulid: ULID { meta.ulid }

  /// Bytes on disk: chunks, index, tombstones and meta.
  package var sizeBytes: Int { state.withLock { $0.sizeBytes } }

  package var tombstones: Tombstones { state.withLock { $0.tombstones } }

  /// The range of time of its samples, both ends included.
  package var range: TimeRange {
    let meta = meta
    return TimeRange(meta.minTimeMs, meta.maxTimeMs - 1)
  }

  /// A view of the block as it is now.
  package func querier(in range: TimeRange) -> BlockQuerier {
    BlockQuerier(self, range: range)
  }

  /// Marks the samples of matching series in `range` as deleted; durable when it returns.
  package func delete(
    in range: TimeRange, matching matchers: [LabelMatcher]
  ) throws(StorageError) {
    var added = Tombstones()
    var entry = SeriesEntry()
    for id in try PostingsSelection(index).select(matchers) {
      try index.read(id, into: &entry)
      guard let first = entry.chunks.first, let last = entry.chunks.last,
        entry.chunks.contains(where: { $0.range.overlaps(range) })
      else { continue }
      // Not beyond what is there: the series may get other samples in another block.
      let from = max(range.minMs, first.minTimeMs)
      let to = min(range.maxMs, last.maxTimeMs)
      added.add(TimeRange(from, to), to: id)
    }
    guard !added.isEmpty else { return }
    var all = tombstones
    all.add(added)
    let encoded = TombstoneFile.encode(all)
    try withFiles("write tombstones") { () throws(PosixError) in
      try files.replace(FilePath.join(directory, TombstoneFile.name), encoded)
    }
    state.withLock { $0.tombstones = all }
    try rewriteMeta { $0.stats.tombstoneCount = UInt64(all.count) }
  }

  /// Notes that nothing is left of the block, so that it is deleted.
  package func markDeletable() throws(StorageError) {
    try rewriteMeta { $0.compaction.isDeletable = true }
  }

  /// Notes that its compaction failed, so that it is not tried over and over.
  package func markCompactionFailed() throws(StorageError) {
    try rewriteMeta { $0.compaction.isFailed = true }
  }

  /// Gives the files of the block a second name below `target`, for a snapshot.
  package func link(below target: String) throws(StorageError) {
    let copy = FilePath.join(target, ulid.description)
    try withFiles("snapshot block") { () throws(PosixError) in
      let chunksFrom = FilePath.join(directory, ChunkFile.directoryName)
      let chunksTo = FilePath.join(copy, ChunkFile.directoryName)
      try files.makeDirectory(chunksTo)
      for name in [BlockMeta.fileName, IndexFormat.fileName, TombstoneFile.name]
      where files.exists(FilePath.join(directory, name)) {
        try files.link(FilePath.join(directory, name), to: FilePath.join(copy, name))
      }
      for name in try files.list(chunksFrom) where ChunkFile.isName(name) {
        try files.link(FilePath.join(chunksFrom, name), to: FilePath.join(chunksTo, name))
      }
      try files.syncDirectory(chunksTo)
      try files.syncDirectory(copy)
    }
  }

  private func rewriteMeta(_ change: (inout BlockMeta) -> Void) throws(StorageError) {
    var meta = meta
    change(&meta)
    try meta.write(directory, files: files)
    state.withLock { $0.meta = meta }
    measure()
  }

  private func measure() {
    var bytes = index.sizeBytes + chunks.sizeBytes
    for name in [BlockMeta.fileName, TombstoneFile.name] {
      let found = try? files.status(FilePath.join(directory, name))
      bytes += (found ?? nil)?.sizeBytes ?? 0
    }
    state.withLock { $0.sizeBytes = bytes }
  }
}

extension ChunkMeta {
  var range: TimeRange { TimeRange(minTimeMs, maxTimeMs) }
}
