extension Lexer {
  /// The next token of the values behind a series in tests: `1+2x3 _ stale {{schema:0}}`.
  mutating func nextValue() -> Token? {
    start = position
    if isAtEnd {
      state = .statements
      return nil
    }
    let byte = peek()
    if Lexer.isSpace(byte) {
      let token = single(.space)
      skipSpaces()
      return token
    }
    if Lexer.isDigit(byte) || (byte == UInt8(ascii: ".") && Lexer.isDigit(peek(1))) {
      return number()
    }
    switch byte {
    case UInt8(ascii: "{") where peek(1) == UInt8(ascii: "{"):
      isInHistogram = true
      state = .histogram
      return single(.openHistogram, length: 2)
    case UInt8(ascii: "+"): return single(.add)
    case UInt8(ascii: "-"): return single(.subtract)
    case UInt8(ascii: "x"): return single(.times)
    case UInt8(ascii: "_"): return single(.blank)
    default:
      if Lexer.isAlpha(byte) { return word() }
      return fail("unexpected character in series sequence: \(quoted(at: position))")
    }
  }

  /// The next token between `{{` and `}}`.
  mutating func nextInHistogram() -> Token? {
    start = position
    let byte = peek()
    if Lexer.isSpace(byte) {
      let token = single(.space)
      skipSpaces()
      return token
    }
    if Lexer.isDigit(byte) { return number() }
    switch byte {
    case UInt8(ascii: ":"): return single(.colon)
    case UInt8(ascii: "-"): return single(.subtract)
    case UInt8(ascii: "["):
      isBracketOpen = true
      state = .buckets
      return single(.leftBracket)
    case UInt8(ascii: "}") where peek(1) == UInt8(ascii: "}"):
      isInHistogram = false
      state = .values
      return single(.closeHistogram, length: 2)
    default:
      if Lexer.isAlpha(byte) { return histogramWord() }
      return fail("histogram description incomplete unexpected: \(quoted(at: position))")
    }
  }

  private mutating func histogramWord() -> Token {
    while Lexer.isAlpha(peek()) { position += 1 }
    let word = lowercased(start..<position)
    if let key = TokenKind.histogramWords[word] {
      if peek() == UInt8(ascii: ":") { return emit(key) }
      return fail("missing `:` for histogram descriptor")
    }
    if TokenKind.words[word] == .number { return emit(.number) }
    if let hint = TokenKind.hintWords[word] { return emit(hint) }
    let shown = String(decoding: bytes[start..<position], as: UTF8.self)
    return fail("bad histogram descriptor found: \(GoText.quote(shown))")
  }

  /// The next token between the brackets of a list of buckets.
  mutating func nextInBuckets() -> Token? {
    start = position
    let byte = peek()
    if Lexer.isSpace(byte) {
      let token = single(.space)
      skipSpaces()
      return token
    }
    if Lexer.isDigit(byte) { return number() }
    switch byte {
    case UInt8(ascii: "-"): return single(.subtract)
    case UInt8(ascii: "]"):
      isBracketOpen = false
      state = .histogram
      return single(.rightBracket)
    default:
      guard Lexer.isAlpha(byte) else {
        return fail("invalid character in buckets description: \(quoted(at: position))")
      }
      while Lexer.isAlpha(peek()) { position += 1 }
      if TokenKind.words[lowercased(start..<position)] == .number { return emit(.number) }
      return fail("invalid character in buckets description: \(quoted(at: start))")
    }
  }
}
