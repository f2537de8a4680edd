package import ApusModel
package import ApusStorage
internal import ApusSystem
internal import ApusTelemetry
internal import Synchronization

extension TSDB: StorageAdmin {
  package func status(limit: Int) throws(StorageError) -> StorageStatus {
    head.status(limit: limit)
  }

  package func deleteSeries(
    in range: TimeRange, matching matchers: [LabelMatcher]
  ) throws(StorageError) {
    try compacting.withLock { _ throws(StorageError) in
      // The head marks what it holds in order only. Late samples become blocks, where they can be
      // marked too, and those that come later are not touched.
      try compactOutOfOrder()
      for block in blocks(in: range) { try block.delete(in: range, matching: matchers) }
      try head.delete(in: range, matching: matchers)
    }
    try syncBeforeAnswer()
  }

  package func cleanTombstones() throws(StorageError) {
    let start = clock.monotonicNs
    try compacting.withLock { _ throws(StorageError) in
      if blocks.contains(where: { !$0.tombstones.isEmpty }) {
        try noteCleared(before: blocksEndMs)
      }
      for block in blocks where !block.tombstones.isEmpty { _ = try compactor.clean(block) }
      try reloadBlocks()
    }
    metrics.tombstoneCleanup.observe(Double(clock.monotonicNs - start) / 1e9)
  }

  package func snapshot(skipHead: Bool) throws(StorageError) -> String {
    let name = SnapshotName.make(timeMs: clock.nowMs, chance: random.next())
    let target = FilePath.join(FilePath.join(directory, "snapshots"), name)
    try withFiles("create snapshot directory") { () throws(PosixError) in
      try files.makeDirectory(target)
    }
    do throws(StorageError) {
      try snapshot(to: target, skipHead: skipHead)
      // Who was told its name finds it also after a loss of power.
      try withFiles("sync snapshot") { () throws(PosixError) in
        for made in [target, FilePath.parent(of: target), directory] {
          try files.syncDirectory(made)
        }
      }
    } catch {
      // A part of a snapshot would pass for a whole one, also after a loss of power.
      try? files.remove(target)
      try? files.syncDirectory(FilePath.parent(of: target))
      throw error
    }
    return name
  }

  private func snapshot(to target: String, skipHead: Bool) throws(StorageError) {
    try compacting.withLock { _ throws(StorageError) in
      for block in blocks { try block.link(below: target) }
      guard !skipHead, let range = head.range else { return }
      _ = try compactor(below: target).write(
        HeadSeriesSource(head, in: range, part: .all), minTimeMs: range.minMs,
        maxTimeMs: min(range.maxMs, Limits.sampleTimeMsMax) + 1)
    }
  }

  package var oldestTimeMs: Int64? {
    let oldestBlock = blocks.first?.meta.minTimeMs
    guard let oldest = head.range?.minMs else { return oldestBlock }
    return min(oldest, oldestBlock ?? .max)
  }
}

/// Names of snapshots: `20060102T150405Z-0123456789abcdef`, time in UTC.
enum SnapshotName {
  static func make(timeMs: Int64, chance: UInt64) -> String {
    CivilTime(ms: timeMs).compact + "-" + chance.hexadecimal(to: 16)
  }
}
