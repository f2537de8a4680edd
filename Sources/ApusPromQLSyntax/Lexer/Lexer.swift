internal import ApusModel

/// Cuts a query into tokens, one at a time, with Prometheus's error texts.
///
/// It goes through the text once and remembers in which part it is, for braces, brackets and
/// series values have words of their own. Source: promql/parser/lex.go.
struct Lexer {
  /// The part of the language that the next token belongs to.
  enum State {
    case statements
    case braces
    case durations
    case values
    case histogram
    case buckets
    case finished
  }

  let bytes: [UInt8]
  /// Where the next byte is read.
  var position = 0
  /// Where the token being read starts; errors point here.
  var start = 0
  var state = State.statements
  var parenDepth = 0
  var isBraceOpen = false
  var isBracketOpen = false
  var hasColon = false
  var hasDuration = false
  /// Reads the notation of series in tests rather than a query.
  let isSeries: Bool
  var isInHistogram = false
  /// The text of the error that a token of kind `error` stands for.
  var message = ""

  init(_ text: String, isSeries: Bool = false) {
    bytes = Array(text.utf8)
    self.isSeries = isSeries
  }

  /// The next token. After the end, and after an error, there is only the end.
  mutating func next() -> Token {
    while true {
      let token: Token? =
        switch state {
        case .statements: nextStatement()
        case .braces: nextInBraces()
        case .durations: nextInDurations()
        case .values: nextValue()
        case .histogram: nextInHistogram()
        case .buckets: nextInBuckets()
        case .finished: Token(kind: .end, start: bytes.count, end: bytes.count)
        }
      if let token { return token }
    }
  }

  // MARK: Reading bytes

  /// The byte at an offset from the position; 0 beyond the end.
  func peek(_ ahead: Int = 0) -> UInt8 {
    let at = position + ahead
    return at < bytes.count ? bytes[at] : 0
  }

  var isAtEnd: Bool { position >= bytes.count }

  func text(_ token: Token) -> String {
    String(decoding: bytes[token.start..<token.end], as: UTF8.self)
  }

  mutating func emit(_ kind: TokenKind) -> Token {
    let token = Token(kind: kind, start: start, end: position)
    start = position
    return token
  }

  mutating func fail(_ text: String) -> Token {
    message = text
    state = .finished
    return Token(kind: .error, start: start, end: bytes.count)
  }

  /// The character at a position, and how many bytes it takes.
  func scalar(at index: Int) -> (scalar: Unicode.Scalar, length: Int) {
    guard index < bytes.count else { return ("\0", 0) }
    var iterator = bytes[index...].makeIterator()
    var decoder = UTF8()
    if case .scalarValue(let scalar) = decoder.decode(&iterator) {
      return (scalar, String(scalar).utf8.count)
    }
    return ("\u{FFFD}", 1)
  }

  /// A character in the quotes of Go's `%q`; the end of the text is shown as Go shows -1.
  func quoted(at index: Int) -> String {
    index < bytes.count ? GoText.quote(scalar(at: index).scalar) : "'\u{FFFD}'"
  }

  mutating func skipSpaces() {
    while Lexer.isSpace(peek()) { position += 1 }
    start = position
  }

  /// Skips a comment; false where there is none.
  mutating func skipComment() -> Bool {
    guard peek() == UInt8(ascii: "#") else { return false }
    while !isAtEnd, peek() != UInt8(ascii: "\n"), peek() != UInt8(ascii: "\r") { position += 1 }
    start = position
    return true
  }

  static func isSpace(_ byte: UInt8) -> Bool {
    byte == 32 || byte == 9 || byte == 10 || byte == 13
  }

  static func isDigit(_ byte: UInt8) -> Bool { byte >= 48 && byte <= 57 }

  static func isAlpha(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: "_") || (byte | 0x20 >= 97 && byte | 0x20 <= 122)
  }

  static func isWord(_ byte: UInt8) -> Bool { isAlpha(byte) || isDigit(byte) }
}
