internal import ApusStorage
internal import ApusTelemetry
internal import ApusSystem
internal import ApusModel
internal import Synchronization

/// The place of each series in label order, so that a query sorts numbers and not labels.
///
/// Brought up to date by readers, when a query meets many series that have no rank yet. A series
/// is ranked if its ordinal is below `bound`: slots are used again, ordinals are not.
final class LabelRanks: Sendable {
  /// An order of series at some moment; never changed.
  private final class Order: Sendable {
    let rankBySlot: [UInt32]
    /// Series with a smaller ordinal have a rank.
    let bound: UInt32

    init(rankBySlot: [UInt32], bound: UInt32) {
      self.rankBySlot = rankBySlot
      self.bound = bound
    }
  }

  private struct Entry {
    let slot: UInt32
    let record: SlotAddress
    let ordinal: UInt32
  }

  private let current = Mutex(Order(rankBySlot: [], bound: 0))
  /// Held while the order is made anew, so that it is made once.
  private let renewal = Mutex(())

  /// More series than this without a rank are worth a new order.
  private static let unrankedMax = 512

  /// Sorts copies of states, taken by a reader with a lease, by labels.
  func sort(_ states: inout [SeriesState], in head: Head) {
    guard states.count > 1 else { return }
    var order = current.withLock { $0 }
    let unranked = states.count { $0.ordinal >= order.bound }
    if unranked > Self.unrankedMax || unranked * 4 > states.count && states.count > 64 {
      order = renew(in: head, covering: states.map(\.ordinal).max() ?? 0)
    }
    var keys: [UInt64] = []
    var rest: [SeriesState] = []
    keys.reserveCapacity(states.count)
    for (i, state) in states.enumerated() {
      // The order may be older than a slot's latest series, and the arrays shorter.
      if state.ordinal < order.bound {
        let slot = head.columns.slot(ofOrdinal: state.ordinal)
        if let slot, Int(slot) < order.rankBySlot.count {
          keys.append(UInt64(order.rankBySlot[Int(slot)]) << 32 | UInt64(i))
          continue
        }
      }
      rest.append(state)
    }
    RankSort.sort(&keys)
    let ranked = keys.map { states[Int(UInt32(truncatingIfNeeded: $0))] }
    let labels = head.columns.labels
    rest.sort { labels.compare($0.labelsAddress, $1.labelsAddress) < 0 }
    states = rest.isEmpty ? ranked : merge(ranked, rest, labels)
  }

  private func merge(
    _ a: [SeriesState], _ b: [SeriesState], _ labels: SeriesLabels
  ) -> [SeriesState] {
    var out: [SeriesState] = []
    out.reserveCapacity(a.count + b.count)
    var from = 0
    for new in b {
      var low = from
      var high = a.count
      while low < high {
        let middle = (low + high) / 2
        let isBefore = labels.compare(a[middle].labelsAddress, new.labelsAddress) < 0
        if isBefore { low = middle + 1 } else { high = middle }
      }
      out.append(contentsOf: a[from..<low])
      out.append(new)
      from = low
    }
    out.append(contentsOf: a[from...])
    return out
  }

  /// Ranks all series there are. The caller holds a lease.
  private func renew(in head: Head, covering ordinal: UInt32) -> Order {
    renewal.withLock { _ in
      let before = current.withLock { $0 }
      if ordinal < before.bound { return before }
      let columns = head.columns
      let (list, bound) = head.stateLock.withLock { _ in
        (columns.postings.all, columns.nextOrdinal)
      }
      var entries: [Entry] = []
      var slotMax = 0
      for ordinal in list.elements(in: columns.slots) {
        guard let slot = columns.slot(ofOrdinal: ordinal) else { continue }
        entries.append(
          Entry(slot: slot, record: columns.states[slot].labelsAddress, ordinal: ordinal))
        slotMax = max(slotMax, Int(slot))
      }
      order(&entries, before, columns)
      var rankBySlot = [UInt32](repeating: 0, count: entries.isEmpty ? 0 : slotMax + 1)
      for (rank, entry) in entries.enumerated() { rankBySlot[Int(entry.slot)] = UInt32(rank) }
      let made = Order(rankBySlot: rankBySlot, bound: bound)
      current.withLock { $0 = made }
      return made
    }
  }

  /// Sorts by labels; those that have a rank already are not compared with one another.
  private func order(_ entries: inout [Entry], _ before: Order, _ columns: SeriesColumns) {
    var old: [Entry] = []
    var new: [Entry] = []
    for entry in entries {
      let isRanked = entry.ordinal < before.bound && Int(entry.slot) < before.rankBySlot.count
      if isRanked { old.append(entry) } else { new.append(entry) }
    }
    let texts = SymbolRanks(entries.map(\.record), columns)
    old.sort { before.rankBySlot[Int($0.slot)] < before.rankBySlot[Int($1.slot)] }
    new.sort { texts.isBefore($0.record, $1.record) }
    entries.removeAll(keepingCapacity: true)
    var i = 0
    for entry in new {
      while i < old.count, texts.isBefore(old[i].record, entry.record) {
        entries.append(old[i])
        i += 1
      }
      entries.append(entry)
    }
    entries.append(contentsOf: old[i...])
  }
}

/// The order of the texts that some label records use, by symbol id: sorting many series then
/// compares numbers.
private struct SymbolRanks {
  private let labels: SeriesLabels
  private var rankByID: [UInt32] = []

  init(_ records: [SlotAddress], _ columns: SeriesColumns) {
    labels = columns.labels
    var isUsed: [Bool] = []
    var ids: [UInt32] = []
    func use(_ id: UInt32) {
      if Int(id) >= isUsed.count {
        let more = max(Int(id) + 1, isUsed.count * 2, 1024) - isUsed.count
        isUsed.append(contentsOf: repeatElement(false, count: more))
      }
      guard !isUsed[Int(id)] else { return }
      isUsed[Int(id)] = true
      ids.append(id)
    }
    for record in records {
      for i in 0..<labels.count(record) {
        use(labels.name(i, of: record))
        use(labels.value(i, of: record))
      }
    }
    let symbols = columns.symbols
    ids.sort { compareBytes(symbols.text($0), symbols.text($1)) < 0 }
    rankByID = [UInt32](repeating: 0, count: isUsed.count)
    for (rank, id) in ids.enumerated() { rankByID[Int(id)] = UInt32(rank) }
  }

  func isBefore(_ a: SlotAddress, _ b: SlotAddress) -> Bool {
    let (countA, countB) = (labels.count(a), labels.count(b))
    for i in 0..<min(countA, countB) {
      let (nameA, nameB) = (labels.name(i, of: a), labels.name(i, of: b))
      if nameA != nameB { return rankByID[Int(nameA)] < rankByID[Int(nameB)] }
      let (valueA, valueB) = (labels.value(i, of: a), labels.value(i, of: b))
      if valueA != valueB { return rankByID[Int(valueA)] < rankByID[Int(valueB)] }
    }
    return countA < countB
  }
}
