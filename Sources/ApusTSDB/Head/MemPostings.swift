internal import ApusSystem

/// Label pair -> ascending ordinals of the series that have it, growing.
///
/// Lists only grow at their end, or are replaced by new ones: a reader that has copied a
/// `SlotList` under the head's lock can walk it without.
final class MemPostings {
  struct Pair: BitwiseCopyable, Sendable {
    var name: UInt32
    var value: UInt32
    var list: SlotList
  }

  /// What is known of one label name.
  private struct Name {
    /// Its pairs, in the order in which they appeared.
    var pairs = SlotList()
  }

  let slots: SlotArena
  private let symbols: HeadSymbols
  private let epochs: Epochs
  private let pairs = SharedColumn<Pair>(capacityMax: Limits.headSymbolsMax)
  private var table = OpenTable()
  private var names: [UInt32: Name] = [:]
  private var nextPair: UInt32 = 0
  private var freePairs: [UInt32] = []
  private var limbo = LimboQueue<UInt32>()
  /// Counts removals: what was derived from lists of an older one is out of date.
  private(set) var generation: UInt64 = 0
  /// All series.
  private(set) var all = SlotList()
  /// The pairs of the series that came last, label by label: the next one has most of them, too.
  private var last: [(name: UInt32, value: UInt32, pair: UInt32)] = []

  init(slots: SlotArena, symbols: HeadSymbols, epochs: Epochs) {
    self.slots = slots
    self.symbols = symbols
    self.epochs = epochs
  }

  var pairCount: Int { table.count }

  /// Enters a series under one of its labels, which stands at `index` among them.
  func add(_ index: Int, name: UInt32, value: UInt32, ordinal: UInt32) {
    if index < last.count, last[index].name == name, last[index].value == value {
      pairs[last[index].pair].list.insertAscending(ordinal, in: slots)
      return
    }
    let pair = pair(name, value)
    pairs[pair].list.insertAscending(ordinal, in: slots)
    if index < last.count {
      last[index] = (name, value, pair)
    } else if index == last.count {
      last.append((name, value, pair))
    }
  }

  /// The number of a pair; made where missing.
  private func pair(_ name: UInt32, _ value: UInt32) -> UInt32 {
    let hash = Self.hash(name, value)
    if let pair = find(name, value, hash) { return pair }
    let pair = freePairs.popLast() ?? makePair()
    pairs[pair] = Pair(name: name, value: value, list: SlotList())
    table.insert(hash, pair)
    names[name, default: Name()].pairs.append(pair, in: slots)
    return pair
  }

  func addToAll(_ ordinal: UInt32) { all.insertAscending(ordinal, in: slots) }

  /// The list of a pair; nil where no series has it.
  func list(name: UInt32, value: UInt32) -> SlotList? {
    find(name, value, Self.hash(name, value)).map { pairs[$0].list }
  }

  /// The pairs of a name; nil where no series has it.
  func pairs(ofName name: UInt32) -> SlotList? { names[name]?.pairs }

  func pair(_ id: UInt32) -> Pair { pairs[id] }

  var nameIDs: [UInt32] { Array(names.keys) }

  /// Takes series out. `isDead` is asked for the ordinals of the lists of `touched` pairs only.
  func remove(touched: Set<UInt64>, isDead: (UInt32) -> Bool) {
    var shrunkNames = Set<UInt32>()
    generation += 1
    last.removeAll()
    // In order, so that the same life of a head leaves the same memory.
    for key in touched.sorted() {
      let name = UInt32(truncatingIfNeeded: key >> 32)
      let value = UInt32(truncatingIfNeeded: key)
      let hash = Self.hash(name, value)
      guard let pair = find(name, value, hash) else { continue }
      let left = pairs[pair].list.elements(in: slots).filter { !isDead($0) }
      pairs[pair].list.replace(with: left, in: slots)
      guard left.isEmpty else { continue }
      table.remove(hash, pair)
      limbo.append(pair, stamp: epochs.stamp())
      shrunkNames.insert(name)
    }
    for name in shrunkNames.sorted() { dropEmptyPairs(of: name) }
  }

  func removeFromAll(isDead: (UInt32) -> Bool) {
    all.replace(with: all.elements(in: slots).filter { !isDead($0) }, in: slots)
  }

  func reclaim() {
    guard !limbo.isEmpty else { return }
    let bound = epochs.reusableBelow
    while let pair = limbo.popFirst(stampedBelow: bound) { freePairs.append(pair) }
  }

  /// All lists at one moment, without their elements.
  struct Moment: Sendable {
    var pairs: ColumnCopy<Pair>
    var table = OpenTable()
    var names: [UInt32: SlotList] = [:]
    var freePairs: [UInt32] = []
    var all = SlotList()
  }

  /// A moment that takes the pairs as they stand.
  var sharedMoment: Moment { Moment(pairs: ColumnCopy(sharing: pairs)) }

  /// Bytes of pairs and table.
  var pairBytes: Int { pairIDCount * MemoryLayout<Pair>.stride + table.sizeBytes }

  /// Ordinals in lists that have memory of their own.
  var elementCount: Int {
    (0..<pairIDCount).reduce(Int(all.count)) { sum, id in
      let list = pairs[id].list
      return list.sizeClass == SlotList.inline ? sum : sum + Int(list.count)
    }
  }

  /// Number of pairs ever in use.
  var pairIDCount: Int { Int(nextPair) }

  /// False, with nothing done, if the copy has too little room.
  func copy(to moment: inout Moment) -> Bool {
    guard moment.pairs.take(pairs, count: pairIDCount) else { return false }
    moment.table = table
    moment.names = names.mapValues(\.pairs)
    moment.all = all
    moment.freePairs = freePairs
    limbo.forEach { moment.freePairs.append($0) }
    return true
  }

  /// Takes the place of what a moment held; `pairBytes` are bytes of `Pair`.
  func restore(
    _ pairBytes: Span<UInt8>, _ table: OpenTable, names: [UInt32: SlotList],
    freePairs: [UInt32], all: SlotList
  ) {
    precondition(nextPair == 0, "there are postings already")
    pairs.write(pairBytes)
    nextPair = UInt32(pairBytes.count / MemoryLayout<Pair>.stride)
    self.table = table
    self.names = names.mapValues { Name(pairs: $0) }
    self.freePairs = freePairs
    self.all = all
  }

  private func dropEmptyPairs(of name: UInt32) {
    guard var known = names[name] else { return }
    let left = known.pairs.elements(in: slots).filter { pairs[$0].list.count > 0 }
    known.pairs.replace(with: left, in: slots)
    names[name] = left.isEmpty ? nil : known
  }

  private func find(_ name: UInt32, _ value: UInt32, _ hash: UInt32) -> UInt32? {
    table.find(hash) { pairs[$0].name == name && pairs[$0].value == value }
  }

  private func makePair() -> UInt32 {
    precondition(Int(nextPair) < Limits.headSymbolsMax, "too many label pairs in the head")
    nextPair += 1
    return nextPair - 1
  }

  private static func hash(_ name: UInt32, _ value: UInt32) -> UInt32 {
    let mixed = (UInt64(name) << 32 | UInt64(value)) &* 0x9E37_79B9_7F4A_7C15
    return UInt32(truncatingIfNeeded: mixed >> 32)
  }
}
