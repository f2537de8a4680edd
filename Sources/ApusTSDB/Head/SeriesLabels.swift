internal import ApusModel
internal import ApusSystem

/// Label sets as numbers: the names of a series are a shape, shared by all series with the same
/// names, its values are symbol ids.
///
///     label record: | shape address 4 | value id 4 | value id 4 | ... |
///     shape:        | number of names 4 | name id 4 | name id 4 | ... |
///
/// Names stand in label order. Shapes stay for as long as the head does; there are a few hundred.
final class SeriesLabels {
  private let slots: SlotArena
  private let symbols: HeadSymbols
  private var shapes: [[UInt32]: SlotAddress] = [:]
  private var last = LastLabels()

  /// The labels that came last. A new series has most of them, too, and they are not looked up.
  private struct LastLabels {
    var bytes: [UInt8] = []
    var names: [UInt32] = []
    var values: [UInt32] = []
    var shape: SlotAddress = 0
  }

  init(slots: SlotArena, symbols: HeadSymbols) {
    self.slots = slots
    self.symbols = symbols
  }

  /// Makes a record; every value counts as used once more.
  func make(_ labels: Span<UInt8>) -> SlotAddress {
    var last = last
    self.last = LastLabels()
    defer { self.last = last }
    look(labels, &last)
    let record = slots.allocate(sizeClass: Self.sizeClass(last.values.count))
    let base = SlotArena.offset(record)
    slots.arena.store(last.shape, at: base)
    for i in last.values.indices { slots.arena.store(last.values[i], at: base + 4 + i * 4) }
    return record
  }

  /// Makes `last` the numbers of a label set; every value counts as used once more.
  private func look(_ labels: Span<UInt8>, _ last: inout LastLabels) {
    var cursor = LabelsCursor()
    var before = LabelsCursor()
    var count = 0
    var hasSameNames = true
    while cursor.advance(in: labels) {
      let isKnown = before.advance(in: last.bytes.span)
      if !(isKnown && isSame(labels, cursor.name, last.bytes.span, before.name)) {
        let name = nameID(labels.extracting(cursor.name))
        Self.set(name, at: count, of: &last.names)
        hasSameNames = false
      }
      if isKnown && isSame(labels, cursor.value, last.bytes.span, before.value) {
        symbols.retain(last.values[count])
      } else {
        Self.set(symbols.retain(labels.extracting(cursor.value)), at: count, of: &last.values)
      }
      count += 1
    }
    if !hasSameNames || count != last.names.count || last.shape == 0 {
      last.names.removeLast(last.names.count - count)
      last.shape = shape(last.names)
    }
    last.values.removeLast(last.values.count - count)
    last.bytes.removeAll(keepingCapacity: true)
    last.bytes.append(copying: labels)
  }

  private static func set(_ id: UInt32, at index: Int, of ids: inout [UInt32]) {
    if index < ids.count { ids[index] = id } else { ids.append(id) }
  }

  private func isSame(
    _ a: Span<UInt8>, _ ofA: Range<Int>, _ b: Span<UInt8>, _ ofB: Range<Int>
  ) -> Bool {
    ofA.count == ofB.count
      && bytesAreEqual(a, ofA.lowerBound, b, ofB.lowerBound, count: ofA.count)
  }

  /// Frees a record; every value counts as used once less.
  func free(_ record: SlotAddress) {
    // The numbers of what came last may be used for other texts from now on.
    last = LastLabels()
    let count = self.count(record)
    for i in 0..<count { symbols.release(value(i, of: record)) }
    slots.free(record, sizeClass: Self.sizeClass(count))
  }

  @inline(__always)
  func count(_ record: SlotAddress) -> Int {
    let shape: UInt32 = slots.arena.load(at: SlotArena.offset(record))
    return Int(slots.arena.load(at: SlotArena.offset(shape), as: UInt32.self))
  }

  @inline(__always)
  func name(_ index: Int, of record: SlotAddress) -> UInt32 {
    let shape: UInt32 = slots.arena.load(at: SlotArena.offset(record))
    return slots.arena.load(at: SlotArena.offset(shape) + 4 + index * 4)
  }

  @inline(__always)
  func value(_ index: Int, of record: SlotAddress) -> UInt32 {
    slots.arena.load(at: SlotArena.offset(record) + 4 + index * 4)
  }

  /// The value of a name; nil where the series does not have it.
  func value(ofName name: UInt32, in record: SlotAddress) -> UInt32? {
    for i in 0..<count(record) where self.name(i, of: record) == name {
      return value(i, of: record)
    }
    return nil
  }

  /// Whether a record holds just these labels.
  func matches(_ record: SlotAddress, _ labels: Span<UInt8>) -> Bool {
    let count = self.count(record)
    var cursor = LabelsCursor()
    var i = 0
    while cursor.advance(in: labels) {
      guard i < count else { return false }
      let value = labels.extracting(cursor.value)
      guard isEqual(symbols.text(self.value(i, of: record)), value) else { return false }
      let name = labels.extracting(cursor.name)
      guard isEqual(symbols.text(self.name(i, of: record)), name) else { return false }
      i += 1
    }
    return i == count
  }

  /// The labels of a record in the encoding of `Labels`.
  func encoded(_ record: SlotAddress) -> [UInt8] {
    let count = self.count(record)
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count * 24)
    for i in 0..<count {
      symbols.append(name(i, of: record), to: &bytes)
      symbols.append(value(i, of: record), to: &bytes)
    }
    return bytes
  }

  func labels(_ record: SlotAddress) -> Labels { Labels(encoded: encoded(record)) }

  /// Only the labels with these names.
  func labels(_ record: SlotAddress, keeping names: [String]) -> Labels {
    var bytes: [UInt8] = []
    for i in 0..<count(record) {
      let name = name(i, of: record)
      guard isAny(of: names, symbols.text(name)) else { continue }
      symbols.append(name, to: &bytes)
      symbols.append(value(i, of: record), to: &bytes)
    }
    return Labels(encoded: bytes)
  }

  /// -1, 0 or 1 in label order, as `Labels.compare`.
  func compare(_ a: SlotAddress, _ b: SlotAddress) -> Int {
    let countA = count(a)
    let countB = count(b)
    for i in 0..<min(countA, countB) {
      let nameA = name(i, of: a)
      let nameB = name(i, of: b)
      if nameA != nameB { return compareBytes(symbols.text(nameA), symbols.text(nameB)) }
      let valueA = value(i, of: a)
      let valueB = value(i, of: b)
      if valueA != valueB { return compareBytes(symbols.text(valueA), symbols.text(valueB)) }
    }
    return countA == countB ? 0 : (countA < countB ? -1 : 1)
  }

  /// Addresses of all shapes.
  var shapeAddresses: [SlotAddress] { Array(shapes.values) }

  /// Finds shapes again whose bytes have been written back.
  func restore(shapesAt addresses: [SlotAddress]) {
    for address in addresses {
      let base = SlotArena.offset(address)
      let count = Int(slots.arena.load(at: base, as: UInt32.self))
      shapes[(0..<count).map { slots.arena.load(at: base + 4 + $0 * 4) }] = address
    }
  }

  private func nameID(_ name: Span<UInt8>) -> UInt32 {
    // A name belongs to its shapes, which stay: one use is enough.
    symbols.find(name) ?? symbols.retain(name)
  }

  private func shape(_ names: [UInt32]) -> SlotAddress {
    if let known = shapes[names] { return known }
    for name in names { _ = symbols.retain(symbols.text(name)) }
    let address = slots.allocate(sizeClass: Self.sizeClass(names.count))
    let base = SlotArena.offset(address)
    slots.arena.store(UInt32(names.count), at: base)
    for (i, name) in names.enumerated() { slots.arena.store(name, at: base + 4 + i * 4) }
    shapes[names] = address
    return address
  }

  private static func sizeClass(_ count: Int) -> UInt8 {
    SlotArena.sizeClass(for: 4 * (count + 1))
  }
}
