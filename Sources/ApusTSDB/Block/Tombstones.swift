package import ApusModel

/// What is deleted in an index, by series id.
package struct Tombstones: Sendable, Equatable {
  package private(set) var intervals: [UInt32: DeletedIntervals] = [:]

  package init() {}

  package var isEmpty: Bool { intervals.isEmpty }

  /// Number of intervals, the `numTombstones` of a block.
  package var count: Int { intervals.values.reduce(0) { $0 + $1.ranges.count } }

  package subscript(id: UInt32) -> DeletedIntervals? { intervals[id] }

  package mutating func add(_ range: TimeRange, to id: UInt32) {
    guard !range.isEmpty else { return }
    intervals[id, default: DeletedIntervals()].add(range)
  }

  package mutating func add(_ others: Tombstones) {
    for (id, other) in others.intervals {
      intervals[id, default: DeletedIntervals()].add(other)
    }
  }
}
