internal import ApusModel
internal import ApusStorage
internal import ApusSystem
internal import ApusTelemetry
internal import Synchronization

/// Dropping what blocks hold by now. Appends and reads go on between the steps.
extension Head {
  /// Series that are looked at under one hold of the locks.
  private static var seriesPerStep: Int { 8192 }
  /// Series that are taken out of the postings under one hold of the locks.
  private static var burialsPerStep: Int { 4096 }

  /// Drops chunks that end before `minTime`, and series that have nothing left.
  ///
  /// - Returns: refs of the series that are gone.
  @discardableResult
  func truncate(before minTime: Int64) -> [SeriesRef] {
    metrics.truncations.increment()
    appendLock.withLock { _ in
      stateLock.withLock { _ in clock.floor = max(clock.floor, minTime) }
    }
    var buried: [UInt32] = []
    var oldest = Int64.max
    var start = 0
    while true {
      let (count, least) = truncateStep(start, before: minTime, &buried)
      oldest = min(oldest, least)
      start += Self.seriesPerStep
      if start >= count { break }
    }
    let refs = purge(buried)
    appendLock.withLock { _ in
      stateLock.withLock { _ in
        // A series made meanwhile may hold older samples than those that were looked at.
        if clock.minTime < minTime { clock.minTime = max(minTime, min(oldest, clock.maxTime)) }
        if columns.count == 0 { (clock.minTime, clock.maxTime) = (.max, .min) }
        var left = Tombstones()
        for (ordinal, intervals) in tombstones.intervals
        where columns.slot(ofOrdinal: ordinal) != nil {
          for range in intervals.ranges where range.maxMs >= minTime {
            left.add(range, to: ordinal)
          }
        }
        tombstones = left
      }
    }
    let stamp = epochs.stamp()
    fileDrop.withLock { $0 = (minTime, stamp) }
    return refs
  }

  /// One step over the slots; returns their number and the oldest sample left in this step.
  private func truncateStep(
    _ start: Int, before minTime: Int64, _ buried: inout [UInt32]
  ) -> (count: Int, oldest: Int64) {
    appendLock.withLock { _ in
      stateLock.withLock { _ in
        let count = columns.slotCount
        var oldest = Int64.max
        for slot in start..<max(start, min(start + Self.seriesPerStep, count)) {
          let slot = UInt32(slot)
          guard columns.isLive(slot) else { continue }
          dropChunks(of: slot, before: minTime)
          let state = columns.states[slot]
          if isEmpty(state, before: minTime) {
            bury(slot)
            buried.append(slot)
          } else {
            oldest = min(oldest, firstTime(of: state))
          }
        }
        return (count, oldest)
      }
    }
  }

  func purge(_ buried: [UInt32]) -> [SeriesRef] {
    var refs: [SeriesRef] = []
    var start = 0
    while start < buried.count {
      let part = Array(buried[start..<min(start + Self.burialsPerStep, buried.count)])
      start += part.count
      appendLock.withLock { _ in
        stateLock.withLock { _ in
          let ordinals = part.map { columns.states[$0].ordinal }
          refs += ordinals.map { SeriesRef(columns.ref($0)) }
          metadata.remove(ordinals)
          for ordinal in ordinals { histograms[ordinal] = nil }
          columns.purge(part, isLast: start >= buried.count)
        }
      }
    }
    metrics.seriesRemoved.increment(by: Double(buried.count))
    return refs
  }

  func dropChunks(of slot: UInt32, before minTime: Int64) {
    let state = columns.states[slot]
    var count = 0
    while count < Int(state.listCount) {
      let entry = ChunkList.entry(count, of: state.listAddress, in: columns.slots)
      guard entry.maxTime < minTime else { break }
      if entry.isInMemory { columns.slots.free(entry.address, sizeClass: entry.sizeClass) }
      count += 1
    }
    guard count > 0 else { return }
    ChunkList.dropFirst(count, of: &columns.states[slot], in: columns.slots)
    metrics.chunksRemoved.increment(by: Double(count))
  }

  /// Whether nothing of a series is left: no full chunk, nothing as young as `minTime`, nothing
  /// late.
  private func isEmpty(_ state: SeriesState, before minTime: Int64) -> Bool {
    guard state.listCount == 0, state.lastTime < minTime else { return false }
    return !state.flags.contains(.outOfOrder) || outOfOrder[state.ordinal] == nil
  }

  func firstTime(of state: SeriesState) -> Int64 {
    if state.listCount > 0 {
      return ChunkList.entry(0, of: state.listAddress, in: columns.slots).minTime
    }
    return state.hasOpenChunk ? state.chunkStart : (histograms.openStart(of: state) ?? .max)
  }
}
