/// Pure: which blocks to merge next. (Rules: Prometheus, tsdb/compact.go, plan.)
///
/// Blocks that overlap go first. Then, without the newest block, the smallest range of time that
/// is complete, or lies before the newest, and holds more than one block. Then a block of which
/// more than 5 % of the series have tombstones.
package struct CompactionPlan: Sendable, Equatable {
  /// Lengths of blocks, ascending, each a multiple of the one before; at least one.
  package let rangesMs: [Int64]
  package let mergesOverlapping: Bool

  package init(rangesMs: [Int64], mergesOverlapping: Bool = true) {
    precondition(!rangesMs.isEmpty, "a plan needs the length of a block")
    self.rangesMs = rangesMs
    self.mergesOverlapping = mergesOverlapping
  }

  /// 2 h, 6 h, 18 h and so on, none longer than `maxMs` but for the first.
  package static func exponentialRanges(minMs: Int64, maxMs: Int64) -> [Int64] {
    var ranges = [minMs]
    while let last = ranges.last, ranges.count < 10, last <= maxMs / 3 {
      ranges.append(last * 3)
    }
    return ranges
  }

  /// The blocks to merge into one, or the one to rewrite; empty when there is nothing to do.
  ///
  /// - Parameter isExcluded: a block that must not be touched yet; those that were made after it
  ///   are left alone too, so that no gap of blocks remains.
  package func next(
    _ blocks: [BlockMeta], isExcluded: (BlockMeta) -> Bool = { _ in false }
  ) -> [BlockMeta] {
    let open = blocks.sorted { $0.ulid < $1.ulid }.prefix { !isExcluded($0) }
    // Blocks of stale series are merged only among themselves, for the hint they carry must not
    // be lost: it keeps them from moving the time from which the log is replayed.
    let regular = next(ofOneClass: open.filter { !$0.compaction.isFromStaleSeries })
    if !regular.isEmpty { return regular }
    return next(ofOneClass: open.filter { $0.compaction.isFromStaleSeries })
  }

  private func next(ofOneClass blocks: [BlockMeta]) -> [BlockMeta] {
    let sorted = blocks.sorted { ($0.minTimeMs, $0.ulid) < ($1.minTimeMs, $1.ulid) }
    let overlapping = selectOverlapping(sorted)
    if !overlapping.isEmpty { return overlapping }
    // The newest one stays as it is for a while, so that it can be backed up undisturbed.
    let older = Array(sorted.dropLast())
    let range = selectRange(older)
    return range.isEmpty ? selectWithTombstones(older) : range
  }

  private func selectOverlapping(_ sorted: [BlockMeta]) -> [BlockMeta] {
    guard mergesOverlapping, let first = sorted.first else { return [] }
    var chosen: [BlockMeta] = []
    var endMs = first.maxTimeMs
    for (before, block) in zip(sorted, sorted.dropFirst()) {
      if block.minTimeMs < endMs {
        if chosen.isEmpty { chosen.append(before) }
        chosen.append(block)
      } else if !chosen.isEmpty {
        break
      }
      endMs = max(endMs, block.maxTimeMs)
    }
    return chosen
  }

  private func selectRange(_ sorted: [BlockMeta]) -> [BlockMeta] {
    guard let newest = sorted.last else { return [] }
    for rangeMs in rangesMs.dropFirst() {
      for part in Self.split(sorted, rangeMs) where part.count > 1 {
        if part.contains(where: \.compaction.isFailed) { continue }
        let isFull = part[part.count - 1].maxTimeMs - part[0].minTimeMs == rangeMs
        if isFull || part[part.count - 1].maxTimeMs <= newest.minTimeMs { return part }
      }
    }
    return []
  }

  /// Blocks by the aligned range of time in which they lie; those that cross a border are left
  /// out.
  static func split(_ sorted: [BlockMeta], _ rangeMs: Int64) -> [[BlockMeta]] {
    var parts: [[BlockMeta]] = []
    var index = 0
    while index < sorted.count {
      let endMs = floor(sorted[index].minTimeMs, rangeMs) + rangeMs
      var part: [BlockMeta] = []
      while index < sorted.count && sorted[index].maxTimeMs <= endMs {
        part.append(sorted[index])
        index += 1
      }
      if part.isEmpty { index += 1 } else { parts.append(part) }
    }
    return parts
  }

  /// Where the aligned range of a length begins in which a time lies.
  static func floor(_ timeMs: Int64, _ rangeMs: Int64) -> Int64 {
    let rest = timeMs % rangeMs
    return timeMs - (rest < 0 ? rest + rangeMs : rest)
  }

  private func selectWithTombstones(_ sorted: [BlockMeta]) -> [BlockMeta] {
    for block in sorted.reversed() {
      let stats = block.stats
      if block.maxTimeMs - block.minTimeMs < rangesMs[rangesMs.count / 2] {
        // Small blocks are merged soon anyway, unless nothing is left in them.
        let isAllDeleted = stats.tombstoneCount > 0 && stats.tombstoneCount >= stats.seriesCount
        return isAllDeleted ? [block] : []
      }
      if Double(stats.tombstoneCount) / (Double(stats.seriesCount) + 1) > 0.05 { return [block] }
    }
    return []
  }
}
