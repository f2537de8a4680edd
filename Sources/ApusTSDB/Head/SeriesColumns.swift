internal import ApusModel
internal import ApusSystem

/// The series of the head: a slot for each, found by ref or by labels.
///
/// A series has an ordinal, which grows with every new series and is never used again, and a
/// slot, which is. Postings hold ordinals, columns are indexed by slot. A slot is used again only
/// when no reader can still look at it.
///
/// Changed by the holder of the head's append lock; `states` and `slots` may be read, for series
/// that were found under the state lock, by anyone with a lease.
final class SeriesColumns {
  let slots: SlotArena
  let symbols: HeadSymbols
  let labels: SeriesLabels
  let postings: MemPostings
  let states = SharedColumn<SeriesState>(capacityMax: Limits.headSeriesMax)
  /// Slot + 1 by ordinal; 0 is no series.
  private let slotByOrdinal = SharedColumn<UInt32>(capacityMax: Limits.headOrdinalsMax)
  private let epochs: Epochs
  private var table = OpenTable()
  private var freeSlots: [UInt32] = []
  private var limbo = LimboQueue<UInt32>()
  /// Slots that were ever in use.
  private(set) var slotCount = 0
  /// Ref of the series with ordinal 0.
  private(set) var baseRef: UInt64 = 1
  /// The ordinal of the next series.
  private(set) var nextOrdinal: UInt32 = 0

  init(epochs: Epochs) {
    self.epochs = epochs
    slots = SlotArena(capacityMax: Limits.headArenaBytesMax, epochs: epochs)
    symbols = HeadSymbols(slots: slots, epochs: epochs)
    labels = SeriesLabels(slots: slots, symbols: symbols)
    postings = MemPostings(slots: slots, symbols: symbols, epochs: epochs)
  }

  var tableBytes: Int { table.sizeBytes }

  /// Number of live series.
  var count: Int { table.count }

  /// Sets where refs begin; only while there is no series.
  func setBaseRef(_ ref: UInt64) {
    precondition(nextOrdinal == 0, "refs have been given out already")
    // From anywhere on all ordinals must make refs.
    baseRef = min(max(ref, 1), .max - UInt64(UInt32.max))
  }

  func ref(_ ordinal: UInt32) -> UInt64 { baseRef + UInt64(ordinal) }

  /// The slot of a ref; nil where there is no such series.
  @inline(__always)
  func slot(ofRef ref: UInt64) -> UInt32? {
    let ordinal = ref &- baseRef
    guard ordinal < UInt64(nextOrdinal) else { return nil }
    return slot(ofOrdinal: UInt32(truncatingIfNeeded: ordinal))
  }

  @inline(__always)
  func slot(ofOrdinal ordinal: UInt32) -> UInt32? {
    let entry = slotByOrdinal[ordinal]
    return entry == 0 ? nil : entry &- 1
  }

  /// The slot of a label set; nil where there is no such series.
  func find(_ labels: Span<UInt8>) -> UInt32? { find(labels, hash: Self.hash(labels)) }

  /// - Parameter hash: `SeriesColumns.hash` of the labels.
  func find(_ labels: Span<UInt8>, hash: UInt32) -> UInt32? {
    table.find(hash) { slot in
      self.labels.matches(states[slot].labelsAddress, labels)
    }
  }

  /// The ref that the next new series gets.
  var nextRef: UInt64 { ref(nextOrdinal) }

  /// Makes sure that a ref is never given to a new series.
  func reserve(ref: UInt64) {
    // As long as nobody has a ref, the first one can begin behind this one.
    if nextOrdinal == 0, ref > 0, ref < 1 << 62 { setBaseRef(ref) }
    guard canHold(ref: ref) else { return }
    nextOrdinal = max(nextOrdinal, UInt32(ref - baseRef) + 1)
  }

  /// Whether a ref can still be given to a series: inside of what ordinals reach.
  func canHold(ref: UInt64) -> Bool {
    ref >= baseRef && ref - baseRef < UInt64(Limits.headOrdinalsMax)
  }

  /// Adds a series that is not there yet.
  /// - Parameter ref: a ref that no series has; `canHold` it.
  @discardableResult
  func add(_ labels: Span<UInt8>, ref: UInt64) -> UInt32 {
    add(labels, hash: Self.hash(labels), ref: ref)
  }

  /// - Parameter hash: `SeriesColumns.hash` of the labels.
  @discardableResult
  func add(_ labels: Span<UInt8>, hash: UInt32, ref: UInt64) -> UInt32 {
    precondition(canHold(ref: ref), "ref \(ref) is out of reach of base \(baseRef)")
    let ordinal = UInt32(ref - baseRef)
    precondition(slotByOrdinal[ordinal] == 0, "ref \(ref) is taken")
    let slot = freeSlots.popLast() ?? makeSlot()
    let record = self.labels.make(labels)
    var state = SeriesState()
    state.labelsAddress = record
    state.ordinal = ordinal
    states[slot] = state
    slotByOrdinal[ordinal] = slot + 1
    nextOrdinal = max(nextOrdinal, ordinal + 1)
    table.insert(hash, slot)
    for i in 0..<self.labels.count(record) {
      postings.add(
        i, name: self.labels.name(i, of: record), value: self.labels.value(i, of: record),
        ordinal: ordinal)
    }
    postings.addToAll(ordinal)
    return slot
  }

  /// Takes series out of the lookup tables: from now on nobody finds them. Their postings go
  /// with `purge`.
  func bury(_ slot: UInt32) {
    states[slot].flags.insert(.dead)
    let state = states[slot]
    let bytes = labels.encoded(state.labelsAddress)
    table.remove(Self.hash(bytes.span), slot)
    slotByOrdinal[state.ordinal] = 0
  }

  /// Whether a slot holds a series that can be found.
  func isLive(_ slot: UInt32) -> Bool {
    let ordinal = states[slot].ordinal
    return ordinal < nextOrdinal && slotByOrdinal[ordinal] == slot + 1
  }

  /// Frees everything of buried series. Their postings are clean when it returns, but for the
  /// list of all series, which is cleaned with the last of several parts.
  func purge(_ buried: [UInt32], isLast: Bool) {
    guard !buried.isEmpty else { return }
    var touched = Set<UInt64>()
    for slot in buried {
      let record = states[slot].labelsAddress
      for i in 0..<labels.count(record) {
        touched.insert(
          UInt64(labels.name(i, of: record)) << 32 | UInt64(labels.value(i, of: record)))
      }
    }
    postings.remove(touched: touched) { slotByOrdinal[$0] == 0 }
    if isLast { postings.removeFromAll { slotByOrdinal[$0] == 0 } }
    for slot in buried {
      let state = states[slot]
      labels.free(state.labelsAddress)
      if state.chunkAddress != 0 { slots.free(state.chunkAddress, sizeClass: state.chunkClass) }
      limbo.append(slot, stamp: epochs.stamp())
    }
  }

  /// Puts what no reader can see any more back into use.
  func reclaim() {
    slots.reclaim()
    symbols.reclaim()
    postings.reclaim()
    guard !limbo.isEmpty else { return }
    let bound = epochs.reusableBelow
    while let slot = limbo.popFirst(stampedBelow: bound) { freeSlots.append(slot) }
  }

  /// All series at one moment, without the bytes of the arena.
  struct Moment: Sendable {
    var states: ColumnCopy<SeriesState>
    var table = OpenTable()
    var baseRef: UInt64 = 1
    var nextOrdinal: UInt32 = 0
    var slots = SlotArena.Moment()
    var shapes: [SlotAddress] = []
    var symbols: HeadSymbols.Moment
    var postings: MemPostings.Moment
  }

  /// A moment with room for what is there now, and somewhat more.
  /// - Parameter isQuiet: nothing changes any more, so that nothing needs to be copied.
  func roomForMoment(isQuiet: Bool) -> Moment {
    guard !isQuiet else {
      return Moment(
        states: ColumnCopy(sharing: states), symbols: symbols.sharedMoment,
        postings: postings.sharedMoment)
    }
    return Moment(
      states: ColumnCopy(roomFor: slotCount),
      symbols: HeadSymbols.Moment(entries: ColumnCopy(roomFor: symbols.idCount)),
      postings: MemPostings.Moment(pairs: ColumnCopy(roomFor: postings.pairIDCount)))
  }

  /// False if the moment has too little room. Under both locks.
  func copy(to moment: inout Moment) -> Bool {
    guard moment.states.take(states, count: slotCount), symbols.copy(to: &moment.symbols),
      postings.copy(to: &moment.postings)
    else { return false }
    moment.table = table
    moment.baseRef = baseRef
    moment.nextOrdinal = nextOrdinal
    moment.slots = slots.moment()
    moment.shapes = labels.shapeAddresses
    return true
  }

  /// Takes the place of what a moment held; the other parts have been restored already.
  /// - Parameter stateBytes: bytes of `SeriesState`.
  func restore(
    _ stateBytes: Span<UInt8>, _ table: OpenTable, baseRef: UInt64, nextOrdinal: UInt32
  ) {
    precondition(slotCount == 0, "there are series already")
    states.write(stateBytes)
    slotCount = stateBytes.count / MemoryLayout<SeriesState>.stride
    self.table = table
    self.baseRef = baseRef
    self.nextOrdinal = nextOrdinal
    for slot in 0..<slotCount {
      if states[slot].isDead {
        freeSlots.append(UInt32(slot))
      } else {
        slotByOrdinal[states[slot].ordinal] = UInt32(slot) + 1
      }
    }
  }

  private func makeSlot() -> UInt32 {
    precondition(slotCount < Limits.headSeriesMax, "more than \(slotCount) series in the head")
    slotCount += 1
    return UInt32(slotCount - 1)
  }

  static func hash(_ labels: Span<UInt8>) -> UInt32 {
    UInt32(truncatingIfNeeded: XXHash64.hash(labels) >> 32)
  }
}
