package import ApusModel

/// Ranges of time in which the samples of a series are deleted: ascending, disjoint, not adjacent.
package struct DeletedIntervals: Sendable, Equatable {
  package private(set) var ranges: [TimeRange] = []

  package init() {}

  package init(_ ranges: [TimeRange]) {
    for range in ranges { add(range) }
  }

  package var isEmpty: Bool { ranges.isEmpty }

  /// Adds a range and joins it with those that it touches.
  package mutating func add(_ range: TimeRange) {
    guard !range.isEmpty else { return }
    var joined = range
    // Everything from `first` up to `end` overlaps the new range or lies right beside it.
    let first = ranges.firstIndex { !Self.isBefore($0, joined) } ?? ranges.count
    var end = first
    while end < ranges.count && !Self.isBefore(joined, ranges[end]) {
      joined.minMs = min(joined.minMs, ranges[end].minMs)
      joined.maxMs = max(joined.maxMs, ranges[end].maxMs)
      end += 1
    }
    ranges.replaceSubrange(first..<end, with: [joined])
  }

  package mutating func add(_ others: DeletedIntervals) {
    for range in others.ranges { add(range) }
  }

  /// Whether the sample at this time is deleted.
  package func contains(_ timeMs: Int64) -> Bool {
    let at = firstIndex(endingAtOrAfter: timeMs)
    return at < ranges.count && ranges[at].minMs <= timeMs
  }

  /// Whether all of `range` is deleted.
  package func covers(_ range: TimeRange) -> Bool {
    let at = firstIndex(endingAtOrAfter: range.minMs)
    return at < ranges.count && ranges[at].minMs <= range.minMs && range.maxMs <= ranges[at].maxMs
  }

  /// Whether any part of `range` is deleted.
  package func touches(_ range: TimeRange) -> Bool {
    let at = firstIndex(endingAtOrAfter: range.minMs)
    return at < ranges.count && ranges[at].minMs <= range.maxMs
  }

  /// Removes the deleted samples from columns, from index `start` on. `times` are ascending.
  package func remove<Value>(from times: inout [Int64], _ values: inout [Value], start: Int) {
    guard start < times.count,
      touches(TimeRange(times[start], times[times.count - 1]))
    else { return }
    var kept = start
    var at = firstIndex(endingAtOrAfter: times[start])
    for index in start..<times.count {
      let time = times[index]
      while at < ranges.count && ranges[at].maxMs < time { at += 1 }
      if at < ranges.count && ranges[at].minMs <= time { continue }
      times[kept] = time
      values[kept] = values[index]
      kept += 1
    }
    times.removeSubrange(kept...)
    values.removeSubrange(kept...)
  }

  /// Whether `a` ends before `b` begins, with at least one ms between them.
  private static func isBefore(_ a: TimeRange, _ b: TimeRange) -> Bool {
    a.maxMs < b.minMs && a.maxMs + 1 < b.minMs
  }

  private func firstIndex(endingAtOrAfter timeMs: Int64) -> Int {
    var low = 0
    var high = ranges.count
    while low < high {
      let middle = (low + high) / 2
      if ranges[middle].maxMs < timeMs { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
