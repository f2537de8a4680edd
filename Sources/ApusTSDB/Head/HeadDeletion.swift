internal import ApusModel
internal import ApusStorage
internal import ApusSystem
internal import Synchronization

extension Head {
  /// Marks samples of matching series as deleted. Samples that come later are not touched.
  func delete(
    in range: TimeRange, matching matchers: [LabelMatcher]
  ) throws(StorageError) {
    let lease = epochs.enter()
    defer { withExtendedLifetime(lease) {} }
    let ids = try PostingsSelection(HeadIndex(head: self)).select(matchers)
    try appendLock.withLock { _ throws(StorageError) in
      var entries: [TombstoneEntry] = []
      var found: [(ordinal: UInt32, range: TimeRange)] = []
      for ordinal in ids {
        guard let slot = columns.slot(ofOrdinal: ordinal) else { continue }
        let state = columns.states[slot]
        guard state.lastTime != .min else { continue }
        let deleted = TimeRange(
          max(range.minMs, firstTime(of: state)), min(range.maxMs, state.lastTime))
        guard !deleted.isEmpty else { continue }
        entries.append(TombstoneEntry(ref: SeriesRef(columns.ref(ordinal)), range: deleted))
        found.append((ordinal, deleted))
      }
      guard !entries.isEmpty else { return }
      try log?.logTombstones(entries)
      stateLock.withLock { _ in
        for (ordinal, range) in found { tombstones.add(range, to: ordinal) }
      }
    }
  }
}
