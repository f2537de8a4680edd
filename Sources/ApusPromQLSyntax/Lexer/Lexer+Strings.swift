extension Lexer {
  /// A quoted string; its text keeps the quotes and escapes.
  mutating func string() -> Token {
    let quote = peek()
    position += 1
    let isRaw = quote == UInt8(ascii: "`")
    while true {
      if isAtEnd {
        return fail(isRaw ? "unterminated raw string" : "unterminated quoted string")
      }
      let byte = peek()
      if byte == quote { break }
      if byte == UInt8(ascii: "\n") && !isRaw { return fail("unterminated quoted string") }
      if byte == 0xEF && peek(1) == 0xBF && peek(2) == 0xBD {
        // What stands for bytes that are not UTF-8.
        return fail("invalid UTF-8 rune")
      }
      position += 1
      if byte == UInt8(ascii: "\\") && !isRaw, let problem = skipEscape(quote) {
        return fail(problem)
      }
    }
    position += 1
    return emit(.string)
  }

  /// Skips what follows a backslash; returns what is wrong with it.
  private mutating func skipEscape(_ quote: UInt8) -> String? {
    if isAtEnd { return "escape sequence not terminated" }
    let byte = peek()
    var digits: Int
    var radix: UInt32 = 16
    var valueMax: UInt32 = 0x10FFFF
    switch byte {
    case UInt8(ascii: "a"), UInt8(ascii: "b"), UInt8(ascii: "f"), UInt8(ascii: "n"),
      UInt8(ascii: "r"), UInt8(ascii: "t"), UInt8(ascii: "v"), UInt8(ascii: "\\"), quote:
      position += 1
      return nil
    case UInt8(ascii: "0")...UInt8(ascii: "7"):
      (digits, radix, valueMax) = (3, 8, 255)
    case UInt8(ascii: "x"):
      (digits, valueMax) = (2, 255)
      position += 1
    case UInt8(ascii: "u"):
      digits = 4
      position += 1
    case UInt8(ascii: "U"):
      digits = 8
      position += 1
    default:
      return "unknown escape sequence \(GoText.unicode(scalar(at: position).scalar))"
    }
    var value: UInt32 = 0
    for _ in 0..<digits {
      if isAtEnd { return "escape sequence not terminated" }
      guard let digit = Lexer.digitValue(peek()), digit < radix else {
        let found = GoText.unicode(scalar(at: position).scalar)
        return "illegal character \(found) in escape sequence"
      }
      value = value &* radix &+ digit
      position += 1
    }
    if value > valueMax || (0xD800..<0xE000).contains(value) {
      return "escape sequence is an invalid Unicode code point"
    }
    return nil
  }

  static func digitValue(_ byte: UInt8) -> UInt32? {
    if isDigit(byte) { return UInt32(byte - 48) }
    let lower = byte | 0x20
    return lower >= 97 && lower <= 102 ? UInt32(lower - 87) : nil
  }

  /// The bytes that a string token stands for. The lexer has checked its escapes.
  func unquoted(_ token: Token) -> [UInt8] {
    let inner = bytes[(token.start + 1)..<(token.end - 1)]
    if bytes[token.start] == UInt8(ascii: "`") || !inner.contains(UInt8(ascii: "\\")) {
      return Array(inner)
    }
    var out: [UInt8] = []
    var i = inner.startIndex
    while i < inner.endIndex {
      if inner[i] == UInt8(ascii: "\\") {
        i += 1
        appendEscape(inner, &i, &out)
      } else {
        out.append(inner[i])
        i += 1
      }
    }
    return out
  }

  private func appendEscape(_ text: ArraySlice<UInt8>, _ i: inout Int, _ out: inout [UInt8]) {
    let byte = text[i]
    i += 1
    switch byte {
    case UInt8(ascii: "a"): out.append(7)
    case UInt8(ascii: "b"): out.append(8)
    case UInt8(ascii: "f"): out.append(12)
    case UInt8(ascii: "n"): out.append(10)
    case UInt8(ascii: "r"): out.append(13)
    case UInt8(ascii: "t"): out.append(9)
    case UInt8(ascii: "v"): out.append(11)
    case UInt8(ascii: "x"): out.append(UInt8(truncatingIfNeeded: value(text, &i, 2, 16)))
    case UInt8(ascii: "u"), UInt8(ascii: "U"):
      let code = value(text, &i, byte == UInt8(ascii: "u") ? 4 : 8, 16)
      let scalar = Unicode.Scalar(code) ?? "\u{FFFD}"
      out.append(contentsOf: String(scalar).utf8)
    case UInt8(ascii: "0")...UInt8(ascii: "7"):
      i -= 1
      out.append(UInt8(truncatingIfNeeded: value(text, &i, 3, 8)))
    default: out.append(byte)
    }
  }

  private func value(
    _ text: ArraySlice<UInt8>, _ i: inout Int, _ digits: Int, _ radix: UInt32
  ) -> UInt32 {
    var value: UInt32 = 0
    for _ in 0..<digits {
      value = value &* radix &+ (Lexer.digitValue(text[i]) ?? 0)
      i += 1
    }
    return value
  }
}
