internal import ApusModel

extension SyntaxReader {
  private static let durationNouns = "number, duration, step(), or range()"

  // MARK: Ranges and subqueries

  /// `[5m]` or `[5m:1m]` behind a term.
  mutating func bracketed(_ inner: Parsed) throws(Stop) -> Parsed {
    let open = try take()
    let window = try durationExpression(
      in: "subquery or range selector", expected: SyntaxReader.durationNouns)
    let windowValue = positive(window)
    switch try peek() {
    case .rightBracket:
      let close = try take()
      return matrix(inner, windowValue, SourceRange(open.start, close.end))
    case .colon:
      try take()
      var step: DurationValue?
      if try peek() != .rightBracket {
        let expression = try durationExpression(
          in: "subquery selector",
          expected: "number, duration, step(), range(), or \"]\"")
        step = positive(expression)
      }
      guard let close = try accept(.rightBracket) else {
        throw try unexpected("subquery selector", "\"]\"")
      }
      let node = SubqueryExpression(
        inner: inner.expression, window: windowValue, step: step,
        range: SourceRange(inner.range.start, close.end))
      let parsed = Parsed(expression: .subquery(node), depth: inner.depth + 1)
      try checkDepth(parsed.depth, at: open)
      return parsed
    default:
      throw try unexpected("subquery or range", "\":\" or \"]\"")
    }
  }

  private mutating func matrix(
    _ inner: Parsed, _ window: DurationValue, _ brackets: SourceRange
  ) -> Parsed {
    let range = SourceRange(inner.range.start, brackets.end)
    guard case .vectorSelector(let selector) = inner.expression else {
      report(brackets, "ranges only allowed for vector selectors")
      let empty = VectorSelector(name: "", matchers: [], range: inner.range)
      let node = MatrixSelector(selector: empty, window: window, range: range)
      return Parsed(expression: .matrixSelector(node), depth: 2)
    }
    if case .ms(let offset) = selector.offset, offset != 0 {
      report(brackets, "no offset modifiers allowed before range")
    } else if case .timeMs = selector.at {
      report(brackets, "no @ modifiers allowed before range")
    }
    let node = MatrixSelector(selector: selector, window: window, range: range)
    return Parsed(expression: .matrixSelector(node), depth: 2)
  }

  /// A length that must be above zero where it is known.
  private mutating func positive(_ expression: DurationExpression) -> DurationValue {
    guard case .literal(let literal) = expression else { return .expression(expression) }
    if literal.value <= 0 {
      report(literal.range, "duration must be greater than 0")
      return .ms(0)
    }
    return .ms(SyntaxReader.ms(seconds: literal.value))
  }

  /// Nanoseconds rounded, then milliseconds cut, as Go's durations do.
  private static func ms(seconds: Double) -> Int64 {
    Int64((seconds * 1e9).rounded(.toNearestOrAwayFromZero) / 1e6)
  }

  // MARK: Offset, @, anchored, smoothed

  mutating func offset(_ parsed: Parsed) throws(Stop) -> Parsed {
    try take()
    let expression = try offsetDuration()
    let value: DurationValue =
      if case .literal(let literal) = expression {
        .ms(SyntaxReader.ms(seconds: literal.value))
      } else {
        .expression(expression)
      }
    return modified(
      parsed,
      misplaced: "offset modifier must be preceded by an instant vector selector or range "
        + "vector selector or a subquery"
    ) { (offset, _) in
      if case .ms(0) = offset {
        offset = value
        return nil
      }
      return "offset may not be set multiple times"
    }
  }

  mutating func at(_ parsed: Parsed) throws(Stop) -> Parsed {
    try take()
    let modifier: AtModifier
    switch try peek() {
    case .start, .end_:
      let word = try take()
      guard try accept(.leftParen) != nil, try accept(.rightParen) != nil else {
        throw try unexpected("@", "timestamp")
      }
      modifier = word.kind == .start ? .start : .end
    default:
      modifier = .timeMs(try timestampMs(parsed.range))
    }
    return modified(
      parsed,
      misplaced: "@ modifier must be preceded by an instant vector selector or range vector "
        + "selector or a subquery"
    ) { (_, at) in
      if at != nil { return "@ <timestamp> may not be set multiple times" }
      at = modifier
      return nil
    }
  }

  private mutating func timestampMs(_ range: SourceRange) throws(Stop) -> Int64 {
    let sign = try peek()
    if sign == .add || sign == .subtract { try take() }
    let kind = try peek()
    guard kind == .number || kind == .duration else { throw try unexpected("@", "timestamp") }
    let magnitude = try numberLiteral().value
    let seconds = sign == .subtract ? -magnitude : magnitude
    let limit = 9_223_372_036_854_775_808.0
    if !seconds.isFinite || seconds >= limit || seconds <= -limit {
      let shown = FloatText.fixed(seconds, places: 6)
      report(range, "timestamp out of bounds for @ modifier: \(shown)")
      return 0
    }
    // Beyond the range of milliseconds, the nearest time that can be told.
    let ms = (seconds * 1000).rounded(.toNearestOrAwayFromZero)
    return Int64(exactly: ms) ?? (ms < 0 ? .min : .max)
  }

  /// Changes offset or @ of a selector or subquery; `change` returns what is wrong.
  private mutating func modified(
    _ parsed: Parsed, misplaced: String,
    _ change: (inout DurationValue, inout AtModifier?) -> String?
  ) -> Parsed {
    var parsed = parsed
    let problem: String?
    switch parsed.expression {
    case .vectorSelector(var node):
      problem = change(&node.offset, &node.at)
      node.range.end = lastEnd
      parsed.expression = .vectorSelector(node)
    case .matrixSelector(var node):
      problem = change(&node.selector.offset, &node.selector.at)
      node.range.end = lastEnd
      parsed.expression = .matrixSelector(node)
    case .subquery(var node):
      problem = change(&node.offset, &node.at)
      node.range.end = lastEnd
      parsed.expression = .subquery(node)
    default:
      problem = misplaced
    }
    if let problem { report(parsed.range, problem) }
    return parsed
  }

  mutating func extended(_ parsed: Parsed) throws(Stop) -> Parsed {
    let token = try take()
    let isAnchored = token.kind == .anchored
    let word = isAnchored ? "anchored" : "smoothed"
    var parsed = parsed
    guard options.extendedRangeSelectors else {
      report(parsed.range, "\(word) modifier is experimental and not enabled")
      return parsed
    }
    func mark(_ node: inout VectorSelector) -> Bool {
      if isAnchored { node.isAnchored = true } else { node.isSmoothed = true }
      return node.isAnchored && node.isSmoothed
    }
    var isBoth = false
    switch parsed.expression {
    case .vectorSelector(var node):
      isBoth = mark(&node)
      parsed.expression = .vectorSelector(node)
    case .matrixSelector(var node):
      isBoth = mark(&node.selector)
      parsed.expression = .matrixSelector(node)
    case .subquery:
      report(parsed.range, "\(word) modifier is not supported for subqueries")
    default:
      report(parsed.range, "\(word) modifier not implemented")
    }
    if isBoth {
      report(parsed.range, "anchored and smoothed modifiers cannot be used together")
    }
    return parsed
  }
}
