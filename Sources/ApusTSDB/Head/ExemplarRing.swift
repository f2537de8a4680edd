internal import ApusModel
internal import Synchronization

/// The last exemplars of all series, oldest overwritten first.
final class ExemplarRing: Sendable {
  struct Entry: Sendable {
    let ordinal: UInt32
    let exemplar: Exemplar
  }

  enum Rejection: Error {
    case disabled
    case tooLong
    case outOfOrder
    case duplicate
  }

  private struct State {
    var entries: [Entry] = []
    /// Where the next one goes once the ring is full.
    var next = 0
    /// The newest exemplar by series.
    var newest: [UInt32: Exemplar] = [:]
    var counts: [UInt32: Int] = [:]
  }

  let capacity: Int
  private let state = Mutex(State())

  init(capacity: Int) { self.capacity = capacity }

  var count: Int { state.withLock { $0.entries.count } }

  var seriesCount: Int { state.withLock { $0.counts.count } }

  /// Time of the oldest exemplar, ms; nil while there is none.
  var oldestTimeMs: Int64? {
    state.withLock { state in
      let isFull = state.entries.count == capacity
      return state.entries.isEmpty
        ? nil : state.entries[isFull ? state.next : 0].exemplar.timeMs
    }
  }

  /// Why an exemplar cannot be taken; nil if it can.
  func check(_ ordinal: UInt32, _ exemplar: Exemplar) -> Rejection? {
    guard capacity > 0 else { return .disabled }
    let characters = exemplar.labels.reduce(0) {
      $0 + $1.name.unicodeScalars.count + $1.value.unicodeScalars.count
    }
    guard characters <= Limits.exemplarCharactersMax else { return .tooLong }
    return state.withLock { state in
      guard let newest = state.newest[ordinal] else { return nil }
      if exemplar.repeats(newest) { return .duplicate }
      return (exemplar.timeMs ?? 0) < (newest.timeMs ?? 0) ? .outOfOrder : nil
    }
  }

  func add(_ ordinal: UInt32, _ exemplar: Exemplar) {
    guard capacity > 0 else { return }
    state.withLock { state in
      let entry = Entry(ordinal: ordinal, exemplar: exemplar)
      if state.entries.count < capacity {
        state.entries.append(entry)
      } else {
        forget(state.entries[state.next].ordinal, &state)
        state.entries[state.next] = entry
        state.next = (state.next + 1) % capacity
      }
      state.newest[ordinal] = exemplar
      state.counts[ordinal, default: 0] += 1
    }
  }

  /// Exemplars in a range, oldest first.
  func entries(in range: TimeRange) -> [Entry] {
    state.withLock { state in
      let ordered = state.entries[state.next...] + state.entries[..<state.next]
      return ordered.filter { range.contains($0.exemplar.timeMs ?? 0) }
    }
  }

  private func forget(_ ordinal: UInt32, _ state: inout State) {
    let left = (state.counts[ordinal] ?? 1) - 1
    state.counts[ordinal] = left == 0 ? nil : left
    if left == 0 { state.newest[ordinal] = nil }
  }
}
