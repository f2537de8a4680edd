package import ApusModel
internal import ApusSystem

/// Reads PromQL.
///
/// A descent through the grammar with Prometheus's messages and positions. Where the grammar of
/// Prometheus (promql/parser/generated_parser.y) names what it expected, so do we; an error
/// without a name of its own inside an aggregation is one "in aggregation".
package enum Parser {
  /// Parses and checks an expression.
  package static func parse(
    _ query: String, options: ParserOptions = .init()
  ) throws(ParseError) -> Expression {
    var reader = SyntaxReader(query, options: options)
    return try reader.run { (reader) throws(SyntaxReader.Stop) in
      let expression = try reader.wholeExpression()
      var check = TypeCheck(query: query)
      let checked = reader.findings.isEmpty ? check.checked(expression) : expression
      reader.findings += check.findings
      return checked
    }
  }

  /// Parses `name{label="value"}` alone, as the parameter match[] has it. Whether a matcher is
  /// empty is left to the caller.
  package static func parseMetricSelector(
    _ text: String
  ) throws(ParseError) -> [LabelMatcher] {
    var reader = SyntaxReader(text, options: .init())
    return try reader.run { (reader) throws(SyntaxReader.Stop) in
      let selector = try reader.selector()
      try reader.expectEnd()
      return selector.matchers
    }
  }

  /// Parses `name{label="value"}` as the labels of one series.
  package static func parseMetric(_ text: String) throws(ParseError) -> Labels {
    var reader = SyntaxReader(text, options: .init())
    return try reader.run { (reader) throws(SyntaxReader.Stop) in
      let labels = try reader.metric()
      try reader.expectEnd()
      return labels
    }
  }
}

extension Parser {
  /// Parses an expression and hands its tree to `body`; both on a large stack, and with a higher
  /// bound of nesting, where the text may be nested deeply. The tree must not leave `body`.
  package static func withTree<Made: Sendable>(
    of query: String, options: ParserOptions = .init(),
    _ body: @escaping @Sendable (Expression) -> Made
  ) throws(ParseError) -> Made {
    guard mayBeDeep(query) else { return body(try parse(query, options: options)) }
    let made = DeepStack.run { () -> Result<Made, ParseError> in
      Result { () throws(ParseError) in body(try parse(query, options: options.deep)) }
    }
    // Without a thread to be had, what is not deep can be had still.
    guard let made else { return body(try parse(query, options: options)) }
    return try made.get()
  }

  /// Whether a text may be nested more deeply than `Limits.depthMax`, so that it is to be parsed
  /// and walked on a large stack. What opens a level is counted, in strings and comments too.
  package static func mayBeDeep(_ query: String) -> Bool {
    guard query.utf8.count > Limits.depthMax else { return false }
    var levels = 0
    var previous: UInt8 = 0
    for byte in query.utf8 {
      switch byte {
      case UInt8(ascii: "("), UInt8(ascii: "["), UInt8(ascii: "+"), UInt8(ascii: "-"),
        UInt8(ascii: "*"), UInt8(ascii: "/"), UInt8(ascii: "%"), UInt8(ascii: "^"),
        UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "!"):
        levels += 1
      case UInt8(ascii: "=") where previous == byte: levels += 1
      default:
        // The words that are operators: and, or, unless, atan2.
        let letter = byte | 0x20
        let isFirst =
          letter == UInt8(ascii: "a") || letter == UInt8(ascii: "o") || letter == UInt8(ascii: "u")
        if isFirst && !Lexer.isWord(previous) { levels += 1 }
      }
      previous = byte
    }
    return levels > Limits.depthMax
  }
}

/// The state of one parse: the lexer, one token of lookahead, and what was found wrong.
struct SyntaxReader {
  /// Thrown where parsing cannot go on; the reason is the last of `findings`.
  struct Stop: Error {}

  let query: String
  let options: ParserOptions
  var lexer: Lexer
  var findings: [ParseError.Finding] = []
  /// The next token, read only when it is asked for: an error of the lexer must not come before
  /// one that is found without looking further.
  private var lookahead: Token?
  /// Where the last taken token ends.
  private(set) var lastEnd = 0
  /// How many aggregations are open around this place.
  var aggregationDepth = 0
  var depth = 0

  init(_ query: String, options: ParserOptions, isSeries: Bool = false) {
    self.query = query
    self.options = options
    lexer = Lexer(query, isSeries: isSeries)
  }

  mutating func run<Result>(
    _ body: (inout SyntaxReader) throws(Stop) -> Result
  ) throws(ParseError) -> Result {
    do {
      let result = try body(&self)
      if findings.isEmpty { return result }
    } catch {
      precondition(!findings.isEmpty, "parsing stopped without a reason")
    }
    throw ParseError(findings: findings, query: query)
  }

  // MARK: Tokens

  mutating func peekToken() throws(Stop) -> Token {
    if let lookahead { return lookahead }
    let token = lexer.next()
    if token.kind == .error {
      let range = SourceRange(token.start, lexer.bytes.count)
      findings.append(ParseError.Finding(range: range, message: lexer.message))
      throw Stop()
    }
    lookahead = token
    return token
  }

  mutating func peek() throws(Stop) -> TokenKind { try peekToken().kind }

  @discardableResult
  mutating func take() throws(Stop) -> Token {
    let token = try peekToken()
    lookahead = nil
    lastEnd = token.end
    return token
  }

  /// Takes the next token if it is of a kind.
  mutating func accept(_ kind: TokenKind) throws(Stop) -> Token? {
    guard try peek() == kind else { return nil }
    return try take()
  }

  mutating func expectEnd() throws(Stop) {
    if try peek() != .end { throw try unexpected() }
  }

  func text(_ token: Token) -> String { lexer.text(token) }

  // MARK: Errors

  /// Records an error after which parsing goes on.
  mutating func report(_ range: SourceRange, _ message: String) {
    findings.append(ParseError.Finding(range: range, message: message))
  }

  /// Records that the next token may not stand where it stands.
  mutating func unexpected(
    _ context: String? = nil, _ expected: String? = nil
  ) throws(Stop) -> Stop {
    let token = try peekToken()
    var message = "unexpected \(describe(token))"
    if let context = context ?? (aggregationDepth > 0 ? "aggregation" : nil) {
      message += " in \(context)"
    }
    if let expected { message += ", expected \(expected)" }
    report(token.range, message)
    return Stop()
  }

  /// A token as messages show it.
  private func describe(_ token: Token) -> String {
    if token.kind == .end { return "end of input" }
    let shown = text(token)
    if token.kind.isKeyword { return "<\(shown)>" }
    if token.kind.isOperator { return "<op:\(shown)>" }
    if token.kind.isAggregator { return "<aggr:\(shown)>" }
    guard let noun = token.kind.noun else { return GoText.quote(shown) }
    let isName = token.kind == .identifier || token.kind == .metricIdentifier
    if isName || shown.utf8.count <= 10 { return "\(noun) \(GoText.quote(shown))" }
    let head = String(String.UnicodeScalarView(shown.unicodeScalars.prefix(10)))
    return "\(noun) \(GoText.quote(head))..."
  }

  /// Runs a part of the grammar one level deeper.
  mutating func nested<Result>(
    _ body: (inout SyntaxReader) throws(Stop) -> Result
  ) throws(Stop) -> Result {
    depth += 1
    defer { depth -= 1 }
    if depth > options.depthMax { try checkDepth(depth, at: try peekToken()) }
    return try body(&self)
  }

  /// Refuses a part of so many levels if they are too many.
  mutating func checkDepth(_ levels: Int, at token: Token) throws(Stop) {
    guard levels > options.depthMax else { return }
    report(
      token.range, "expression is nested too deeply: more than \(options.depthMax) levels")
    throw Stop()
  }
}
