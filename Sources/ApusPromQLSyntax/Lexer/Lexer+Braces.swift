extension Lexer {
  /// The next token between braces, where keywords are plain names.
  mutating func nextInBraces() -> Token? {
    if skipComment() { return nil }
    start = position
    if isAtEnd { return fail("unexpected end of input inside braces") }
    let byte = peek()
    if Lexer.isSpace(byte) {
      skipSpaces()
      return nil
    }
    if Lexer.isAlpha(byte) {
      while Lexer.isWord(peek()) { position += 1 }
      return emit(.identifier)
    }
    switch byte {
    case UInt8(ascii: ","): return single(.comma)
    case UInt8(ascii: "\""), UInt8(ascii: "'"), UInt8(ascii: "`"): return string()
    case UInt8(ascii: "="):
      return peek(1) == UInt8(ascii: "~") ? single(.equalRegex, length: 2) : single(.equal)
    case UInt8(ascii: "!"):
      if peek(1) == UInt8(ascii: "~") { return single(.notEqualRegex, length: 2) }
      if peek(1) == UInt8(ascii: "=") { return single(.notEqual, length: 2) }
      return fail(
        "unexpected character after '!' inside braces: \(quoted(at: position + 1))")
    case UInt8(ascii: "{"): return fail("unexpected left brace '{'")
    case UInt8(ascii: "}"):
      isBraceOpen = false
      state = isSeries ? .values : .statements
      return single(.rightBrace)
    default: return fail("unexpected character inside braces: \(quoted(at: position))")
    }
  }
}
