package import ApusModel

/// `@ 1600000000`, `@ start()`, `@ end()`.
package enum AtModifier: Sendable, Equatable {
  case timeMs(Int64)
  case start
  case end
}

/// A length of time in a selector: known at once, or an expression over durations, numbers,
/// `step()` and `range()` that the planner evaluates.
package enum DurationValue: Sendable {
  case ms(Int64)
  case expression(DurationExpression)
}

/// Source: Prometheus, promql/parser/ast.go, DurationExpr.
package indirect enum DurationExpression: Sendable {
  /// A number or duration literal, in seconds.
  case literal(NumberLiteral)
  case step(SourceRange)
  case range(SourceRange)
  case unary(isNegated: Bool, DurationExpression, SourceRange)
  /// `op` is one of + - * / % ^ min max.
  case binary(op: String, DurationExpression, DurationExpression, SourceRange)
  case parentheses(DurationExpression, SourceRange)
}

/// `name{label="value"} offset 5m @ end()`.
package struct VectorSelector: Sendable {
  /// The name before the braces; empty where there is none.
  package var name: String
  /// All matchers, that of the name among them.
  package var matchers: [LabelMatcher]
  package var offset: DurationValue
  package var at: AtModifier?
  package var isAnchored: Bool
  package var isSmoothed: Bool
  /// The selector without its modifiers.
  package var range: SourceRange

  package init(
    name: String, matchers: [LabelMatcher], offset: DurationValue = .ms(0),
    at: AtModifier? = nil, isAnchored: Bool = false, isSmoothed: Bool = false,
    range: SourceRange
  ) {
    self.name = name
    self.matchers = matchers
    self.offset = offset
    self.at = at
    self.isAnchored = isAnchored
    self.isSmoothed = isSmoothed
    self.range = range
  }
}

/// `name[5m]`. Offset and @ stand in `selector`.
package struct MatrixSelector: Sendable {
  package var selector: VectorSelector
  package var window: DurationValue
  package var range: SourceRange

  package init(selector: VectorSelector, window: DurationValue, range: SourceRange) {
    self.selector = selector
    self.window = window
    self.range = range
  }
}

/// `expression[5m:1m]`.
package struct SubqueryExpression: Sendable {
  package var inner: Expression
  package var window: DurationValue
  /// Nil for the default: the global evaluation interval.
  package var step: DurationValue?
  package var offset: DurationValue
  package var at: AtModifier?
  package var range: SourceRange

  package init(
    inner: Expression, window: DurationValue, step: DurationValue?,
    offset: DurationValue = .ms(0), at: AtModifier? = nil, range: SourceRange
  ) {
    self.inner = inner
    self.window = window
    self.step = step
    self.offset = offset
    self.at = at
    self.range = range
  }
}
