extension Lexer {
  /// The next token outside of braces.
  mutating func nextStatement() -> Token? {
    if isInHistogram {
      state = .histogram
      return nil
    }
    if isBraceOpen {
      state = .braces
      return nil
    }
    if skipComment() { return nil }
    start = position
    if isAtEnd { return finish() }
    let byte = peek()
    if Lexer.isSpace(byte) {
      skipSpaces()
      return nil
    }
    if Lexer.isDigit(byte) || (byte == UInt8(ascii: ".") && Lexer.isDigit(peek(1))) {
      return numberOrDuration()
    }
    if Lexer.isAlpha(byte) || byte == UInt8(ascii: ":") {
      return isBracketOpen ? wordInBrackets() : word()
    }
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "'"), UInt8(ascii: "`"): return string()
    case UInt8(ascii: "("), UInt8(ascii: ")"), UInt8(ascii: "["), UInt8(ascii: "]"),
      UInt8(ascii: "{"):
      return bracket(byte)
    default: return operatorToken(byte)
    }
  }

  private mutating func finish() -> Token {
    if parenDepth != 0 { return fail("unclosed left parenthesis") }
    if isBracketOpen { return fail("unclosed left bracket") }
    state = .finished
    return emit(.end)
  }

  private mutating func bracket(_ byte: UInt8) -> Token {
    switch byte {
    case UInt8(ascii: "("):
      parenDepth += 1
      return single(.leftParen)
    case UInt8(ascii: ")"):
      return closeParen()
    case UInt8(ascii: "{"):
      isBraceOpen = true
      state = .braces
      return single(.leftBrace)
    case UInt8(ascii: "["):
      if isBracketOpen { return fail("unexpected left bracket '['") }
      hasColon = false
      isBracketOpen = true
      state = .durations
      let token = single(.leftBracket)
      skipSpaces()
      return token
    default:
      if !isBracketOpen { return fail("unexpected right bracket ']'") }
      isBracketOpen = false
      return single(.rightBracket)
    }
  }

  mutating func closeParen() -> Token {
    let token = single(.rightParen)
    parenDepth -= 1
    return parenDepth < 0 ? fail("unexpected right parenthesis ')'") : token
  }

  mutating func single(_ kind: TokenKind, length: Int = 1) -> Token {
    position += length
    return emit(kind)
  }

  private mutating func operatorToken(_ byte: UInt8) -> Token {
    let follower = peek(1)
    switch byte {
    case UInt8(ascii: ","): return single(.comma)
    case UInt8(ascii: "*"): return single(.multiply)
    case UInt8(ascii: "/"): return single(.divide)
    case UInt8(ascii: "%"): return single(.modulo)
    case UInt8(ascii: "+"): return single(.add)
    case UInt8(ascii: "-"): return single(.subtract)
    case UInt8(ascii: "^"): return single(.power)
    case UInt8(ascii: "@"): return single(.at)
    case UInt8(ascii: "="):
      if follower == UInt8(ascii: "=") { return single(.equalEqual, length: 2) }
      if follower == UInt8(ascii: "~") { return fail("unexpected character after '=': '~'") }
      return single(.equal)
    case UInt8(ascii: "!"):
      if follower == UInt8(ascii: "=") { return single(.notEqual, length: 2) }
      return fail("unexpected character after '!': \(quoted(at: position + 1))")
    case UInt8(ascii: "<"):
      if follower == UInt8(ascii: "=") { return single(.lessOrEqual, length: 2) }
      if follower == UInt8(ascii: "/") { return single(.trimUpper, length: 2) }
      return single(.less)
    case UInt8(ascii: ">"):
      if follower == UInt8(ascii: "=") { return single(.greaterOrEqual, length: 2) }
      if follower == UInt8(ascii: "/") { return single(.trimLower, length: 2) }
      return single(.greater)
    default: return fail("unexpected character: \(quoted(at: position))")
    }
  }

  /// A name, a keyword, or a number such as `Inf`.
  mutating func word() -> Token {
    var hasColon = false
    while Lexer.isWord(peek()) || peek() == UInt8(ascii: ":") {
      if peek() == UInt8(ascii: ":") { hasColon = true }
      position += 1
    }
    if isSeries {
      state = peek() == UInt8(ascii: "{") ? .statements : .values
    }
    let kind = hasColon ? nil : keyword()
    switch kind {
    case .fill, .fillLeft, .fillRight:
      return emit(isParenNext() ? kind ?? .identifier : .identifier)
    case let kind?: return emit(kind)
    case nil: return emit(hasColon ? .metricIdentifier : .identifier)
    }
  }

  private func keyword() -> TokenKind? {
    // The longest keyword has 12 letters.
    guard position - start <= 12 else { return nil }
    return TokenKind.words[lowercased(start..<position)]
  }

  func lowercased(_ range: Range<Int>) -> String {
    String(
      decoding: bytes[range].map { $0 >= 65 && $0 <= 90 ? $0 | 0x20 : $0 }, as: UTF8.self)
  }

  private func isParenNext() -> Bool {
    var at = position
    while at < bytes.count, Lexer.isSpace(bytes[at]) { at += 1 }
    return at < bytes.count && bytes[at] == UInt8(ascii: "(")
  }

  /// Between brackets, only a colon and the words of duration expressions may stand.
  private mutating func wordInBrackets() -> Token {
    if peek() == UInt8(ascii: ":") {
      if hasColon { return fail("unexpected colon ':'") }
      hasColon = true
      return single(.colon)
    }
    if let token = durationWord() { return token }
    return fail("unexpected character: \(quoted(at: start)), expected ':'")
  }

  mutating func durationWord() -> Token? {
    var end = position
    while end < bytes.count, Lexer.isAlpha(bytes[end]) { end += 1 }
    switch TokenKind.words[lowercased(position..<end)] {
    case .step: return single(.step, length: end - position)
    case .range: return single(.range, length: end - position)
    case .min, .minOf: return single(.minOf, length: end - position)
    case .max, .maxOf: return single(.maxOf, length: end - position)
    default: return nil
    }
  }
}
