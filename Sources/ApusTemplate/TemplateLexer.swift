internal import ApusModel

enum TemplateTokenKind: Sendable {
  case error, end, text, leftDelimiter, rightDelimiter, space
  case assign, declare, character, characterConstant, number, string, rawString
  case pipe, dot, field, variable, identifier, bool, leftParen, rightParen
  // Keywords.
  case block, breakWord, continueWord, define, elseWord, endWord, ifWord, null, range
  case template, with

  static let keywords: [String: TemplateTokenKind] = [
    "block": .block, "break": .breakWord, "continue": .continueWord, "define": .define,
    "else": .elseWord, "end": .endWord, "if": .ifWord, "nil": .null, "range": .range,
    "template": .template, "with": .with,
  ]

  var isKeyword: Bool {
    switch self {
    case .block, .breakWord, .continueWord, .define, .elseWord, .endWord, .ifWord, .null,
      .range, .template, .with, .dot:
      true
    default: false
    }
  }
}

struct TemplateToken: Sendable {
  var kind: TemplateTokenKind
  var position: Int
  var text: String
  /// From 1.
  var line: Int
}

/// Cuts a template into tokens. Source: Go, text/template/parse/lex.go.
struct TemplateLexer {
  let bytes: [UInt8]
  private var position = 0
  private var start = 0
  private var line = 1
  private var startLine = 1
  private var parenDepth = 0
  private var isInAction = false
  private var isFinished = false

  init(_ text: String) { bytes = Array(text.utf8) }

  mutating func next() -> TemplateToken {
    start = position
    startLine = line
    if isFinished { return emit(.end) }
    return isInAction ? nextInAction() : nextOutside()
  }

  // MARK: Text and delimiters

  private mutating func nextOutside() -> TemplateToken {
    while true {
      let open = find("{{", from: position) ?? bytes.count
      let trims = hasLeftTrim(open)
      var end = open
      if trims { while end > position, Self.isSpace(bytes[end - 1]) { end -= 1 } }
      let textEnd = end
      if textEnd > position {
        start = position
        startLine = line
        advance(to: textEnd)
        let token = emit(.text)
        advance(to: open)
        return token
      }
      advance(to: open)
      start = position
      startLine = line
      if open == bytes.count {
        isFinished = true
        return emit(.end)
      }
      let after = open + (trims ? 4 : 2)
      if matches("/*", at: after) {
        if let problem = skipComment(after) { return fail(problem) }
        continue
      }
      // The space of a trim marker belongs to it.
      advance(to: open + (trims ? 4 : 2))
      isInAction = true
      parenDepth = 0
      return emit(.leftDelimiter)
    }
  }

  private func hasLeftTrim(_ open: Int) -> Bool {
    guard open + 3 < bytes.count, bytes[open + 2] == UInt8(ascii: "-") else { return false }
    return Self.isSpace(bytes[open + 3])
  }

  private mutating func skipComment(_ from: Int) -> String? {
    guard let close = find("*/", from: from + 2) else { return "unclosed comment" }
    advance(to: close + 2)
    guard let (length, trims) = rightDelimiter() else {
      return "comment ends before closing delimiter"
    }
    advance(to: position + length)
    if trims { skipSpace() }
    return nil
  }

  /// The closing delimiter at the position, with its trim marker.
  private func rightDelimiter() -> (length: Int, trims: Bool)? {
    if position < bytes.count, Self.isSpace(bytes[position]), matches("-}}", at: position + 1) {
      return (4, true)
    }
    return matches("}}", at: position) ? (2, false) : nil
  }

  private mutating func skipSpace() {
    while position < bytes.count, Self.isSpace(bytes[position]) { advance(to: position + 1) }
  }

  // MARK: Inside of actions

  private mutating func nextInAction() -> TemplateToken {
    if let (length, trims) = rightDelimiter() {
      if parenDepth > 0 { return fail("unclosed left paren") }
      advance(to: position + length)
      let token = emit(.rightDelimiter)
      if trims { skipSpace() }
      isInAction = false
      return token
    }
    guard position < bytes.count else { return fail("unclosed action") }
    let byte = bytes[position]
    if Self.isSpace(byte) {
      while position < bytes.count, Self.isSpace(bytes[position]), rightDelimiter() == nil {
        advance(to: position + 1)
      }
      return emit(.space)
    }
    switch byte {
    case UInt8(ascii: "="): return single(.assign)
    case UInt8(ascii: ":"):
      if !matches(":=", at: position) { return fail("expected :=") }
      advance(to: position + 2)
      return emit(.declare)
    case UInt8(ascii: "|"): return single(.pipe)
    case UInt8(ascii: "\""): return quoted(byte, .string, "unterminated quoted string")
    case UInt8(ascii: "'"):
      return quoted(byte, .characterConstant, "unterminated character constant")
    case UInt8(ascii: "`"): return rawQuoted()
    case UInt8(ascii: "("):
      parenDepth += 1
      return single(.leftParen)
    case UInt8(ascii: ")"):
      parenDepth -= 1
      return parenDepth < 0 ? fail("unexpected right paren") : single(.rightParen)
    case UInt8(ascii: "$"): return name(.variable, alone: .variable)
    case UInt8(ascii: "."):
      let isNumber = position + 1 >= bytes.count || Self.isDigit(bytes[position + 1])
      return isNumber ? number() : name(.field, alone: .dot)
    case UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
      return number()
    default: return other(byte)
    }
  }

  private mutating func other(_ byte: UInt8) -> TemplateToken {
    let scalar = scalar(at: position)
    if Self.isWord(scalar) { return word() }
    if byte > 32 && byte < 127 { return single(.character) }
    return fail("unrecognized character in action: \(Self.unicode(scalar))")
  }

  private mutating func word() -> TemplateToken {
    skipWord()
    if let bad = badCharacter() { return bad }
    let text = String(decoding: bytes[start..<position], as: UTF8.self)
    if let keyword = TemplateTokenKind.keywords[text] { return emit(keyword) }
    return emit(text == "true" || text == "false" ? .bool : .identifier)
  }

  /// A field or variable; `alone` if nothing follows the sign.
  private mutating func name(
    _ kind: TemplateTokenKind, alone: TemplateTokenKind
  ) -> TemplateToken {
    advance(to: position + 1)
    if isAtTerminator() { return emit(alone) }
    skipWord()
    return badCharacter() ?? emit(kind)
  }

  private mutating func skipWord() {
    while position < bytes.count {
      let scalar = scalar(at: position)
      guard Self.isWord(scalar) else { return }
      advance(to: position + String(scalar).utf8.count)
    }
  }

  private mutating func badCharacter() -> TemplateToken? {
    isAtTerminator() ? nil : fail("bad character \(Self.unicode(scalar(at: position)))")
  }

  private func isAtTerminator() -> Bool {
    guard position < bytes.count else { return true }
    let byte = bytes[position]
    if Self.isSpace(byte) || matches("}}", at: position) { return true }
    return ".,|:()".utf8.contains(byte)
  }

  private mutating func quoted(
    _ quote: UInt8, _ kind: TemplateTokenKind, _ problem: String
  ) -> TemplateToken {
    advance(to: position + 1)
    while position < bytes.count, bytes[position] != quote {
      if bytes[position] == UInt8(ascii: "\\") { advance(to: position + 1) }
      guard position < bytes.count, bytes[position] != UInt8(ascii: "\n") else { break }
      advance(to: position + 1)
    }
    guard position < bytes.count, bytes[position] == quote else { return fail(problem) }
    return single(kind)
  }

  private mutating func rawQuoted() -> TemplateToken {
    guard let close = find("`", from: position + 1) else {
      return fail("unterminated raw quoted string")
    }
    advance(to: close + 1)
    return emit(.rawString)
  }

  /// A number's extent, generously; whether it is one is seen when it is parsed. Complex
  /// numbers, of which templates can do nothing, are none.
  private mutating func number() -> TemplateToken {
    let isNumber = scanNumber()
    let sign = position < bytes.count ? bytes[position] : 0
    if isNumber, sign != UInt8(ascii: "+"), sign != UInt8(ascii: "-") { return emit(.number) }
    if isNumber { _ = scanNumber() }
    let text = String(decoding: bytes[start..<position], as: UTF8.self)
    return fail("bad number syntax: \(GoQuote.quote(text))")
  }

  private mutating func scanNumber() -> Bool {
    _ = accept("+-")
    var digits: StaticString = "0123456789_"
    var exponent: StaticString = "eE"
    if accept("0") {
      if accept("xX") {
        digits = "0123456789abcdefABCDEF_"
        exponent = "pP"
      } else if accept("oO") {
        digits = "01234567_"
        exponent = ""
      } else if accept("bB") {
        digits = "01_"
        exponent = ""
      }
    }
    while accept(digits) {}
    if accept(".") { while accept(digits) {} }
    if accept(exponent) {
      _ = accept("+-")
      while accept("0123456789_") {}
    }
    _ = accept("i")
    let next = scalar(at: position)
    guard position < bytes.count, Self.isWord(next) else { return true }
    advance(to: position + String(next).utf8.count)
    return false
  }

  private mutating func accept(_ set: StaticString) -> Bool {
    guard position < bytes.count, set.description.utf8.contains(bytes[position]) else {
      return false
    }
    advance(to: position + 1)
    return true
  }

  // MARK: Bytes

  private mutating func single(_ kind: TemplateTokenKind) -> TemplateToken {
    advance(to: position + 1)
    return emit(kind)
  }

  private func emit(_ kind: TemplateTokenKind) -> TemplateToken {
    let text = String(decoding: bytes[start..<position], as: UTF8.self)
    return TemplateToken(kind: kind, position: start, text: text, line: startLine)
  }

  private mutating func fail(_ message: String) -> TemplateToken {
    isFinished = true
    return TemplateToken(kind: .error, position: start, text: message, line: startLine)
  }

  private mutating func advance(to end: Int) {
    while position < end {
      if bytes[position] == UInt8(ascii: "\n") { line += 1 }
      position += 1
    }
  }

  private func matches(_ text: StaticString, at index: Int) -> Bool {
    guard index >= 0, index + text.utf8CodeUnitCount <= bytes.count else { return false }
    return text.description.utf8.elementsEqual(bytes[index..<(index + text.utf8CodeUnitCount)])
  }

  private func find(_ text: StaticString, from index: Int) -> Int? {
    var i = index
    let first = text.description.utf8.first
    while i < bytes.count {
      if bytes[i] == first, matches(text, at: i) { return i }
      i += 1
    }
    return nil
  }

  private func scalar(at index: Int) -> Unicode.Scalar {
    guard index < bytes.count else { return "\0" }
    var iterator = bytes[index...].makeIterator()
    var decoder = UTF8()
    if case .scalarValue(let scalar) = decoder.decode(&iterator) { return scalar }
    return "\u{FFFD}"
  }

  static func isSpace(_ byte: UInt8) -> Bool {
    byte == 32 || byte == 9 || byte == 10 || byte == 13
  }

  static func isDigit(_ byte: UInt8) -> Bool { byte >= 48 && byte <= 57 }

  static func isWord(_ scalar: Unicode.Scalar) -> Bool {
    if scalar == "_" { return true }
    switch scalar.properties.generalCategory {
    case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter,
      .decimalNumber:
      return true
    default: return false
    }
  }

  /// Go's `%#U`.
  static func unicode(_ scalar: Unicode.Scalar) -> String {
    let hex = String(scalar.value, radix: 16, uppercase: true)
    let number = "U+" + String(repeating: "0", count: max(0, 4 - hex.utf8.count)) + hex
    let isShown = GoQuote.quote(String(scalar)).unicodeScalars.contains(scalar)
    return isShown ? "\(number) '\(scalar)'" : number
  }
}
