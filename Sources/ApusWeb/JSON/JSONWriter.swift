package import ApusModel
internal import ApusSystem

/// JSON as bytes: no tree, no strings in between. The caller writes commas and brackets.
package struct JSONWriter: Sendable {
  package var bytes: [UInt8] = []

  package init(capacityBytes: Int = 512) { bytes.reserveCapacity(capacityBytes) }

  /// JSON as it stands, such as `{"status":`.
  @inline(__always)
  package mutating func raw(_ text: String) { bytes.append(contentsOf: text.utf8) }

  /// A comma before every element but the first.
  package mutating func comma(before index: Int) {
    if index > 0 { bytes.append(UInt8(ascii: ",")) }
  }

  /// A quoted string. As Go's encoding/json: <, > and & are escaped as well.
  package mutating func string(_ text: String) { string(text.utf8.span, escapesHTML: true) }

  /// `"name":`
  package mutating func key(_ name: String) {
    string(name)
    bytes.append(UInt8(ascii: ":"))
  }

  package mutating func int(_ value: some FixedWidthInteger) { raw(String(value)) }

  package mutating func bool(_ value: Bool) { raw(value ? "true" : "false") }

  package mutating func array(_ values: [String]) {
    raw("[")
    for (i, value) in values.enumerated() {
      comma(before: i)
      string(value)
    }
    raw("]")
  }

  /// A JSON number, as Go's encoding/json writes it. NaN and infinities, which JSON cannot say,
  /// become 0.
  package mutating func number(_ value: Double) {
    guard value.isFinite else { return raw("0") }
    let start = bytes.count
    FloatText.append(value, to: &bytes)
    // Go writes 1e-9, not 1e-09.
    let count = bytes.count
    if count - start >= 4, bytes[count - 4] == UInt8(ascii: "e"),
      bytes[count - 3] == UInt8(ascii: "-"), bytes[count - 2] == UInt8(ascii: "0")
    {
      bytes.remove(at: count - 2)
    }
  }

  /// A sample value: a quoted float, so that NaN and infinities can be said.
  package mutating func sampleValue(_ value: Double) {
    bytes.append(UInt8(ascii: "\""))
    bytes.append(upTo: FloatText.writtenBytesMax) { FloatText.write(value, to: &$0, at: 0) }
    bytes.append(UInt8(ascii: "\""))
  }

  /// Seconds; three decimals where there are milliseconds, none where there are not.
  package mutating func seconds(ms: Int64) {
    bytes.append(upTo: FloatText.writtenBytesMax) { PointText.seconds(ms: ms, to: &$0, at: 0) }
  }

  /// `{"name":"value",...}`
  package mutating func labels(_ labels: Labels) {
    let all = labels.bytes.span
    var cursor = LabelsCursor()
    bytes.append(UInt8(ascii: "{"))
    var isFirst = true
    while cursor.advance(in: all) {
      if !isFirst { bytes.append(UInt8(ascii: ",")) }
      isFirst = false
      string(all.extracting(cursor.name), escapesHTML: false)
      bytes.append(UInt8(ascii: ":"))
      string(all.extracting(cursor.value), escapesHTML: false)
    }
    bytes.append(UInt8(ascii: "}"))
  }
}
