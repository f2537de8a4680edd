/// Open addressing with linear probing: 32-bit hash and 32-bit number in each slot. What a number
/// stands for, and whether it equals what is looked for, is the owner's affair.
struct OpenTable {
  /// hash << 32 | number + 1; 0 is empty.
  private var slots = [UInt64](repeating: 0, count: 16)
  private(set) var count = 0

  init() {}

  /// A table as `slotWords` gave it; nil if it is none, or holds a number of `limit` or more.
  init?(slotWords: [UInt64], limit: UInt32) {
    guard slotWords.count >= 16, slotWords.count & (slotWords.count - 1) == 0 else { return nil }
    for slot in slotWords where slot != 0 {
      // An empty number, 0, wraps to the highest.
      guard UInt32(truncatingIfNeeded: slot) &- 1 < limit else { return nil }
      count += 1
    }
    guard count * 4 <= slotWords.count * 3 else { return nil }
    slots = slotWords
  }

  /// All slots: hash << 32 | number + 1; 0 is empty.
  var slotWords: [UInt64] { slots }

  var sizeBytes: Int { slots.count * MemoryLayout<UInt64>.stride }

  private var mask: Int { slots.count - 1 }

  /// The first number under `hash` for which `isWanted` says yes.
  @inline(__always)
  func find(_ hash: UInt32, where isWanted: (UInt32) -> Bool) -> UInt32? {
    let mask = self.mask
    var at = Int(hash) & mask
    while true {
      let slot = slots[at]
      if slot == 0 { return nil }
      if UInt32(truncatingIfNeeded: slot >> 32) == hash {
        let number = UInt32(truncatingIfNeeded: slot) &- 1
        if isWanted(number) { return number }
      }
      at = (at &+ 1) & mask
    }
  }

  /// Adds a number that is not in the table.
  mutating func insert(_ hash: UInt32, _ number: UInt32) {
    if (count + 1) * 4 > slots.count * 3 { grow() }
    place(UInt64(hash) << 32 | UInt64(number &+ 1))
    count += 1
  }

  mutating func remove(_ hash: UInt32, _ number: UInt32) {
    let wanted = UInt64(hash) << 32 | UInt64(number &+ 1)
    var hole = Int(hash) & mask
    while slots[hole] != wanted {
      guard slots[hole] != 0 else { return }
      hole = (hole + 1) & mask
    }
    count -= 1
    // Moves later entries back, so that no search ends too early at the hole.
    var at = hole
    while true {
      at = (at + 1) & mask
      let slot = slots[at]
      guard slot != 0 else { break }
      let home = Int(truncatingIfNeeded: slot >> 32) & mask
      if (at - home) & mask >= (at - hole) & mask {
        slots[hole] = slot
        hole = at
      }
    }
    slots[hole] = 0
  }

  private mutating func place(_ slot: UInt64) {
    var at = Int(truncatingIfNeeded: slot >> 32) & mask
    while slots[at] != 0 { at = (at + 1) & mask }
    slots[at] = slot
  }

  private mutating func grow() {
    let old = slots
    slots = [UInt64](repeating: 0, count: old.count * 2)
    for slot in old where slot != 0 { place(slot) }
  }
}
