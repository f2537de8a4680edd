internal import ApusModel

/// The tree of an expression as the HTTP API's parse_query answers it: the same keys in the same
/// order, byte for byte.
///
/// Source: Prometheus, web/api/v1/translate_ast.go; keys are sorted, as Go sorts those of a map.
package enum ASTJSON {
  package static func json(_ expression: Expression) -> [UInt8] {
    var writer = ASTWriter()
    writer.write(expression)
    return writer.out
  }
}

private struct ASTWriter {
  var out: [UInt8] = []

  mutating func raw(_ text: String) { out.append(contentsOf: text.utf8) }

  mutating func string(_ text: String) { GoJSON.append(text, to: &out) }

  mutating func strings(_ list: [String]) {
    raw("[")
    for (i, text) in list.enumerated() {
      if i > 0 { raw(",") }
      string(text)
    }
    raw("]")
  }

  mutating func write(_ expression: Expression) {
    switch expression {
    case .number(let node):
      raw("{\"type\":\"numberLiteral\",\"val\":\"\(FloatText.f(node.value))\"}")
    case .string(let node):
      raw("{\"type\":\"stringLiteral\",\"val\":")
      string(node.value)
      raw("}")
    case .parentheses(let node):
      raw("{\"expr\":")
      write(node.inner)
      raw(",\"type\":\"parenExpr\"}")
    case .unary(let node):
      raw("{\"expr\":")
      write(node.operand)
      raw(",\"op\":\"\(node.isNegated ? "-" : "+")\",\"type\":\"unaryExpr\"}")
    case .aggregate(let node): write(node)
    case .binary(let node): write(node)
    case .call(let node): write(node)
    case .vectorSelector(let node): write(node, window: nil)
    case .matrixSelector(let node): write(node.selector, window: node.window)
    case .subquery(let node): write(node)
    }
  }

  private mutating func write(_ node: AggregateExpression) {
    raw("{\"expr\":")
    write(node.inner)
    raw(",\"grouping\":")
    strings(node.grouping)
    raw(",\"op\":\"\(node.op.rawValue)\",\"param\":")
    if let parameter = node.parameter { write(parameter) } else { raw("null") }
    raw(",\"type\":\"aggregation\",\"without\":\(node.isWithout)}")
  }

  private mutating func write(_ node: BinaryExpression) {
    raw("{\"bool\":\(node.returnsBool),\"lhs\":")
    write(node.left)
    raw(",\"matching\":")
    if let matching = node.matching { write(matching) } else { raw("null") }
    raw(",\"op\":")
    string(node.op.rawValue)
    raw(",\"rhs\":")
    write(node.right)
    raw(",\"type\":\"binaryExpr\"}")
  }

  private mutating func write(_ node: VectorMatching) {
    let fills = [node.fillLeft, node.fillRight].map { $0.map { FloatText.json($0) } ?? "null" }
    raw("{\"card\":\"\(node.cardinality.rawValue)\",")
    raw("\"fillValues\":{\"lhs\":\(fills[0]),\"rhs\":\(fills[1])},\"include\":")
    strings(node.include)
    raw(",\"labels\":")
    strings(node.labels)
    raw(",\"on\":\(node.isOn)}")
  }

  private mutating func write(_ node: FunctionCall) {
    raw("{\"args\":[")
    for (i, argument) in node.arguments.enumerated() {
      if i > 0 { raw(",") }
      write(argument)
    }
    raw("],\"func\":{\"argTypes\":")
    strings(node.function.argumentTypes.map(\.rawValue))
    raw(",\"name\":\"\(node.function.name)\",")
    raw("\"returnType\":\"\(node.function.returnType.rawValue)\",")
    raw("\"variadic\":\(node.function.variadic)},\"type\":\"call\"}")
  }

  private mutating func write(_ node: VectorSelector, window: DurationValue?) {
    raw("{\"anchored\":\(node.isAnchored),\"matchers\":[")
    for (i, matcher) in node.matchers.enumerated() {
      raw(i > 0 ? ",{\"name\":" : "{\"name\":")
      string(matcher.name)
      raw(",\"type\":\"\(matcher.kind.rawValue)\",\"value\":")
      string(matcher.value)
      raw("}")
    }
    raw("],\"name\":")
    string(node.name)
    duration("offset", node.offset)
    if let window { duration("range", window) }
    raw(",\"smoothed\":\(node.isSmoothed)")
    at(node.at)
    raw(",\"type\":\"\(window == nil ? "vectorSelector" : "matrixSelector")\"}")
  }

  private mutating func write(_ node: SubqueryExpression) {
    raw("{\"expr\":")
    write(node.inner)
    duration("offset", node.offset)
    duration("range", node.window)
    startOrEnd(node.at)
    duration("step", node.step ?? .ms(0))
    timestamp(node.at)
    raw(",\"type\":\"subquery\"}")
  }

  private mutating func at(_ modifier: AtModifier?) {
    startOrEnd(modifier)
    timestamp(modifier)
  }

  private mutating func startOrEnd(_ modifier: AtModifier?) {
    switch modifier {
    case .start: raw(",\"startOrEnd\":\"start\"")
    case .end: raw(",\"startOrEnd\":\"end\"")
    default: raw(",\"startOrEnd\":null")
    }
  }

  private mutating func timestamp(_ modifier: AtModifier?) {
    if case .timeMs(let ms) = modifier {
      raw(",\"timestamp\":\(ms)")
    } else {
      raw(",\"timestamp\":null")
    }
  }

  /// Two keys: milliseconds, and the expression where there is one.
  private mutating func duration(_ key: String, _ value: DurationValue) {
    switch value {
    case .ms(let ms): raw(",\"\(key)\":\(ms),\"\(key)Expr\":null")
    case .expression(let expression):
      raw(",\"\(key)\":0,\"\(key)Expr\":")
      write(expression, isWrapped: false)
    }
  }

  private mutating func write(_ expression: DurationExpression, isWrapped: Bool) {
    switch expression {
    case .literal(let literal) where !isWrapped:
      raw("{\"duration\":\(literal.isDuration),\"type\":\"numberLiteral\",")
      raw("\"val\":\"\(FloatText.f(literal.value))\"}")
    case .literal: durationNode("+", nil, expression, isWrapped)
    case .step: durationNode("step", nil, nil, isWrapped)
    case .range: durationNode("range", nil, nil, isWrapped)
    case .unary(let isNegated, let inner, _):
      durationNode(isNegated ? "-" : "+", nil, inner, isWrapped)
    case .binary(let op, let left, let right, _):
      durationNode(op == "min" || op == "max" ? "\(op)_of" : op, left, right, isWrapped)
    case .parentheses(let inner, _): write(inner, isWrapped: true)
    }
  }

  private mutating func durationNode(
    _ op: String, _ left: DurationExpression?, _ right: DurationExpression?, _ isWrapped: Bool
  ) {
    raw("{\"lhs\":")
    if let left { write(left, isWrapped: false) } else { raw("null") }
    raw(",\"op\":\"\(op)\",\"rhs\":")
    if let right { write(right, isWrapped: false) } else { raw("null") }
    raw(",\"type\":\"durationExpr\",\"wrapped\":\(isWrapped)}")
  }
}
