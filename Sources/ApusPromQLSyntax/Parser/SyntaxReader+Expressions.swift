internal import ApusModel

/// A part of the tree and how many levels it has.
struct Parsed {
  var expression: Expression
  var depth = 1

  var range: SourceRange { expression.range }
}

extension SyntaxReader {
  mutating func wholeExpression() throws(Stop) -> Expression {
    if try peek() == .end {
      report(SourceRange(0, 0), "no expression found in input")
      throw Stop()
    }
    let parsed = try expression(above: 0)
    try expectEnd()
    return parsed.expression
  }

  /// Parses operands and operators that bind more tightly than `floor`.
  mutating func expression(above floor: Int) throws(Stop) -> Parsed {
    var left = try operand()
    while let (op, precedence) = try binaryOperator(), precedence > floor {
      let token = try take()
      var node = try modifiers(op)
      // Only the power is right-associative.
      let rightFloor = op == .power ? precedence - 1 : precedence
      let right = try nested { (reader) throws(Stop) in
        try reader.expression(above: rightFloor)
      }
      node.left = left.expression
      node.right = right.expression
      node.range = SourceRange(left.range.start, right.range.end)
      if !options.fillModifiers,
        node.matching?.fillLeft != nil || node.matching?.fillRight != nil
      {
        report(node.range, "binop fill modifiers are experimental and not enabled")
      }
      left = Parsed(expression: .binary(node), depth: 1 + max(left.depth, right.depth))
      try checkDepth(left.depth, at: token)
    }
    return left
  }

  private mutating func binaryOperator() throws(Stop) -> (BinaryOperator, Int)? {
    switch try peek() {
    case .or: (.or, 1)
    case .and: (.and, 2)
    case .unless: (.unless, 2)
    case .equalEqual: (.equal, 3)
    case .notEqual: (.notEqual, 3)
    case .less: (.less, 3)
    case .lessOrEqual: (.lessOrEqual, 3)
    case .greater: (.greater, 3)
    case .greaterOrEqual: (.greaterOrEqual, 3)
    case .trimUpper: (.trimUpper, 3)
    case .trimLower: (.trimLower, 3)
    case .add: (.add, 4)
    case .subtract: (.subtract, 4)
    case .multiply: (.multiply, SyntaxReader.unaryPrecedence)
    case .divide: (.divide, 5)
    case .modulo: (.modulo, 5)
    case .arcTangent: (.arcTangent, 5)
    case .power: (.power, 6)
    default: nil
    }
  }

  /// A sign binds like a multiplication: `-a ^ b` is `-(a ^ b)`.
  private static let unaryPrecedence = 5

  /// A term with all that may follow it: ranges, offset, @, anchored, smoothed.
  private mutating func operand() throws(Stop) -> Parsed {
    let kind = try peek()
    if kind == .add || kind == .subtract { return try signed() }
    var parsed = try term()
    while true {
      switch try peek() {
      case .leftBracket: parsed = try bracketed(parsed)
      case .offset: parsed = try offset(parsed)
      case .at: parsed = try at(parsed)
      case .anchored, .smoothed: parsed = try extended(parsed)
      default: return parsed
      }
    }
  }

  private mutating func signed() throws(Stop) -> Parsed {
    let sign = try take()
    var inner = try nested { (reader) throws(Stop) in
      try reader.expression(above: SyntaxReader.unaryPrecedence)
    }
    let range = SourceRange(sign.start, inner.range.end)
    if case .number(var literal) = inner.expression {
      if sign.kind == .subtract { literal.value = -literal.value }
      literal.range = range
      inner.expression = .number(literal)
      return inner
    }
    let node = UnaryExpression(
      isNegated: sign.kind == .subtract, operand: inner.expression, range: range)
    let parsed = Parsed(expression: .unary(node), depth: inner.depth + 1)
    try checkDepth(parsed.depth, at: sign)
    return parsed
  }

  private mutating func term() throws(Stop) -> Parsed {
    let token = try peekToken()
    switch token.kind {
    case .number, .duration:
      return Parsed(expression: .number(try numberLiteral()))
    case .string:
      try take()
      return Parsed(expression: .string(stringLiteral(token)))
    case .leftParen:
      return try parenthesized()
    case .leftBrace:
      return Parsed(expression: .vectorSelector(try selector()))
    case let kind where kind.mayNameMetric:
      try take()
      let next = try peek()
      if kind.isAggregator, next == .leftParen || next == .by || next == .without {
        return try aggregation(token)
      }
      if kind == .identifier || kind.isTimeWord, next == .leftParen {
        return try call(token)
      }
      return Parsed(expression: .vectorSelector(try selector(named: token)))
    default:
      throw try unexpected()
    }
  }

  private mutating func parenthesized() throws(Stop) -> Parsed {
    let open = try take()
    let inner = try nested { (reader) throws(Stop) in try reader.expression(above: 0) }
    guard let close = try accept(.rightParen) else { throw try unexpected() }
    let node = ParenthesesExpression(
      inner: inner.expression, range: SourceRange(open.start, close.end))
    let parsed = Parsed(expression: .parentheses(node), depth: inner.depth + 1)
    try checkDepth(parsed.depth, at: open)
    return parsed
  }

  private func stringLiteral(_ token: Token) -> StringLiteral {
    let bytes = lexer.unquoted(token)
    return StringLiteral(value: String(decoding: bytes, as: UTF8.self), range: token.range)
  }

  // MARK: Numbers

  /// A number, or a duration in seconds.
  mutating func numberLiteral() throws(Stop) -> NumberLiteral {
    let token = try take()
    let isDuration = token.kind == .duration
    let value = isDuration ? durationSeconds(token) : numberValue(token)
    return NumberLiteral(value: value, isDuration: isDuration, range: token.range)
  }

  mutating func durationSeconds(_ token: Token) -> Double {
    do {
      return Double(try DurationText.parse(text(token))) / 1000
    } catch {
      report(token.range, error.description)
      return 0
    }
  }

  /// Integers in every base Go knows, then floats.
  mutating func numberValue(_ token: Token) -> Double {
    let shown = text(token)
    if let integer = IntegerText.parse(shown) { return Double(integer) }
    do {
      return try FloatText.parse(shown)
    } catch {
      report(token.range, "error parsing number: \(error.text(parsing: shown))")
      return 0
    }
  }
}
