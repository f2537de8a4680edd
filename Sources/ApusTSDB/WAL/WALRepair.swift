package import ApusSystem

/// Cuts a damaged log behind its last good record, as Prometheus repairs (tsdb/wlog/wlog.go).
package enum WALRepair {
  /// Removes what stands behind the damage: the rest of its segment, and the segments after it.
  /// The next writer begins a new segment.
  /// - Throws: the corruption itself where it lies in a checkpoint: what that held is nowhere else.
  package static func repair(
    _ corruption: WALCorruption, files: any FileSystem
  ) throws(WALError) {
    guard Checkpoint.index(of: FilePath.lastName(of: corruption.directory)) == nil else {
      throw .corruption(corruption)
    }
    let directory = corruption.directory
    do throws(PosixError) {
      let names = try files.list(directory)
      // The newest first, so that an interruption leaves no gap.
      for later in names.compactMap(WALSegments.number(of:)).sorted().reversed()
      where later > corruption.segment {
        try files.remove(WALSegments.path(directory, later))
      }
      let path = WALSegments.path(directory, corruption.segment)
      try files.truncate(path, toBytes: corruption.offset)
      let pages = (corruption.offset + WALPage.bytes - 1) / WALPage.bytes
      try files.truncate(path, toBytes: pages * WALPage.bytes)
      try files.sync(path)
      try files.syncDirectory(directory)
    } catch {
      throw .io(error)
    }
  }
}
