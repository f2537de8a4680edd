/// Writes an expression in Prometheus's long form: what does not fit on a line is split, each
/// part one step further in.
///
/// Source: promql/parser/prettier.go.
package enum PrettyPrinter {
  /// Bytes of a line that is not split.
  package static let lineBytesMax = 100

  package static func pretty(_ expression: Expression) -> String {
    pretty(expression, lineBytesMax: lineBytesMax)
  }

  /// The same with another line length.
  package static func pretty(_ expression: Expression, lineBytesMax: Int) -> String {
    var layout = PrettyLayout(lineBytesMax: lineBytesMax)
    layout.write(expression, 0)
    return layout.out
  }
}

private struct PrettyLayout {
  let lineBytesMax: Int
  var out = ""

  init(lineBytesMax: Int) { self.lineBytesMax = lineBytesMax }

  private mutating func indent(_ level: Int) {
    for _ in 0..<level { out += "  " }
  }

  mutating func write(_ expression: Expression, _ level: Int) {
    switch expression {
    case .number, .string, .vectorSelector, .matrixSelector:
      indent(level)
      out += Printer.text(expression)
      return
    case .unary(let node):
      writeUnary(node, level)
      return
    default: break
    }
    if let text = Printer.text(expression, bytesMax: lineBytesMax) {
      // As in Prometheus, a subquery that fits is not moved in.
      if case .subquery = expression {} else { indent(level) }
      out += text
      return
    }
    split(expression, level)
  }

  private mutating func split(_ expression: Expression, _ level: Int) {
    switch expression {
    case .aggregate(let node):
      indent(level)
      out += Printer.head(of: node) + "(\n"
      if let parameter = node.parameter {
        write(parameter, level + 1)
        out += ",\n"
      }
      write(node.inner, level + 1)
      close(level)
    case .binary(let node):
      write(node.left, level + 1)
      out += "\n"
      indent(level)
      out += Printer.operatorText(of: node) + "\n"
      write(node.right, level + 1)
    case .call(let node):
      indent(level)
      out += node.function.name + "(\n"
      for (i, argument) in node.arguments.enumerated() {
        if i > 0 { out += ",\n" }
        write(argument, level + 1)
      }
      close(level)
    case .parentheses(let node):
      indent(level)
      out += "(\n"
      write(node.inner, level + 1)
      close(level)
    case .subquery(let node):
      write(node.inner, level)
      out += Printer.suffix(of: node)
    default: break
    }
  }

  private mutating func close(_ level: Int) {
    out += "\n"
    indent(level)
    out += ")"
  }

  /// The sign stands before the operand, whose own indentation goes.
  private mutating func writeUnary(_ node: UnaryExpression, _ level: Int) {
    var inner = PrettyLayout(lineBytesMax: lineBytesMax)
    inner.write(node.operand, level)
    indent(level)
    out += node.isNegated ? "-" : "+"
    out += inner.out.drop { $0 == " " }
  }
}
