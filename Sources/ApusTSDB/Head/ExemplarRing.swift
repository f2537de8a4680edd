internal import ApusModel
internal import ApusStorage
internal import Synchronization

/// The last exemplars of all series, oldest overwritten first.
final class ExemplarRing: Sendable {
  struct Entry: Sendable {
    let ordinal: UInt32
    let exemplar: Exemplar
  }

  private struct State {
    var capacity: Int
    var entries: [Entry] = []
    /// Where the next one goes once the ring is full.
    var next = 0
    /// The newest exemplar by series.
    var newest: [UInt32: Exemplar] = [:]
    var counts: [UInt32: Int] = [:]

    /// In the order in which they came.
    var ordered: ArraySlice<Entry> { entries[next...] + entries[..<next] }
  }

  private let state: Mutex<State>

  init(capacity: Int) { state = Mutex(State(capacity: max(0, capacity))) }

  /// Exemplars that there is room for; 0 where they are switched off.
  var capacity: Int { state.withLock { $0.capacity } }

  var count: Int { state.withLock { $0.entries.count } }

  var seriesCount: Int { state.withLock { $0.counts.count } }

  /// Time of the oldest exemplar, ms; nil while there is none.
  var oldestTimeMs: Int64? { state.withLock { $0.ordered.first?.exemplar.timeMs } }

  /// Why an exemplar cannot be taken; nil if it can. (Rules: Prometheus, tsdb/exemplar.go,
  /// validateExemplar.)
  /// - Parameter windowMs: how far it may lie behind the newest one of its series.
  func check(_ ordinal: UInt32, _ exemplar: Exemplar, windowMs: Int64 = 0) -> ExemplarError? {
    let characters = exemplar.labels.reduce(0) {
      $0 + $1.name.unicodeScalars.count + $1.value.unicodeScalars.count
    }
    return state.withLock { state in
      guard state.capacity > 0 else { return .disabled }
      guard characters <= Limits.exemplarCharactersMax else { return .tooLong }
      guard let newest = state.newest[ordinal] else { return nil }
      return Self.compare(exemplar, toNewest: newest, windowMs)
    }
  }

  private static func compare(
    _ exemplar: Exemplar, toNewest newest: Exemplar, _ windowMs: Int64
  ) -> ExemplarError? {
    if exemplar.repeats(newest) { return .duplicate }
    let (time, last) = (exemplar.timeMs ?? 0, newest.timeMs ?? 0)
    if time < last {
      let (oldest, overflow) = last.subtractingReportingOverflow(windowMs)
      return overflow || time > oldest ? nil : .outOfOrder
    }
    // A scrape gives those of one time by value: a smaller one was given before.
    return time == last && exemplar.value < newest.value ? .outOfOrder : nil
  }

  func add(_ ordinal: UInt32, _ exemplar: Exemplar) {
    state.withLock { Self.add(Entry(ordinal: ordinal, exemplar: exemplar), to: &$0) }
  }

  private static func add(_ entry: Entry, to state: inout State) {
    guard state.capacity > 0 else { return }
    if state.entries.count < state.capacity {
      state.entries.append(entry)
    } else {
      forget(state.entries[state.next].ordinal, &state)
      state.entries[state.next] = entry
      state.next = (state.next + 1) % state.capacity
    }
    let newest = state.newest[entry.ordinal]?.timeMs ?? .min
    if newest <= entry.exemplar.timeMs ?? 0 { state.newest[entry.ordinal] = entry.exemplar }
    state.counts[entry.ordinal, default: 0] += 1
  }

  /// Makes room for more or fewer; the newest ones stay.
  func resize(to capacity: Int) {
    let capacity = max(0, capacity)
    state.withLock { state in
      guard state.capacity != capacity else { return }
      var resized = State(capacity: capacity)
      resized.entries.reserveCapacity(min(capacity, state.entries.count))
      for entry in state.ordered.suffix(capacity) { Self.add(entry, to: &resized) }
      state = resized
    }
  }

  /// Exemplars in a range, oldest first.
  func entries(in range: TimeRange) -> [Entry] {
    state.withLock { state in
      state.ordered.filter { range.contains($0.exemplar.timeMs ?? 0) }
    }
  }

  /// All of them, oldest first.
  var ordered: [Entry] { state.withLock { Array($0.ordered) } }

  private static func forget(_ ordinal: UInt32, _ state: inout State) {
    let left = (state.counts[ordinal] ?? 1) - 1
    state.counts[ordinal] = left == 0 ? nil : left
    if left == 0 { state.newest[ordinal] = nil }
  }
}
