internal import ApusSystem

/// Address of a slot in a `SlotArena`, in units of 16 bytes. Zero is no slot.
typealias SlotAddress = UInt32

/// Hands out small pieces of one arena in fixed sizes, so that the head needs no object and no
/// malloc per series.
///
/// A freed slot is kept as it is until no reader can look at it (`Epochs`), then goes to the
/// free list of its size. Changed by one thread at a time (the head's append lock); read by
/// anyone who holds a lease.
final class SlotArena {
  static let unitBytes = 16
  /// Slots of this size or more give their memory back to the system when they are freed.
  private static let largeBytes = 1 << 16

  let arena: SharedArena
  private let epochs: Epochs
  private var next: Int
  private var freeSlots: [[SlotAddress]]
  private var limbo = LimboQueue<(address: SlotAddress, sizeClass: UInt8)>()
  /// Bytes in slots that are in use.
  private(set) var usedBytes = 0

  init(capacityMax: Int, epochs: Epochs) {
    arena = SharedArena(capacityMax: capacityMax)
    self.epochs = epochs
    next = Self.unitBytes
    freeSlots = [[SlotAddress]](repeating: [], count: 128)
  }

  /// Sizes: 16, 32, 48, 64, then four steps to each doubling.
  static func bytes(ofClass sizeClass: UInt8) -> Int {
    let c = Int(sizeClass)
    return c < 4 ? (c + 1) * unitBytes : (4 + c % 4 + 1) * unitBytes << (c / 4 - 1)
  }

  /// The smallest class that holds `bytes`.
  static func sizeClass(for bytes: Int) -> UInt8 {
    let units = max(1, (bytes + unitBytes - 1) / unitBytes)
    guard units > 4 else { return UInt8(units - 1) }
    // The step is a quarter of the power of two below.
    let shift = (Int.bitWidth - 1 - (units - 1).leadingZeroBitCount) - 2
    let steps = (units + (1 << shift) - 1) >> shift
    return UInt8(4 * (shift + 1) + steps - 5)
  }

  /// A slot whose bytes are all zero.
  func allocate(sizeClass: UInt8) -> SlotAddress {
    let bytes = Self.bytes(ofClass: sizeClass)
    usedBytes += bytes
    if let address = freeSlots[Int(sizeClass)].popLast() {
      if bytes < Self.largeBytes { arena.zero(Self.range(address, bytes)) }
      return address
    }
    if bytes >= Self.largeBytes { next = (next + 4095) / 4096 * 4096 }
    let at = next
    next += bytes
    precondition(next <= arena.capacityMax, "the head's memory is full: \(next) bytes")
    return SlotAddress(at / Self.unitBytes)
  }

  func free(_ address: SlotAddress, sizeClass: UInt8) {
    guard address != 0 else { return }
    usedBytes -= Self.bytes(ofClass: sizeClass)
    if epochs.isAlone {
      recycle(address, sizeClass)
    } else {
      limbo.append((address, sizeClass), stamp: epochs.stamp())
    }
  }

  /// Puts what no reader can see any more back into use. Called now and then by the owner.
  func reclaim() {
    guard !limbo.isEmpty else { return }
    let bound = epochs.reusableBelow
    while let slot = limbo.popFirst(stampedBelow: bound) {
      recycle(slot.address, slot.sizeClass)
    }
  }

  private func recycle(_ address: SlotAddress, _ sizeClass: UInt8) {
    let bytes = Self.bytes(ofClass: sizeClass)
    if bytes >= Self.largeBytes { arena.release(Self.range(address, bytes)) }
    freeSlots[Int(sizeClass)].append(address)
  }

  /// What is in use at one moment.
  struct Moment: Sendable {
    /// Where the bytes end that were ever in use.
    var next = SlotArena.unitBytes
    var usedBytes = 0
    /// Free slots by size class; whoever still reads those of them that were freed last is not
    /// there when the moment comes back.
    var free: [[SlotAddress]] = []
  }

  func moment() -> Moment {
    var moment = Moment(next: next, usedBytes: usedBytes, free: freeSlots)
    limbo.forEach { moment.free[Int($0.sizeClass)].append($0.address) }
    return moment
  }

  /// Makes this the arena of a moment, whose bytes have been written back. Only for an arena that
  /// nothing was taken from.
  func restore(_ moment: Moment) {
    precondition(next == Self.unitBytes, "the arena is in use")
    next = moment.next
    usedBytes = moment.usedBytes
    for (sizeClass, addresses) in moment.free.prefix(freeSlots.count).enumerated() {
      freeSlots[sizeClass] = addresses
      let bytes = Self.bytes(ofClass: UInt8(sizeClass))
      guard bytes >= Self.largeBytes else { continue }
      for address in addresses { arena.release(Self.range(address, bytes)) }
    }
  }

  @inline(__always)
  static func offset(_ address: SlotAddress) -> Int { Int(address) * unitBytes }

  private static func range(_ address: SlotAddress, _ bytes: Int) -> Range<Int> {
    offset(address)..<(offset(address) + bytes)
  }
}

/// First in, first out, with the epoch in which each entry went in.
struct LimboQueue<Entry> {
  private var entries: [(stamp: UInt64, entry: Entry)] = []
  private var first = 0

  var isEmpty: Bool { first == entries.count }

  mutating func append(_ entry: Entry, stamp: UInt64) { entries.append((stamp, entry)) }

  func forEach(_ body: (Entry) -> Void) {
    for index in first..<entries.count { body(entries[index].entry) }
  }

  mutating func popFirst(stampedBelow bound: UInt64) -> Entry? {
    guard first < entries.count, entries[first].stamp < bound else { return nil }
    let entry = entries[first].entry
    first += 1
    if first == entries.count {
      entries.removeAll(keepingCapacity: entries.count < 4096)
      first = 0
    } else if first > 4096 && first * 2 > entries.count {
      entries.removeFirst(first)
      first = 0
    }
    return entry
  }
}

/// A growing array of 32-bit numbers in a slot. One number needs no slot: it stands in `address`.
/// Elements below `count` never change while a reader may look; a shorter list is a new one.
struct SlotList: BitwiseCopyable, Sendable {
  var address: SlotAddress = 0
  var count: UInt32 = 0
  /// 0xFF while the only element stands in `address`.
  var sizeClass: UInt8 = 0xFF

  static let inline: UInt8 = 0xFF

  @inline(__always)
  func element(_ index: Int, in slots: SlotArena) -> UInt32 {
    guard sizeClass != Self.inline else { return address }
    return slots.arena.load(at: SlotArena.offset(address) + index * 4)
  }

  mutating func append(_ element: UInt32, in slots: SlotArena) {
    reserve(Int(count) + 1, in: slots)
    if sizeClass == Self.inline {
      address = element
    } else {
      slots.arena.store(element, at: SlotArena.offset(address) + Int(count) * 4)
    }
    count += 1
  }

  /// Appends `element` where it belongs in an ascending list; nearly always the end.
  mutating func insertAscending(_ element: UInt32, in slots: SlotArena) {
    guard count > 0, self.element(Int(count) - 1, in: slots) > element else {
      return append(element, in: slots)
    }
    var all = elements(in: slots)
    let at = all.firstIndex { $0 >= element } ?? all.count
    guard all[at] != element else { return }
    all.insert(element, at: at)
    replace(with: all, in: slots)
  }

  /// Makes this a list of other elements, in memory of its own.
  mutating func replace(with elements: [UInt32], in slots: SlotArena) {
    release(in: slots)
    self = SlotList()
    guard elements.count > 1 else {
      if let only = elements.first { append(only, in: slots) }
      return
    }
    reserve(elements.count, in: slots)
    let base = SlotArena.offset(address)
    for (i, element) in elements.enumerated() { slots.arena.store(element, at: base + i * 4) }
    count = UInt32(elements.count)
  }

  func release(in slots: SlotArena) {
    if sizeClass != Self.inline { slots.free(address, sizeClass: sizeClass) }
  }

  func elements(in slots: SlotArena) -> [UInt32] {
    var all: [UInt32] = []
    appendElements(to: &all, in: slots)
    return all
  }

  func appendElements(to all: inout [UInt32], in slots: SlotArena) {
    let count = Int(count)
    guard sizeClass != Self.inline else {
      if count == 1 { all.append(address) }
      return
    }
    let span = slots.arena.span(at: SlotArena.offset(address), count: count, of: UInt32.self)
    all.reserveCapacity(all.count + count)
    for i in 0..<count { all.append(span[i]) }
  }

  private mutating func reserve(_ wanted: Int, in slots: SlotArena) {
    if sizeClass == Self.inline {
      guard wanted > 1 else { return }
      let only = address
      let newClass = SlotArena.sizeClass(for: wanted * 4)
      address = slots.allocate(sizeClass: newClass)
      if count == 1 { slots.arena.store(only, at: SlotArena.offset(address)) }
      sizeClass = newClass
      return
    }
    guard wanted * 4 > SlotArena.bytes(ofClass: sizeClass) else { return }
    // One class up while small, half as much again when large.
    let bytes = wanted * 4
    let newClass = SlotArena.sizeClass(for: bytes > 1024 ? bytes + bytes / 2 : bytes)
    let grown = slots.allocate(sizeClass: newClass)
    slots.arena.copy(
      from: SlotArena.offset(address), to: SlotArena.offset(grown), count: Int(count) * 4)
    slots.free(address, sizeClass: sizeClass)
    address = grown
    sizeClass = newClass
  }
}
