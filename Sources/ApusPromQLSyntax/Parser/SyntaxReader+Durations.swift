/// Durations in brackets and behind `offset`: literals, or expressions over them.
extension SyntaxReader {
  /// The longest duration Go can hold, in seconds.
  private static let secondsMax = 9_223_372_036.854775807

  /// Parses operands and operators that bind more tightly than `floor`. An error is reported as
  /// one of the surrounding part of the grammar.
  mutating func durationExpression(
    _ floor: Int, in context: String, expected: String
  ) throws(Stop) -> DurationExpression {
    var left = try durationOperand(context, expected)
    while let (op, precedence) = durationOperator(try peek()), precedence > floor {
      let token = try take()
      let rightFloor = op == "^" ? precedence - 1 : precedence
      let right = try nested { (reader) throws(Stop) in
        try reader.durationExpression(rightFloor, in: context, expected: expected)
      }
      requireDurationExpressions(left.range)
      if case .literal(let literal) = right, literal.value == 0, op == "/" || op == "%" {
        report(token.range, op == "/" ? "division by zero" : "modulo by zero")
      }
      left = .binary(op: op, left, right, SourceRange(left.range.start, right.range.end))
    }
    return left
  }

  private func durationOperator(_ kind: TokenKind) -> (String, Int)? {
    switch kind {
    case .add: ("+", 4)
    case .subtract: ("-", 4)
    case .multiply: ("*", 5)
    case .divide: ("/", 5)
    case .modulo: ("%", 5)
    case .power: ("^", 6)
    default: nil
    }
  }

  private mutating func durationOperand(
    _ context: String, _ expected: String
  ) throws(Stop) -> DurationExpression {
    let token = try peekToken()
    switch token.kind {
    case .number, .duration:
      return .literal(inRange(try numberLiteral()))
    case .add, .subtract:
      try take()
      let inner = try nested { (reader) throws(Stop) in
        try reader.durationExpression(5, in: context, expected: expected)
      }
      return signed(token, inner)
    case .leftParen:
      return try parenthesizedDuration(context, expected)
    case .step, .range, .minOf, .maxOf, .min, .max:
      return try durationCall(context, expected)
    default:
      throw try unexpected(context, expected)
    }
  }

  /// What may stand behind `offset`. A bare literal ends there: `a offset -2 ^ 2` is
  /// `(a offset -2) ^ 2`.
  mutating func offsetDuration() throws(Stop) -> DurationExpression {
    let context = "offset"
    let expected = "number, duration, step(), or range()"
    let sign = try peekToken()
    guard sign.kind == .add || sign.kind == .subtract else {
      if sign.kind == .leftParen {
        return try durationExpression(0, in: context, expected: expected)
      }
      return try durationOperand(context, expected)
    }
    try take()
    let inner: DurationExpression
    if try peek() == .leftParen {
      inner = try parenthesizedDuration(context, expected)
    } else {
      let kind = try peek()
      guard kind != .add && kind != .subtract else { throw try unexpected(context, expected) }
      inner = try durationOperand(context, expected)
    }
    return signed(sign, inner)
  }

  private mutating func parenthesizedDuration(
    _ context: String, _ expected: String
  ) throws(Stop) -> DurationExpression {
    let open = try take()
    let inner = try nested { (reader) throws(Stop) in
      try reader.durationExpression(0, in: context, expected: expected)
    }
    guard let close = try accept(.rightParen) else { throw try unexpected(context, expected) }
    requireDurationExpressions(inner.range)
    return .parentheses(inner, SourceRange(open.start, close.end))
  }

  private mutating func durationCall(
    _ context: String, _ expected: String
  ) throws(Stop) -> DurationExpression {
    let word = try take()
    guard try accept(.leftParen) != nil else { throw try unexpected(context, expected) }
    if word.kind == .step || word.kind == .range {
      guard let close = try accept(.rightParen) else { throw try unexpected(context, expected) }
      let range = SourceRange(word.start, close.end)
      requireDurationExpressions(range)
      return word.kind == .step ? .step(range) : .range(range)
    }
    let (left, right) = try nested { (reader) throws(Stop) in
      let left = try reader.durationExpression(0, in: context, expected: expected)
      guard try reader.accept(.comma) != nil else {
        throw try reader.unexpected(context, expected)
      }
      return (left, try reader.durationExpression(0, in: context, expected: expected))
    }
    guard let close = try accept(.rightParen) else { throw try unexpected(context, expected) }
    let range = SourceRange(word.start, close.end)
    requireDurationExpressions(range)
    let op = word.kind == .minOf || word.kind == .min ? "min" : "max"
    return .binary(op: op, left, right, range)
  }

  private mutating func requireDurationExpressions(_ range: SourceRange) {
    if !options.durationExpressions {
      report(range, "experimental duration expression is not enabled")
    }
  }

  private mutating func inRange(_ literal: NumberLiteral) -> NumberLiteral {
    var literal = literal
    if !(literal.value.magnitude <= SyntaxReader.secondsMax) {
      report(literal.range, "duration out of range")
      literal.value = 0
    }
    return literal
  }

  private func signed(_ sign: Token, _ inner: DurationExpression) -> DurationExpression {
    let range = SourceRange(sign.start, inner.range.end)
    guard case .literal(var literal) = inner else {
      return sign.kind == .subtract ? .unary(isNegated: true, inner, range) : inner
    }
    if sign.kind == .subtract { literal.value = -literal.value }
    literal.range = range
    return .literal(literal)
  }
}

extension DurationExpression {
  package var range: SourceRange {
    switch self {
    case .literal(let literal): literal.range
    case .step(let range), .range(let range): range
    case .unary(_, _, let range), .binary(_, _, _, let range): range
    case .parentheses(_, let range): range
    }
  }
}
