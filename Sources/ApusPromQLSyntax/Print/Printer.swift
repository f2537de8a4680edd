internal import ApusModel

/// Writes an expression in Prometheus's canonical form, on one line.
///
/// Source: promql/parser/printer.go.
struct Printer {
  private(set) var out = ""
  /// Writing stops beyond this length, for the text is then not wanted any more.
  private var bytesMax = Int.max

  static func text(_ expression: Expression) -> String {
    var printer = Printer()
    printer.write(expression)
    return printer.out
  }

  /// The text; nil if it is longer than `bytesMax`.
  static func text(_ expression: Expression, bytesMax: Int) -> String? {
    var printer = Printer()
    printer.bytesMax = bytesMax
    printer.write(expression)
    return printer.out.utf8.count > bytesMax ? nil : printer.out
  }

  mutating func write(_ expression: Expression) {
    if out.utf8.count > bytesMax { return }
    switch expression {
    case .number(let node): out += Printer.text(node)
    case .string(let node): out += GoText.quote(node.value)
    case .vectorSelector(let node): write(node)
    case .matrixSelector(let node): write(node)
    case .subquery(let node):
      write(node.inner)
      out += Printer.suffix(of: node)
    case .call(let node):
      out += node.function.name + "("
      write(node.arguments)
      out += ")"
    case .aggregate(let node):
      out += Printer.head(of: node) + "("
      if let parameter = node.parameter {
        write(parameter)
        out += ", "
      }
      write(node.inner)
      out += ")"
    case .binary(let node):
      write(node.left)
      out += " \(Printer.operatorText(of: node)) "
      write(node.right)
    case .unary(let node):
      out += node.isNegated ? "-" : "+"
      write(node.operand)
    case .parentheses(let node):
      out += "("
      write(node.inner)
      out += ")"
    }
  }

  private mutating func write(_ list: [Expression]) {
    for (i, expression) in list.enumerated() {
      if i > 0 { out += ", " }
      write(expression)
    }
  }

  private mutating func write(_ node: VectorSelector) {
    out += Printer.core(of: node)
    out += Printer.at(node.at)
    if node.isAnchored { out += " anchored" } else if node.isSmoothed { out += " smoothed" }
    out += Printer.offset(node.offset)
  }

  private mutating func write(_ node: MatrixSelector) {
    let selector = node.selector
    out += Printer.core(of: selector)
    out += "[\(Printer.text(node.window))]"
    if selector.isAnchored { out += " anchored" } else if selector.isSmoothed { out += " smoothed" }
    out += Printer.at(selector.at)
    out += Printer.offset(selector.offset)
  }
}

// Pieces that the pretty printer uses too.
extension Printer {
  static func text(_ node: NumberLiteral) -> String {
    guard node.isDuration else { return FloatText.f(node.value) }
    return DurationText.text(ms: Int64(exactly: (node.value * 1000).rounded()) ?? 0)
  }

  /// Name and matchers, these sorted by their texts.
  static func core(of node: VectorSelector) -> String {
    let shown = node.matchers.filter { matcher in
      let isName = matcher.name == LabelNames.metricName && matcher.kind == .equal
      return !(isName && matcher.value == node.name && !matcher.value.isEmpty)
    }
    if shown.isEmpty { return node.name }
    let texts = shown.map(\.description).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    return "\(node.name){\(texts.joined(separator: ","))}"
  }

  static func at(_ modifier: AtModifier?) -> String {
    switch modifier {
    case nil: ""
    case .start: " @ start()"
    case .end: " @ end()"
    case .timeMs(let ms): " @ \(FloatText.fixed(Double(ms) / 1000, places: 3))"
    }
  }

  static func offset(_ value: DurationValue) -> String {
    if case .ms(0) = value { return "" }
    return " offset \(text(value))"
  }

  static func text(_ value: DurationValue) -> String {
    switch value {
    case .ms(let ms): DurationText.text(ms: ms)
    case .expression(let expression): text(expression)
    }
  }

  static func text(_ expression: DurationExpression) -> String {
    switch expression {
    case .literal(let literal): return text(literal)
    case .step: return "step()"
    case .range: return "range()"
    case .unary(let isNegated, let inner, _):
      return (isNegated ? "-" : "") + text(inner)
    case .parentheses(let inner, _): return "(\(text(inner)))"
    case .binary(let op, let left, let right, _):
      if op == "min" || op == "max" { return "\(op)_of(\(text(left)), \(text(right)))" }
      return "\(text(left)) \(op) \(text(right))"
    }
  }

  /// `[5m:1m] @ end() offset 1m`
  static func suffix(of node: SubqueryExpression) -> String {
    var step = ""
    if let value = node.step { step = text(value) }
    return "[\(text(node.window)):\(step)]" + at(node.at) + offset(node.offset)
  }

  /// `sum by (a) ` or `sum`
  static func head(of node: AggregateExpression) -> String {
    if node.isWithout { return "\(node.op.rawValue) without (\(labels(node.grouping))) " }
    if node.grouping.isEmpty { return node.op.rawValue }
    return "\(node.op.rawValue) by (\(labels(node.grouping))) "
  }

  static func labels(_ names: [String]) -> String {
    names.map { LabelNames.isLegacyValid($0) ? $0 : GoText.quote($0) }.joined(separator: ", ")
  }

  /// `+ bool on (a) group_left (b)`
  static func operatorText(of node: BinaryExpression) -> String {
    var out = node.op.rawValue + (node.returnsBool ? " bool" : "")
    guard let matching = node.matching else { return out }
    let isGrouped = matching.cardinality == .manyToOne || matching.cardinality == .oneToMany
    if !matching.labels.isEmpty || matching.isOn || isGrouped {
      out += " \(matching.isOn ? "on" : "ignoring") (\(labels(matching.labels)))"
    }
    if isGrouped {
      let side = matching.cardinality == .manyToOne ? "left" : "right"
      out += " group_\(side) (\(labels(matching.include)))"
    }
    switch (matching.fillLeft, matching.fillRight) {
    case (let left?, let right?) where left == right: out += " fill (\(FloatText.g(left)))"
    case (let left, let right):
      if let left { out += " fill_left (\(FloatText.g(left)))" }
      if let right { out += " fill_right (\(FloatText.g(right)))" }
    }
    return out
  }
}

extension Expression: CustomStringConvertible {
  /// The canonical text; parsing it gives the same expression.
  package var description: String { Printer.text(self) }
}
