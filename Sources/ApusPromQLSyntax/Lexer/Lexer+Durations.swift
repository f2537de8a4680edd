extension Lexer {
  /// The next token behind an opening bracket, up to the first number or duration.
  mutating func nextInDurations() -> Token? {
    skipSpaces()
    if isAtEnd { return fail("unexpected end of input in duration expression") }
    let byte = peek()
    if Lexer.isDigit(byte) || (byte == UInt8(ascii: ".") && Lexer.isDigit(peek(1))) {
      hasDuration = true
      state = .statements
      return numberOrDuration()
    }
    switch byte {
    case UInt8(ascii: "]"):
      isBracketOpen = false
      hasColon = false
      state = .statements
      return single(.rightBracket)
    case UInt8(ascii: ":"): return colon()
    case UInt8(ascii: "("):
      parenDepth += 1
      return single(.leftParen)
    case UInt8(ascii: ")"): return closeParen()
    case UInt8(ascii: "+"): return single(.add)
    case UInt8(ascii: "-"): return single(.subtract)
    case UInt8(ascii: "*"): return single(.multiply)
    case UInt8(ascii: "/"): return single(.divide)
    case UInt8(ascii: "%"): return single(.modulo)
    case UInt8(ascii: "^"): return single(.power)
    case UInt8(ascii: ","): return single(.comma)
    default:
      if let token = durationWord() {
        hasDuration = true
        return token
      }
      return fail(
        "unexpected character in duration expression: \(quoted(at: position))")
    }
  }

  private mutating func colon() -> Token {
    let token = single(.colon)
    if !hasDuration {
      return fail("unexpected colon before duration in duration expression")
    }
    if hasColon { return fail("unexpected repeated colon in duration expression") }
    hasColon = true
    return token
  }

  mutating func numberOrDuration() -> Token {
    if scanNumber() { return emit(.number) }
    if scanDurationRest() { return emit(.duration) }
    let shown = String(decoding: bytes[start..<position], as: UTF8.self)
    return fail("bad number or duration syntax: \(GoText.quote(shown))")
  }

  mutating func number() -> Token {
    if scanNumber() { return emit(.number) }
    let shown = String(decoding: bytes[start..<position], as: UTF8.self)
    return fail("bad number syntax: \(GoText.quote(shown))")
  }

  private mutating func accept(_ set: StaticString) -> Bool {
    guard !isAtEnd, Lexer.contains(set, peek()) else { return false }
    position += 1
    return true
  }

  private static func contains(_ set: StaticString, _ byte: UInt8) -> Bool {
    set.description.utf8.contains(byte)
  }

  /// The unit behind a number, and further pairs of number and unit.
  private mutating func scanDurationRest() -> Bool {
    guard accept("smhdwy") else { return false }
    _ = accept("s")
    while Lexer.isDigit(peek()) {
      while Lexer.isDigit(peek()) { position += 1 }
      guard accept("smhdw") else { return false }
      _ = accept("s")
    }
    if Lexer.isWord(peek()) {
      // The offending character is part of the text that the error shows.
      position += 1
      return false
    }
    return true
  }

  /// Scans a number; false where what follows makes it none. What was read stays read, for the
  /// error shows it and a duration goes on from there.
  private mutating func scanNumber() -> Bool {
    var isHexadecimal = false
    if !isSeries, accept("0"), accept("xX") {
      _ = accept("_")
      isHexadecimal = true
    }
    func isDigit(_ byte: UInt8) -> Bool {
      if Lexer.isDigit(byte) { return true }
      let lower = byte | 0x20
      return isHexadecimal && lower >= 97 && lower <= 102
    }
    _ = accept(".")
    if isDigit(peek()) { position += 1 }
    var sawPoint = false
    var sawExponent = false
    while true {
      let byte = peek()
      if byte == UInt8(ascii: ".") {
        position += 1
        if sawPoint { return false }
        sawPoint = true
        if accept("_.") || isHexadecimal { return false }
      } else if byte | 0x20 == UInt8(ascii: "e") {
        position += 1
        if sawExponent { return false }
        sawExponent = true
        _ = accept("+-")
        if accept("._eE") || isAtEnd { return false }
      } else if byte == UInt8(ascii: "_") {
        position += 1
        if accept("._eE") || isAtEnd { return false }
      } else if isDigit(byte) {
        while isDigit(peek()) { position += 1 }
      } else {
        break
      }
    }
    if isSeries && peek() == UInt8(ascii: "x") { return true }
    return !Lexer.isWord(peek())
  }
}
