internal import ApusSystem

/// One label of a series.
package struct Label: Sendable, Hashable {
  package let name: String
  package let value: String

  package init(_ name: String, _ value: String) {
    self.name = name
    self.value = value
  }
}

/// The sorted label pairs of a series, in one buffer.
///
/// Labels compare, hash and sort as UTF-8 bytes, never as Unicode text. A label with an empty
/// value is the same as no label, so none is ever stored.
///
///     | name length | name | value length | value | ... |
///
/// A length below 255 takes one byte; a longer one takes 0xFF and three bytes, low byte first.
package struct Labels: Sendable, Hashable {
  /// The encoded pairs, ascending by name.
  package let bytes: [UInt8]

  package static let empty = Labels(encoded: [])

  /// Takes bytes that are known to hold sorted pairs, such as those of `LabelsEncoder`.
  package init(encoded bytes: [UInt8]) {
    self.bytes = bytes
  }

  /// Sorts the pairs by name and leaves out those with an empty value. Of two pairs with one
  /// name the later one stays.
  package init(_ labels: some Sequence<Label>) {
    var builder = LabelsBuilder()
    for label in labels { builder.set(label.name, label.value) }
    self = builder.labels()
  }

  package init(_ pairs: KeyValuePairs<String, String>) {
    self.init(pairs.map { Label($0.key, $0.value) })
  }

  package var isEmpty: Bool { bytes.isEmpty }

  /// Number of labels.
  package var count: Int {
    var cursor = LabelsCursor()
    var n = 0
    while cursor.advance(in: bytes.span) { n += 1 }
    return n
  }

  /// The value of a label; nil where the series does not have it.
  package subscript(name: String) -> String? {
    guard let range = valueRange(of: name) else { return nil }
    return String(decoding: bytes[range], as: UTF8.self)
  }

  /// The value of a label, empty where the series does not have it.
  package func value(of name: String) -> String { self[name] ?? "" }

  /// The metric name, empty where there is none.
  package var metricName: String { value(of: LabelNames.metricName) }

  package func has(_ name: String) -> Bool { valueRange(of: name) != nil }

  /// Where in `bytes` the value of a label stands.
  package func valueRange(of name: String) -> Range<Int>? {
    let wanted = name.utf8.span
    let all = bytes.span
    var cursor = LabelsCursor()
    while cursor.advance(in: all) {
      switch compareBytes(all.extracting(cursor.name), wanted) {
      case 0: return cursor.value
      case 1: return nil
      default: continue
      }
    }
    return nil
  }

  /// 64-bit hash of the whole set; equal sets have equal hashes, on every machine and run.
  package var hash64: UInt64 { XXHash64.hash(bytes.span) }

  package func hash(into hasher: inout Hasher) { hasher.combine(hash64) }
}

extension Labels: Comparable {
  /// By name, then value, pair by pair, then by number of labels (Prometheus, labels.Compare).
  package static func < (a: Labels, b: Labels) -> Bool {
    compare(a.bytes.span, b.bytes.span) < 0
  }

  /// -1, 0 or 1 for two encoded label sets.
  package static func compare(_ a: Span<UInt8>, _ b: Span<UInt8>) -> Int {
    var left = LabelsCursor()
    var right = LabelsCursor()
    while true {
      let hasLeft = left.advance(in: a)
      let hasRight = right.advance(in: b)
      guard hasLeft && hasRight else { return hasLeft ? 1 : (hasRight ? -1 : 0) }
      let names = compareBytes(a.extracting(left.name), b.extracting(right.name))
      if names != 0 { return names }
      let values = compareBytes(a.extracting(left.value), b.extracting(right.value))
      if values != 0 { return values }
    }
  }
}

extension Labels: Sequence {
  package struct Iterator: IteratorProtocol {
    let bytes: [UInt8]
    var cursor = LabelsCursor()

    package mutating func next() -> Label? {
      var here = cursor
      guard here.advance(in: bytes.span) else { return nil }
      cursor = here
      return Label(
        String(decoding: bytes[cursor.name], as: UTF8.self),
        String(decoding: bytes[cursor.value], as: UTF8.self))
    }
  }

  package func makeIterator() -> Iterator { Iterator(bytes: bytes) }

  package var underestimatedCount: Int { 0 }
}

extension Labels: ExpressibleByDictionaryLiteral {
  package init(dictionaryLiteral pairs: (String, String)...) {
    self.init(pairs.map { Label($0.0, $0.1) })
  }
}

extension Labels: CustomStringConvertible {
  /// As Prometheus prints a label set: `{a="b", c="d"}`, with the metric name among them.
  package var description: String {
    let inner = map { label in
      let name = LabelNames.isLegacyValid(label.name) ? label.name : GoQuote.quote(label.name)
      return "\(name)=\(GoQuote.quote(label.value))"
    }
    return "{\(inner.joined(separator: ", "))}"
  }
}

/// Walks the pairs of an encoded label set without making strings.
package struct LabelsCursor {
  /// Byte range of the current name.
  package private(set) var name = 0..<0
  /// Byte range of the current value.
  package private(set) var value = 0..<0
  private var next = 0

  package init() {}

  /// Moves to the next pair; false at the end.
  package mutating func advance(in bytes: Span<UInt8>) -> Bool {
    guard next < bytes.count else { return false }
    name = readString(bytes)
    value = readString(bytes)
    return true
  }

  private mutating func readString(_ bytes: Span<UInt8>) -> Range<Int> {
    var length = Int(bytes[next])
    next += 1
    if length == 255 {
      length = Int(bytes[next]) | Int(bytes[next + 1]) << 8 | Int(bytes[next + 2]) << 16
      next += 3
    }
    let range = next..<(next + length)
    next += length
    return range
  }
}

/// Writes encoded label sets. The caller gives names in ascending order and no empty values.
package struct LabelsEncoder {
  package private(set) var bytes: [UInt8] = []

  package init() {}

  package mutating func append(name: Span<UInt8>, value: Span<UInt8>) {
    append(name)
    append(value)
  }

  package mutating func removeAll() { bytes.removeAll(keepingCapacity: true) }

  package func labels() -> Labels { Labels(encoded: bytes) }

  /// Bytes of a name or a value at most: what three bytes of length can say. Targets and senders
  /// may make longer ones; those are cut, at the border of a character.
  package static let textBytesMax = (1 << 24) - 1

  private mutating func append(_ whole: Span<UInt8>) {
    var count = whole.count
    if count > Self.textBytesMax {
      count = Self.textBytesMax
      while count > 0, whole[count] & 0xC0 == 0x80 { count -= 1 }
    }
    let string = whole.extracting(0..<count)
    if count < 255 {
      bytes.append(UInt8(count))
    } else {
      bytes.append(255)
      bytes.append(UInt8(truncatingIfNeeded: count))
      bytes.append(UInt8(truncatingIfNeeded: count >> 8))
      bytes.append(UInt8(truncatingIfNeeded: count >> 16))
    }
    bytes.append(copying: string)
  }
}

/// -1, 0 or 1 by bytes, then by length.
package func compareBytes(_ a: Span<UInt8>, _ b: Span<UInt8>) -> Int { compareMemory(a, b) }

package func isEqual(_ a: Span<UInt8>, _ b: Span<UInt8>) -> Bool {
  a.count == b.count && compareBytes(a, b) == 0
}

package func isAny(of names: [String], _ text: Span<UInt8>) -> Bool {
  for name in names where isEqual(name.utf8.span, text) { return true }
  return false
}
