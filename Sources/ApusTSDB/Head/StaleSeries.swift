internal import ApusModel
internal import ApusStorage
internal import ApusSystem
internal import ApusTelemetry
internal import Synchronization

/// Series that have ended, on their way out of the head before their time.
extension Head {
  /// Series that are removed under one hold of the locks.
  private static var removalsPerStep: Int { 4096 }

  /// The share of series whose newest sample is a stale marker, 0...1.
  var staleShare: Double {
    let count = seriesCount
    return count == 0 ? 0 : metrics.staleSeries.value / Double(count)
  }

  /// The series that have ended, in label order. Those with late samples stay where they are.
  func selectStale() throws(StorageError) -> HeadSelection {
    let all = try select([], in: .all, isSorted: true, limit: 0, part: .inOrder)
    let stale = all.states.filter { $0.isStale && !$0.flags.contains(.outOfOrder) }
    return HeadSelection(
      head: self, lease: all.lease, states: stale, tombstones: all.tombstones,
      histograms: all.histograms)
  }

  /// Removes the series of a selection, but for those that have got samples since, and logs that
  /// they are gone.
  ///
  /// - Returns: refs of the series that are gone.
  func dropStale(_ picture: HeadSelection) throws(StorageError) -> [SeriesRef] {
    var buried: [UInt32] = []
    var start = 0
    while start < picture.states.count {
      let step = picture.states[start..<min(start + Self.removalsPerStep, picture.states.count)]
      start += Self.removalsPerStep
      try appendLock.withLock { _ throws(StorageError) in
        let slots = step.compactMap { old -> UInt32? in
          guard let slot = columns.slot(ofOrdinal: old.ordinal) else { return nil }
          let now = columns.states[slot]
          let isUnchanged = now.isStale && now.lastTime == old.lastTime
          return isUnchanged && !now.flags.contains(.outOfOrder) ? slot : nil
        }
        guard !slots.isEmpty else { return }
        try log?.logTombstones(
          slots.map {
            TombstoneEntry(ref: SeriesRef(columns.ref(columns.states[$0].ordinal)), range: .all)
          })
        stateLock.withLock { _ in
          for slot in slots { bury(slot) }
        }
        buried += slots
      }
    }
    return purge(buried)
  }

  /// Takes a series with all that it has out of the lookup tables; `purge` frees the rest. Under
  /// both locks, or while nobody else uses the head.
  func bury(_ slot: UInt32) {
    dropChunks(of: slot, before: .max)
    let state = columns.states[slot]
    if state.isStale { metrics.staleSeries.add(-1) }
    if state.hasOpenChunk { metrics.chunksRemoved.increment() }
    columns.bury(slot)
  }
}

extension HeadSelection {
  /// The aligned ranges of time into which chunks in order reach, ascending.
  func ranges(lengthMs: Int64) -> [TimeRange] {
    var starts = Set<Int64>()
    func add(_ minMs: Int64, _ maxMs: Int64) {
      var startMs = CompactionPlan.floor(minMs, lengthMs)
      while startMs <= maxMs {
        starts.insert(startMs)
        startMs += lengthMs
      }
    }
    for state in states {
      for index in 0..<Int(state.listCount) {
        let entry = ChunkList.entry(index, of: state.listAddress, in: head.columns.slots)
        add(entry.minTime, entry.maxTime)
      }
      if state.hasOpenChunk { add(state.chunkStart, state.lastTime) }
      if let open = histograms[state.ordinal], let first = open.startTime {
        add(first, state.lastTime)
      }
    }
    return starts.sorted().map { TimeRange($0, $0 + lengthMs - 1) }
  }
}
