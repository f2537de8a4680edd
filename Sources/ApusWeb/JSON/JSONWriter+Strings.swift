extension JSONWriter {
  /// A quoted string of UTF-8 bytes. What is not UTF-8 becomes U+FFFD.
  package mutating func string(_ text: Span<UInt8>, escapesHTML: Bool) {
    bytes.append(UInt8(ascii: "\""))
    if isPlain(text, escapesHTML: escapesHTML) {
      bytes.append(addingCapacity: text.count) { (out: inout OutputSpan<UInt8>) in
        for i in text.indices { out.append(text[i]) }
      }
    } else {
      escaped(text, escapesHTML: escapesHTML)
    }
    bytes.append(UInt8(ascii: "\""))
  }

  /// Whether every byte may stand as it is: printable ASCII that means nothing to JSON.
  private func isPlain(_ text: Span<UInt8>, escapesHTML: Bool) -> Bool {
    for i in text.indices {
      let byte = text[i]
      if byte < 0x20 || byte >= 0x80 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") {
        return false
      }
      if escapesHTML && isHTML(byte) { return false }
    }
    return true
  }

  private func isHTML(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: "<") || byte == UInt8(ascii: ">") || byte == UInt8(ascii: "&")
  }

  private mutating func escaped(_ text: Span<UInt8>, escapesHTML: Bool) {
    let owned = (0..<text.count).map { text[$0] }
    for scalar in String(decoding: owned, as: UTF8.self).unicodeScalars {
      switch scalar {
      case "\"": raw("\\\"")
      case "\\": raw("\\\\")
      case "\n": raw("\\n")
      case "\r": raw("\\r")
      case "\t": raw("\\t")
      // Line separators end a line in old JavaScript.
      case "\u{2028}": raw("\\u2028")
      case "\u{2029}": raw("\\u2029")
      default:
        let value = scalar.value
        if value < 0x20 || (escapesHTML && value < 0x80 && isHTML(UInt8(value))) {
          let digits = Array("0123456789abcdef".utf8)
          raw("\\u00")
          bytes.append(digits[Int(value >> 4)])
          bytes.append(digits[Int(value & 15)])
        } else {
          bytes.append(contentsOf: UTF8.encode(scalar).map { Array($0) } ?? [])
        }
      }
    }
  }
}
