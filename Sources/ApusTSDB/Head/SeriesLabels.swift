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

  init(slots: SlotArena, symbols: HeadSymbols) {
    self.slots = slots
    self.symbols = symbols
  }

  /// Makes a record; every value counts as used once more.
  func make(_ labels: Span<UInt8>) -> SlotAddress {
    var names: [UInt32] = []
    var values: [UInt32] = []
    var cursor = LabelsCursor()
    while cursor.advance(in: labels) {
      names.append(nameID(labels.extracting(cursor.name)))
      values.append(symbols.retain(labels.extracting(cursor.value)))
    }
    let record = slots.allocate(sizeClass: Self.sizeClass(values.count))
    let base = SlotArena.offset(record)
    slots.arena.store(shape(names), at: base)
    for (i, value) in values.enumerated() { slots.arena.store(value, at: base + 4 + i * 4) }
    return record
  }

  /// Frees a record; every value counts as used once less.
  func free(_ record: SlotAddress) {
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

  private func isEqual(_ a: Span<UInt8>, _ b: Span<UInt8>) -> Bool {
    a.count == b.count && compareBytes(a, b) == 0
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
