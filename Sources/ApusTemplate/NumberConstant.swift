internal import ApusModel

extension NumberConstant {
  /// Reads Go's integers of any base, floats and character constants such as `'a'`.
  init?(_ text: String) {
    self.text = text
    if text.utf8.first == UInt8(ascii: "'") {
      guard let inner = GoUnquote.unquote(text)?.unicodeScalars, inner.count == 1,
        let scalar = inner.first
      else { return nil }
      (int, float, isFloat) = (Int64(scalar.value), Double(scalar.value), false)
      return
    }
    if let value = NumberConstant.integer(text) {
      (int, float, isFloat) = (value, Double(value), false)
      return
    }
    guard let value = try? FloatText.parse(text), text.utf8.contains(where: NumberConstant.isDigit)
    else { return nil }
    float = value
    isFloat = text.utf8.contains { ".eEpP".utf8.contains($0) }
    int = Int64(exactly: value)
  }

  private static func isDigit(_ byte: UInt8) -> Bool { byte >= 48 && byte <= 57 }

  private static func integer(_ text: String) -> Int64? {
    var digits = Substring(text)
    var sign: Int64 = 1
    if digits.hasPrefix("-") || digits.hasPrefix("+") {
      sign = digits.hasPrefix("-") ? -1 : 1
      digits = digits.dropFirst()
    }
    var radix = 10
    let lower = digits.lowercased()
    for (prefix, base) in [("0x", 16), ("0b", 2), ("0o", 8)] where lower.hasPrefix(prefix) {
      radix = base
      digits = digits.dropFirst(2)
    }
    if radix == 10, digits.utf8.count > 1, digits.hasPrefix("0") { radix = 8 }
    let clean = digits.filter { $0 != "_" }
    guard let first = clean.utf8.first, first != UInt8(ascii: "-"), first != UInt8(ascii: "+"),
      let magnitude = Int64(clean, radix: radix)
    else { return nil }
    return sign * magnitude
  }
}

/// Go's `strconv.Unquote` for the quotes that templates use.
enum GoUnquote {
  /// Nil for an invalid escape.
  static func unquote(_ quoted: String) -> String? {
    let bytes = Array(quoted.utf8)
    guard bytes.count >= 2, bytes.first == bytes.last else { return nil }
    let inner = bytes[1..<(bytes.count - 1)]
    if bytes[0] == UInt8(ascii: "`") {
      return String(decoding: inner.filter { $0 != 13 }, as: UTF8.self)
    }
    var out: [UInt8] = []
    var i = inner.startIndex
    while i < inner.endIndex {
      if inner[i] != UInt8(ascii: "\\") {
        out.append(inner[i])
        i += 1
        continue
      }
      guard let next = escape(inner, at: i + 1, quote: bytes[0], to: &out) else { return nil }
      i = next
    }
    return String(decoding: out, as: UTF8.self)
  }

  private static func escape(
    _ text: ArraySlice<UInt8>, at index: Int, quote: UInt8, to out: inout [UInt8]
  ) -> Int? {
    guard index < text.endIndex else { return nil }
    let simple: [(UInt8, UInt8)] = [
      (UInt8(ascii: "a"), 7), (UInt8(ascii: "b"), 8), (UInt8(ascii: "f"), 12),
      (UInt8(ascii: "n"), 10), (UInt8(ascii: "r"), 13), (UInt8(ascii: "t"), 9),
      (UInt8(ascii: "v"), 11), (UInt8(ascii: "\\"), 92), (quote, quote),
    ]
    let byte = text[index]
    if let (_, value) = simple.first(where: { $0.0 == byte }) {
      out.append(value)
      return index + 1
    }
    let (digits, radix, start): (Int, Int, Int)
    switch byte {
    case UInt8(ascii: "x"): (digits, radix, start) = (2, 16, index + 1)
    case UInt8(ascii: "u"): (digits, radix, start) = (4, 16, index + 1)
    case UInt8(ascii: "U"): (digits, radix, start) = (8, 16, index + 1)
    case UInt8(ascii: "0")...UInt8(ascii: "7"): (digits, radix, start) = (3, 8, index)
    default: return nil
    }
    guard start + digits <= text.endIndex else { return nil }
    let shown = String(decoding: text[start..<(start + digits)], as: UTF8.self)
    guard let code = UInt32(shown, radix: radix), !shown.hasPrefix("+") else { return nil }
    if digits <= 3 {
      guard code < 256 else { return nil }
      out.append(UInt8(code))
    } else {
      guard let scalar = Unicode.Scalar(code) else { return nil }
      out.append(contentsOf: String(scalar).utf8)
    }
    return start + digits
  }
}
