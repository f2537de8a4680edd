internal import ApusSystem

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
