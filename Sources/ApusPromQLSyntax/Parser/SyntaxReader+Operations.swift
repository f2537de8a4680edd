extension SyntaxReader {
  /// `bool`, `on (...) group_left (...)`, `fill (...)` behind an operator. The sides are filled
  /// in by the caller.
  mutating func modifiers(_ op: BinaryOperator) throws(Stop) -> BinaryExpression {
    let nowhere = SourceRange(0, 0)
    let empty = Expression.number(NumberLiteral(value: 0, range: nowhere))
    var node = BinaryExpression(op: op, left: empty, right: empty, range: nowhere)
    node.returnsBool = try accept(.bool) != nil
    var matching = VectorMatching()
    let kind = try peek()
    if kind == .on || kind == .ignoring {
      try take()
      matching.isOn = kind == .on
      matching.labels = try groupingLabels()
      let side = try peek()
      if side == .groupLeft || side == .groupRight {
        try take()
        matching.cardinality = side == .groupLeft ? .manyToOne : .oneToMany
        // Without labels an operand or a fill modifier follows; else they are missed.
        let next = try peek()
        let isFill = next == .fill || next == .fillLeft || next == .fillRight
        if next == .leftParen || !(next.mayStartExpression || isFill) {
          matching.include = try groupingLabels()
        }
      }
    }
    try fillModifiers(&matching)
    node.matching = matching
    return node
  }

  private mutating func fillModifiers(_ matching: inout VectorMatching) throws(Stop) {
    switch try peek() {
    case .fill:
      try take()
      let value = try fillValue()
      matching.fillLeft = value
      matching.fillRight = value
    case .fillLeft:
      try take()
      matching.fillLeft = try fillValue()
      if try accept(.fillRight) != nil { matching.fillRight = try fillValue() }
    case .fillRight:
      try take()
      matching.fillRight = try fillValue()
      if try accept(.fillLeft) != nil { matching.fillLeft = try fillValue() }
    default: break
    }
  }

  private mutating func fillValue() throws(Stop) -> Double {
    guard try accept(.leftParen) != nil else { throw try unexpected() }
    let sign = try peek()
    if sign == .add || sign == .subtract { try take() }
    let kind = try peek()
    guard kind == .number || kind == .duration else { throw try unexpected() }
    let value = try numberLiteral().value
    guard try accept(.rightParen) != nil else { throw try unexpected() }
    return sign == .subtract ? -value : value
  }

  /// `(a, b, "c.d")`
  private mutating func groupingLabels() throws(Stop) -> [String] {
    guard try accept(.leftParen) != nil else {
      throw try unexpected("grouping opts", "\"(\"")
    }
    var labels: [String] = []
    if try accept(.rightParen) != nil { return labels }
    while true {
      labels.append(try groupingLabel())
      switch try peek() {
      case .comma:
        try take()
        if try accept(.rightParen) != nil { return labels }
      case .rightParen:
        try take()
        return labels
      default: throw try unexpected("grouping opts", "\",\" or \")\"")
      }
    }
  }

  private mutating func groupingLabel() throws(Stop) -> String {
    let token = try peekToken()
    if token.kind == .string {
      try take()
      let name = String(decoding: lexer.unquoted(token), as: UTF8.self)
      if name.isEmpty {
        report(token.range, "invalid label name for grouping: \(GoText.quote(text(token)))")
      }
      return name
    }
    guard token.kind.mayNameLabel else { throw try unexpected("grouping opts", "label") }
    if text(token).utf8.contains(UInt8(ascii: ":")) {
      throw try unexpected("grouping opts", "label")
    }
    try take()
    return text(token)
  }

  // MARK: Calls and aggregations

  mutating func call(_ name: Token) throws(Stop) -> Parsed {
    let (arguments, depth, end) = try arguments()
    let shown = text(name)
    let range = SourceRange(name.start, end)
    let signature = FunctionTable.signature(of: shown)
    if signature == nil {
      report(name.range, "unknown function with name \(GoText.quote(shown))")
    }
    if let signature, signature.isExperimental, !options.experimentalFunctions {
      report(name.range, "function \(GoText.quote(shown)) is not enabled")
    }
    let node = FunctionCall(
      function: signature ?? FunctionSignature(shown, [], returns: .none),
      arguments: arguments, range: range)
    try checkDepth(depth + 1, at: name)
    return Parsed(expression: .call(node), depth: depth + 1)
  }

  /// The expressions between parentheses, their greatest depth, and where the parentheses end.
  private mutating func arguments() throws(Stop) -> ([Expression], depth: Int, end: Int) {
    guard try accept(.leftParen) != nil else { throw try unexpected() }
    if let close = try accept(.rightParen) { return ([], 0, close.end) }
    var list: [Expression] = []
    var depthMax = 0
    while true {
      let parsed = try nested { (reader) throws(Stop) in try reader.expression(above: 0) }
      list.append(parsed.expression)
      depthMax = max(depthMax, parsed.depth)
      var comma: Token?
      while let next = try accept(.comma) {
        comma = next
        if try peek().mayStartExpression { break }
        report(next.range, "trailing commas not allowed in function call args")
      }
      if let close = try accept(.rightParen) { return (list, depthMax, close.end) }
      if comma == nil { throw try unexpected() }
    }
  }

  mutating func aggregation(_ name: Token) throws(Stop) -> Parsed {
    aggregationDepth += 1
    var grouping: (labels: [String], isWithout: Bool)?
    var end = name.end
    if try peek() != .leftParen { grouping = try groupingClause() }
    let (arguments, depth, close) = try self.arguments()
    end = close
    aggregationDepth -= 1
    if grouping == nil {
      let next = try peek()
      if next == .by || next == .without {
        grouping = try groupingClause()
        end = lastEnd
      }
    }
    let range = SourceRange(name.start, end)
    guard let op = AggregateOperator(rawValue: lexer.lowercased(name.start..<name.end)) else {
      throw try unexpected("aggregation")
    }
    var node = AggregateExpression(
      op: op, inner: .number(NumberLiteral(value: 0, range: range)),
      grouping: grouping?.labels ?? [], isWithout: grouping?.isWithout ?? false, range: range)
    if checkArguments(op, arguments, range) {
      node.inner = arguments[arguments.count - 1]
      if op.takesParameter { node.parameter = arguments[0] }
    }
    try checkDepth(depth + 1, at: name)
    return Parsed(expression: .aggregate(node), depth: depth + 1)
  }

  private mutating func checkArguments(
    _ op: AggregateOperator, _ arguments: [Expression], _ range: SourceRange
  ) -> Bool {
    if arguments.isEmpty {
      report(range, "no arguments for aggregate expression provided")
      return false
    }
    if op.isExperimental && !options.experimentalFunctions {
      report(
        range,
        "\(op.rawValue)() is experimental and must be enabled with "
          + "--enable-feature=promql-experimental-functions")
      return false
    }
    let wanted = op.takesParameter ? 2 : 1
    if arguments.count != wanted {
      report(
        range,
        "wrong number of arguments for aggregate expression provided, "
          + "expected \(wanted), got \(arguments.count)")
      return false
    }
    return true
  }

  private mutating func groupingClause() throws(Stop) -> (labels: [String], isWithout: Bool) {
    let keyword = try take()
    return (try groupingLabels(), keyword.kind == .without)
  }
}
