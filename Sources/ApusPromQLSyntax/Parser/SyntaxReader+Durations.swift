/// A part of a duration and how many levels it has.
private struct DurationPart {
  var expression: DurationExpression
  var depth = 1

  var range: SourceRange { expression.range }
}

/// Durations in brackets and behind `offset`: literals, or expressions over them.
extension SyntaxReader {
  /// The longest duration Go can hold, in seconds.
  private static let secondsMax = 9_223_372_036.854775807

  /// Parses a whole duration. An error is reported as one of the surrounding part of the grammar.
  mutating func durationExpression(
    in context: String, expected: String
  ) throws(Stop) -> DurationExpression {
    try durationPart(0, in: context, expected: expected).expression
  }

  /// Parses operands and operators that bind more tightly than `floor`.
  private mutating func durationPart(
    _ floor: Int, in context: String, expected: String
  ) throws(Stop) -> DurationPart {
    var left = try durationOperand(context, expected)
    while let (op, precedence) = durationOperator(try peek()), precedence > floor {
      let token = try take()
      let rightFloor = op == "^" ? precedence - 1 : precedence
      let right = try nested { (reader) throws(Stop) in
        try reader.durationPart(rightFloor, in: context, expected: expected)
      }
      requireDurationExpressions(left.range)
      if case .literal(let literal) = right.expression, literal.value == 0, op == "/" || op == "%" {
        report(token.range, op == "/" ? "division by zero" : "modulo by zero")
      }
      let range = SourceRange(left.range.start, right.range.end)
      left = DurationPart(
        expression: .binary(op: op, left.expression, right.expression, range),
        depth: 1 + max(left.depth, right.depth))
      try checkDepth(left.depth, at: token)
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
  ) throws(Stop) -> DurationPart {
    let token = try peekToken()
    switch token.kind {
    case .number, .duration:
      return DurationPart(expression: .literal(inRange(try numberLiteral())))
    case .add, .subtract:
      try take()
      let inner = try nested { (reader) throws(Stop) in
        try reader.durationPart(5, in: context, expected: expected)
      }
      return try signed(token, inner)
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
        return try durationExpression(in: context, expected: expected)
      }
      return try durationOperand(context, expected).expression
    }
    try take()
    let inner: DurationPart
    if try peek() == .leftParen {
      inner = try parenthesizedDuration(context, expected)
    } else {
      let kind = try peek()
      guard kind != .add && kind != .subtract else { throw try unexpected(context, expected) }
      inner = try durationOperand(context, expected)
    }
    return try signed(sign, inner).expression
  }

  private mutating func parenthesizedDuration(
    _ context: String, _ expected: String
  ) throws(Stop) -> DurationPart {
    let open = try take()
    let inner = try nested { (reader) throws(Stop) in
      try reader.durationPart(0, in: context, expected: expected)
    }
    guard let close = try accept(.rightParen) else { throw try unexpected(context, expected) }
    requireDurationExpressions(inner.range)
    let part = DurationPart(
      expression: .parentheses(inner.expression, SourceRange(open.start, close.end)),
      depth: inner.depth + 1)
    try checkDepth(part.depth, at: open)
    return part
  }

  private mutating func durationCall(
    _ context: String, _ expected: String
  ) throws(Stop) -> DurationPart {
    let word = try take()
    guard try accept(.leftParen) != nil else { throw try unexpected(context, expected) }
    if word.kind == .step || word.kind == .range {
      guard let close = try accept(.rightParen) else { throw try unexpected(context, expected) }
      let range = SourceRange(word.start, close.end)
      requireDurationExpressions(range)
      return DurationPart(expression: word.kind == .step ? .step(range) : .range(range))
    }
    let (left, right) = try nested { (reader) throws(Stop) in
      let left = try reader.durationPart(0, in: context, expected: expected)
      guard try reader.accept(.comma) != nil else {
        throw try reader.unexpected(context, expected)
      }
      return (left, try reader.durationPart(0, in: context, expected: expected))
    }
    guard let close = try accept(.rightParen) else { throw try unexpected(context, expected) }
    let range = SourceRange(word.start, close.end)
    requireDurationExpressions(range)
    let op = word.kind == .minOf || word.kind == .min ? "min" : "max"
    let part = DurationPart(
      expression: .binary(op: op, left.expression, right.expression, range),
      depth: 1 + max(left.depth, right.depth))
    try checkDepth(part.depth, at: word)
    return part
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

  private mutating func signed(
    _ sign: Token, _ inner: DurationPart
  ) throws(Stop) -> DurationPart {
    let range = SourceRange(sign.start, inner.range.end)
    guard case .literal(var literal) = inner.expression else {
      guard sign.kind == .subtract else { return inner }
      let part = DurationPart(
        expression: .unary(isNegated: true, inner.expression, range), depth: inner.depth + 1)
      try checkDepth(part.depth, at: sign)
      return part
    }
    if sign.kind == .subtract { literal.value = -literal.value }
    literal.range = range
    return DurationPart(expression: .literal(literal))
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
