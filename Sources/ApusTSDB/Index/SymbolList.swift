package import ApusModel
internal import ApusSystem

/// Label names and values in ascending order of their bytes, each once: what an index begins with.
/// A symbol's number is its place in the list, so numbers compare as the texts do.
package struct SymbolList: Sendable {
  private var bytes: [UInt8] = []
  /// Where each symbol ends in `bytes`.
  private var ends: [Int] = []

  package init() {}

  /// Every name and value of some series.
  package init(of series: some Sequence<Labels>) {
    var texts = Set<[UInt8]>()
    for labels in series {
      let all = labels.bytes.span
      var cursor = LabelsCursor()
      while cursor.advance(in: all) {
        texts.insert([UInt8](copying: all.extracting(cursor.name)))
        texts.insert([UInt8](copying: all.extracting(cursor.value)))
      }
    }
    for text in texts.sorted(by: { compareBytes($0.span, $1.span) < 0 }) { append(text.span) }
  }

  package var count: Int { ends.count }

  /// Bytes of all symbols together.
  package var textBytes: Int { bytes.count }

  /// Adds a symbol, which must be greater than the last.
  package mutating func append(_ text: Span<UInt8>) {
    precondition(
      ends.isEmpty || compareBytes(span(of: ends.count - 1), text) < 0, "symbols must ascend")
    for i in text.indices { bytes.append(text[i]) }
    ends.append(bytes.count)
  }

  @_lifetime(borrow self)
  package func span(of number: Int) -> Span<UInt8> {
    bytes.span.extracting((number == 0 ? 0 : ends[number - 1])..<ends[number])
  }

  package func text(_ number: Int) -> String { String(copying: span(of: number)) }
}

/// Finds the numbers of symbols by their text.
package struct SymbolNumbers: Sendable {
  private let symbols: SymbolList
  /// Open addressing: number + 1 of a symbol, 0 where free. A power of two, at most half full.
  private var slots: [UInt32]

  package init(_ symbols: SymbolList) {
    self.symbols = symbols
    var size = 16
    while size < symbols.count * 2 { size *= 2 }
    slots = [UInt32](repeating: 0, count: size)
    for number in 0..<symbols.count {
      var slot = Int(truncatingIfNeeded: XXHash64.hash(symbols.span(of: number))) & (size - 1)
      while slots[slot] != 0 { slot = (slot + 1) & (size - 1) }
      slots[slot] = UInt32(number + 1)
    }
  }

  package func number(of text: Span<UInt8>) -> UInt32? {
    let mask = slots.count - 1
    var slot = Int(truncatingIfNeeded: XXHash64.hash(text)) & mask
    while slots[slot] != 0 {
      let number = slots[slot] - 1
      if compareBytes(symbols.span(of: Int(number)), text) == 0 { return number }
      slot = (slot + 1) & mask
    }
    return nil
  }

  /// Puts the numbers of names and values in turn into `numbers`. All of them must be symbols.
  package func encode(_ labels: Labels, into numbers: inout [UInt32]) {
    numbers.removeAll(keepingCapacity: true)
    let all = labels.bytes.span
    var cursor = LabelsCursor()
    while cursor.advance(in: all) {
      guard let name = number(of: all.extracting(cursor.name)),
        let value = number(of: all.extracting(cursor.value))
      else { preconditionFailure("labels that are not among the symbols: \(labels)") }
      numbers.append(name)
      numbers.append(value)
    }
  }
}
