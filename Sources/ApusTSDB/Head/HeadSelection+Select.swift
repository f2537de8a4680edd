internal import ApusModel
internal import ApusStorage
internal import Synchronization

/// Which of the head's samples are meant.
enum HeadPart {
  case inOrder
  /// Late samples that stand in chunks.
  case lateChunks
  case all
}

extension Head {
  /// Series that match and have samples of a part of the head in `range`.
  func select(
    _ matchers: [LabelMatcher], in range: TimeRange, isSorted: Bool, limit: Int,
    part: HeadPart = .all
  ) throws(StorageError) -> HeadSelection {
    var found = try select([matchers], in: range, part: part)
    var picture = found.removeLast()
    picture.arrange(isSorted: isSorted, limit: limit)
    return picture
  }

  /// The same for several lists of matchers, as all of it was at one moment.
  ///
  /// Postings are looked up before that moment, in no time that anybody waits for. Series that were
  /// made meanwhile are judged one by one: they have their first samples in common with others.
  func select(
    _ lists: [[LabelMatcher]], in range: TimeRange, part: HeadPart = .all
  ) throws(StorageError) -> [HeadSelection] {
    let lease = epochs.enter()
    let end = stateLock.withLock { _ in columns.nextOrdinal }
    var lookups: [[UInt32]] = []
    for matchers in lists {
      var ids = try PostingsSelection(HeadIndex(head: self)).select(matchers)
      if let last = ids.last, last >= end { ids.removeAll { $0 >= end } }
      lookups.append(ids)
    }
    let (taken, fresh) = stateLock.withLock { _ -> ([HeadSelection], HeadSelection?) in
      let pictures = lookups.map { picture(of: $0, in: range, part, lease) }
      guard columns.nextOrdinal > end else { return (pictures, nil) }
      return (pictures, picture(of: end..<columns.nextOrdinal, in: range, part, lease))
    }
    guard let fresh, !fresh.states.isEmpty else { return taken }
    var pictures = taken
    for (i, matchers) in lists.enumerated() {
      var ids = fresh.states.map(\.ordinal)
      try HeadIndex(head: self).keepMatching(&ids, matchers)
      pictures[i].add(ids, of: fresh)
    }
    return pictures
  }

  /// What series hold now. Under `stateLock`.
  private func picture(
    of ids: some Sequence<UInt32>, in range: TimeRange, _ part: HeadPart, _ lease: Epochs.Lease
  ) -> HeadSelection {
    var states: [SeriesState] = []
    states.reserveCapacity(ids.underestimatedCount)
    var late: [UInt32: OutOfOrderSeries] = [:]
    for ordinal in ids {
      guard let slot = columns.slot(ofOrdinal: ordinal) else { continue }
      let state = columns.states[slot]
      var isWanted =
        part != .lateChunks
        && hasSamples(state, openStart: histograms.openStart(of: state), in: range)
      if part != .inOrder, state.flags.contains(.outOfOrder),
        let series = outOfOrder[ordinal],
        part == .all ? series.hasSamples(in: range) : series.hasChunks(in: range)
      {
        late[ordinal] = series
        isWanted = true
      }
      if isWanted { states.append(state) }
    }
    return HeadSelection(
      head: self, lease: lease, states: states, tombstones: tombstones,
      histograms: histograms.snapshot(), late: late)
  }

  /// Whether a chunk in order of the series overlaps a range.
  /// - Parameter openStart: of the open chunk, where it is one of histograms.
  func hasSamples(
    _ state: SeriesState, openStart: @autoclosure () -> Int64?, in range: TimeRange
  ) -> Bool {
    guard state.lastTime != .min, state.lastTime >= range.minMs else { return false }
    if state.hasOpenChunk {
      if state.chunkStart <= range.maxMs { return true }
    } else if state.flags.contains(.histogram), let start = openStart() {
      if start <= range.maxMs { return true }
    }
    var index = Int(state.listCount) - 1
    while index >= 0 {
      let entry = ChunkList.entry(index, of: state.listAddress, in: columns.slots)
      if entry.maxTime < range.minMs { return false }
      if entry.minTime <= range.maxMs { return true }
      index -= 1
    }
    return false
  }

  /// The labels of a series; nil if it is gone. The caller holds a lease.
  func labels(ofOrdinal ordinal: UInt32) -> Labels? {
    columns.slot(ofOrdinal: ordinal).map { labels(of: columns.states[$0]) }
  }

  func labels(of state: SeriesState) -> Labels { columns.labels.labels(state.labelsAddress) }
}

extension HeadSelection {
  /// Leaves what has samples in a part of the range.
  mutating func narrow(to range: TimeRange) {
    states = states.filter { state in
      head.hasSamples(state, openStart: histograms[state.ordinal]?.startTime, in: range)
        || late[state.ordinal]?.hasSamples(in: range) ?? false
    }
  }

  /// In label order if that is wanted, and no more than so many series; 0 for all.
  mutating func arrange(isSorted: Bool, limit: Int) {
    if isSorted { head.ranks.sort(&states, in: head) }
    if limit > 0 && states.count > limit { states.removeSubrange(limit...) }
  }

  /// - Parameter ids: those of the other's series that are wanted.
  fileprivate mutating func add(_ ids: [UInt32], of other: HeadSelection) {
    let wanted = Set(ids)
    for state in other.states where wanted.contains(state.ordinal) {
      states.append(state)
      late[state.ordinal] = other.late[state.ordinal]
    }
  }
}
