internal import ApusSystem

/// Address of a slot in a `SlotArena`, in units of 16 bytes. Zero is no slot.
typealias SlotAddress = UInt32

/// Hands out small pieces of one arena in fixed sizes, so that the head needs no object and no
/// malloc per series.
///
/// A freed slot is kept as it is until no reader can look at it (`Epochs`), then goes to the
/// free list of its size. Changed by one thread at a time (the head's append lock); read by
/// anyone who holds a lease. Several threads need one each: a `branch` has the same memory.
final class SlotArena {
  static let unitBytes = 16
  /// Slots of this size or more give their memory back to the system when they are freed.
  private static let largeBytes = 1 << 16

  let arena: SharedArena
  private let epochs: Epochs
  private let frontier: ArenaFrontier
  /// What was taken at the frontier and is not handed out yet.
  private var fresh: Range<Int>
  /// Ranges of zero bytes that nobody has, from an image; the next one stands at the end.
  private var spare: [Range<Int>] = []
  private var freeSlots: [[SlotAddress]]
  private var limbo = LimboQueue<(address: SlotAddress, sizeClass: UInt8)>()
  /// Bytes in slots that are in use.
  private(set) var usedBytes = 0

  init(capacityMax: Int, epochs: Epochs) {
    arena = SharedArena(capacityMax: capacityMax)
    self.epochs = epochs
    frontier = ArenaFrontier(arena)
    // Number 0 is no slot.
    fresh = Self.unitBytes..<ArenaFrontier.pageBytes
    freeSlots = [[SlotAddress]](repeating: [], count: 128)
  }

  private init(branchOf other: SlotArena) {
    (arena, epochs, frontier) = (other.arena, other.epochs, other.frontier)
    fresh = 0..<0
    freeSlots = [[SlotAddress]](repeating: [], count: 128)
  }

  /// Hands out slots of the same memory to another thread.
  func branch() -> SlotArena { SlotArena(branchOf: self) }

  /// Takes over what a branch has; it is not used any more.
  func merge(_ branch: SlotArena) {
    branch.shelve(&branch.freeSlots)
    for (sizeClass, addresses) in branch.freeSlots.enumerated() {
      freeSlots[sizeClass] += addresses
    }
    branch.limbo.forEach { limbo.append($0, stamp: epochs.stamp()) }
    usedBytes += branch.usedBytes
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
    if bytes >= Self.largeBytes {
      return SlotAddress(frontier.take(bytes).lowerBound / Self.unitBytes)
    }
    while fresh.count < bytes {
      shelve(&freeSlots)
      fresh = takeSpare(atLeast: bytes) ?? frontier.takePiece(atLeast: bytes)
    }
    let at = fresh.lowerBound
    fresh = (at + bytes)..<fresh.upperBound
    return SlotAddress(at / Self.unitBytes)
  }

  /// Cuts what is fresh into free slots.
  private func shelve(_ free: inout [[SlotAddress]]) {
    Self.cut(fresh, into: &free)
    fresh = 0..<0
  }

  private static func cut(_ range: Range<Int>, into free: inout [[SlotAddress]]) {
    var at = range.lowerBound
    while range.upperBound - at >= unitBytes {
      var sizeClass = sizeClass(for: min(range.upperBound - at, largeBytes / 2))
      if bytes(ofClass: sizeClass) > range.upperBound - at { sizeClass -= 1 }
      free[Int(sizeClass)].append(SlotAddress(at / unitBytes))
      at += bytes(ofClass: sizeClass)
    }
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

  private static let sparePieceBytes = 1 << 20

  /// A piece of what is spare, which may be smaller.
  private func takeSpare(atLeast bytes: Int) -> Range<Int>? {
    guard let range = spare.popLast() else { return nil }
    let end = min(range.upperBound, range.lowerBound + max(bytes, Self.sparePieceBytes))
    if end < range.upperBound { spare.append(end..<range.upperBound) }
    return range.lowerBound..<end
  }

  /// What is in use at one moment.
  struct Moment: Sendable {
    /// Where the bytes end that were ever in use.
    var next = SlotArena.unitBytes
    var usedBytes = 0
    /// Free slots by size class; whoever still reads those of them that were freed last is not
    /// there when the moment comes back.
    fileprivate var slots: [[SlotAddress]] = []
    fileprivate var ranges: [Range<Int>] = []
    /// Whether somebody may still read some of what is free.
    var isFreeRead = false

    /// What is free, put together.
    var free: FreeRanges {
      FreeRanges(until: SlotAddress(next / SlotArena.unitBytes)) { map in
        for range in ranges {
          map.mark(SlotAddress(range.lowerBound / unitBytes), count: range.count / unitBytes)
        }
        for (sizeClass, addresses) in slots.enumerated() where !addresses.isEmpty {
          let units = SlotArena.bytes(ofClass: UInt8(sizeClass)) / unitBytes
          for address in addresses { map.mark(address, count: units) }
        }
      }
    }
  }

  func moment() -> Moment {
    var moment = Moment(next: frontier.end, usedBytes: usedBytes, slots: freeSlots, ranges: spare)
    if fresh.upperBound == moment.next {
      moment.next = fresh.lowerBound
    } else {
      moment.ranges.append(fresh)
    }
    moment.isFreeRead = !limbo.isEmpty
    limbo.forEach { moment.slots[Int($0.sizeClass)].append($0.address) }
    return moment
  }

  /// Makes this the arena of a moment, whose bytes have been written back but for whole pages that
  /// are free. Only for an arena that nothing was taken from.
  func restore(end: Int, usedBytes: Int, _ free: FreeRanges) {
    frontier.restore(end: end)
    self.usedBytes = usedBytes
    fresh = 0..<0
    for range in free.ranges.reversed() {
      let bytes =
        Int(range.lowerBound) * Self.unitBytes..<Int(range.upperBound) * Self.unitBytes
      // What was there when it was freed stands around the pages.
      let pages = FreeRanges.pages(range)
      if pages.isEmpty {
        arena.zero(bytes)
      } else {
        arena.zero(bytes.lowerBound..<pages.lowerBound)
        arena.zero(pages.upperBound..<bytes.upperBound)
        // A small gap was written with what is around it.
        if !FreeRanges.isGap(pages) { arena.zero(pages) }
      }
      if bytes.count < Self.spareBytesMin {
        Self.cut(bytes, into: &freeSlots)
      } else {
        spare.append(bytes)
      }
    }
  }

  /// Less becomes slots of the size that it has.
  private static let spareBytesMin = 512

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
