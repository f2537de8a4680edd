internal import ApusModel

/// Checks the types of a parsed expression, with Prometheus's messages and positions, and leaves
/// the tree as Prometheus does: set operators many-to-many, matching only between vectors.
///
/// Source: promql/parser/parse.go, checkAST.
struct TypeCheck {
  private let query: [UInt8]
  private(set) var findings: [ParseError.Finding] = []

  init(query: String) { self.query = Array(query.utf8) }

  mutating func checked(_ expression: Expression) -> Expression {
    var expression = expression
    _ = check(&expression)
    return expression
  }

  private mutating func report(_ range: SourceRange, _ message: String) {
    findings.append(ParseError.Finding(range: range, message: message))
  }

  private mutating func check(_ expression: inout Expression) -> ValueType {
    switch expression {
    case .number: return .scalar
    case .string: return .string
    case .vectorSelector(let node):
      check(node, mayBeEmpty: false)
      return .vector
    case .matrixSelector(let node):
      check(node.selector, mayBeEmpty: false)
      return .matrix
    case .subquery(var node):
      let type = check(&node.inner)
      if type != .vector {
        report(
          node.range,
          "subquery is only allowed on instant vector, got \(type.rawValue) instead")
      }
      expression = .subquery(node)
      return .matrix
    case .parentheses(var node):
      let type = check(&node.inner)
      expression = .parentheses(node)
      return type
    case .unary(var node):
      let type = check(&node.operand)
      if type != .scalar && type != .vector {
        report(
          node.range,
          "unary expression only allowed on expressions of type scalar or instant vector, "
            + "got \"\(type.documented)\"")
      }
      expression = .unary(node)
      return type
    case .aggregate(var node):
      check(&node)
      expression = .aggregate(node)
      return .vector
    case .call(var node):
      check(&node)
      expression = .call(node)
      return node.function.returnType
    case .binary(var node):
      let type = check(&node)
      expression = .binary(node)
      return type
    }
  }

  private mutating func expect(
    _ expression: inout Expression, _ wanted: ValueType, _ context: String
  ) {
    let type = check(&expression)
    if type != wanted {
      report(
        expression.range,
        "expected type \(wanted.documented) in \(context), got \(type.documented)")
    }
  }

  private mutating func check(_ node: inout AggregateExpression) {
    expect(&node.inner, .vector, "aggregation expression")
    guard var parameter = node.parameter else { return }
    let wanted: ValueType = node.op == .countValues ? .string : .scalar
    expect(&parameter, wanted, "aggregation parameter")
    node.parameter = parameter
  }

  private mutating func check(_ node: VectorSelector, mayBeEmpty: Bool) {
    if !node.name.isEmpty {
      for matcher in node.matchers.dropLast() where matcher.name == "__name__" {
        report(
          node.range,
          "metric name must not be set twice: \(GoText.quote(node.name)) or "
            + GoText.quote(matcher.value))
      }
      return
    }
    if mayBeEmpty || node.matchers.contains(where: { !$0.matchesEmpty }) { return }
    report(node.range, "vector selector must contain at least one non-empty matcher")
  }

  // MARK: Calls

  private mutating func check(_ node: inout FunctionCall) {
    checkCount(node)
    let function = node.function
    let name = GoText.quote(function.name)
    let isInfo = function.name == "info"
    if isInfo && node.arguments.count > 1 { checkInfo(node) }
    for i in node.arguments.indices {
      var index = i
      if i >= function.argumentTypes.count {
        if function.variadic == 0 || function.argumentTypes.isEmpty { break }
        index = function.argumentTypes.count - 1
      }
      let wanted = function.argumentTypes[index]
      let type: ValueType
      if isInfo, i == 1, case .vectorSelector(let selector) = node.arguments[i] {
        check(selector, mayBeEmpty: true)
        type = .vector
      } else {
        type = check(&node.arguments[i])
      }
      if type != wanted {
        report(
          node.arguments[i].range,
          "expected type \(wanted.documented) in call to function \(name), "
            + "got \(type.documented)")
      }
    }
  }

  private mutating func checkCount(_ node: FunctionCall) {
    let function = node.function
    let name = GoText.quote(function.name)
    let named = function.argumentTypes.count
    let given = node.arguments.count
    if function.variadic == 0 {
      if named != given {
        report(
          node.range, "expected \(named) argument(s) in call to \(name), got \(given)")
      }
      return
    }
    let least = named - 1
    let most = least + function.variadic
    if given < least {
      report(
        node.range, "expected at least \(least) argument(s) in call to \(name), got \(given)")
    } else if function.variadic > 0 && given > most {
      report(
        node.range, "expected at most \(most) argument(s) in call to \(name), got \(given)")
    }
  }

  private mutating func checkInfo(_ node: FunctionCall) {
    let second = node.arguments[1]
    let type = second.valueType
    if type != .vector {
      report(
        node.range,
        "expected type instant vector in call to function \"info\", got \(type.documented)")
    }
    guard case .vectorSelector(let selector) = second else {
      report(second.range, "expected label selectors only")
      return
    }
    if !selector.name.isEmpty {
      report(second.range, "expected label selectors only, got vector selector instead")
    }
  }

  // MARK: Binary expressions

  private mutating func check(_ node: inout BinaryExpression) -> ValueType {
    let left = check(&node.left)
    let right = check(&node.right)
    if node.returnsBool && !node.op.isComparison {
      report(operatorRange(node), "bool modifier can only be used on comparison operators")
    }
    if node.op.isComparison && !node.returnsBool && left == .scalar && right == .scalar {
      report(operatorRange(node), "comparisons between scalars must use BOOL modifier")
    }
    if var matching = node.matching {
      if node.op.isSet && matching.cardinality == .oneToOne {
        matching.cardinality = .manyToMany
      }
      for label in matching.labels
      where matching.isOn && matching.include.contains(label) {
        report(
          operatorRange(node),
          "label \(GoText.quote(label)) must not occur in ON and GROUP clause at once")
      }
      node.matching = matching
    }
    for (side, type) in [(node.left, left), (node.right, right)]
    where type != .scalar && type != .vector {
      report(
        side.range, "binary expression must contain only scalar and instant vector types")
    }
    checkMatching(&node, areVectors: left == .vector && right == .vector)
    if (left == .scalar || right == .scalar) && node.op.isSet {
      report(
        node.range,
        "set operator \"\(node.op.rawValue)\" not allowed in binary scalar expression")
    }
    return left == .scalar && right == .scalar ? .scalar : .vector
  }

  private mutating func checkMatching(_ node: inout BinaryExpression, areVectors: Bool) {
    guard let matching = node.matching else { return }
    let hasFill = matching.fillLeft != nil || matching.fillRight != nil
    if !areVectors {
      if !matching.labels.isEmpty {
        report(node.range, "vector matching only allowed between instant vectors")
      }
      if hasFill {
        report(
          node.range, "filling in missing series only allowed between instant vectors")
      }
      node.matching = nil
    } else if node.op.isSet {
      if matching.cardinality == .oneToMany || matching.cardinality == .manyToOne {
        report(node.range, "no grouping allowed for \"\(node.op.rawValue)\" operation")
      }
      if matching.cardinality != .manyToMany {
        report(node.range, "set operations must always be many-to-many")
      }
      if hasFill {
        report(node.range, "filling in missing series not allowed for set operators")
      }
    }
  }

  /// Where the operator stands, between the operands.
  private func operatorRange(_ node: BinaryExpression) -> SourceRange {
    var range = SourceRange(node.left.range.end, node.right.range.start)
    while range.start < range.end, Lexer.isSpace(query[range.start]) { range.start += 1 }
    while range.end > range.start, Lexer.isSpace(query[range.end - 1]) { range.end -= 1 }
    return range
  }
}

extension ValueType {
  /// The word of the documentation and of messages.
  package var documented: String {
    switch self {
    case .vector: "instant vector"
    case .matrix: "range vector"
    default: rawValue
    }
  }
}
