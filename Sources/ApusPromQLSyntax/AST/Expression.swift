/// A parsed PromQL expression; immutable, with the range of the text it came from.
///
/// Source: Prometheus, promql/parser/ast.go.
package indirect enum Expression: Sendable {
  case number(NumberLiteral)
  case string(StringLiteral)
  case vectorSelector(VectorSelector)
  case matrixSelector(MatrixSelector)
  case subquery(SubqueryExpression)
  case call(FunctionCall)
  case aggregate(AggregateExpression)
  case binary(BinaryExpression)
  case unary(UnaryExpression)
  case parentheses(ParenthesesExpression)

  package var range: SourceRange {
    switch self {
    case .number(let e): e.range
    case .string(let e): e.range
    case .vectorSelector(let e): e.range
    case .matrixSelector(let e): e.range
    case .subquery(let e): e.range
    case .call(let e): e.range
    case .aggregate(let e): e.range
    case .binary(let e): e.range
    case .unary(let e): e.range
    case .parentheses(let e): e.range
    }
  }

  package var valueType: ValueType {
    switch self {
    case .number: .scalar
    case .string: .string
    case .vectorSelector, .aggregate: .vector
    case .matrixSelector, .subquery: .matrix
    case .call(let e): e.function.returnType
    case .binary(let e):
      // The right side first: long chains lean to the left.
      e.right.valueType == .scalar && e.left.valueType == .scalar ? .scalar : .vector
    case .unary(let e): e.operand.valueType
    case .parentheses(let e): e.inner.valueType
    }
  }
}

package struct NumberLiteral: Sendable {
  package var value: Double
  /// Written as a duration, such as `5m`: printed as one.
  package var isDuration: Bool
  package var range: SourceRange

  package init(value: Double, isDuration: Bool = false, range: SourceRange) {
    self.value = value
    self.isDuration = isDuration
    self.range = range
  }
}

package struct StringLiteral: Sendable {
  package var value: String
  package var range: SourceRange

  package init(value: String, range: SourceRange) {
    self.value = value
    self.range = range
  }
}

package struct ParenthesesExpression: Sendable {
  package var inner: Expression
  package var range: SourceRange

  package init(inner: Expression, range: SourceRange) {
    self.inner = inner
    self.range = range
  }
}
