/// Raw values are the words of the language.
package enum BinaryOperator: String, Sendable, CaseIterable {
  case add = "+"
  case subtract = "-"
  case multiply = "*"
  case divide = "/"
  case modulo = "%"
  case power = "^"
  case arcTangent = "atan2"
  case equal = "=="
  case notEqual = "!="
  case greater = ">"
  case less = "<"
  case greaterOrEqual = ">="
  case lessOrEqual = "<="
  case and
  case or
  case unless
  /// `</` and `>/`: cut a native histogram at a value.
  case trimUpper = "</"
  case trimLower = ">/"

  package var isComparison: Bool {
    switch self {
    case .equal, .notEqual, .greater, .less, .greaterOrEqual, .lessOrEqual: true
    default: false
    }
  }

  package var isSet: Bool { self == .and || self == .or || self == .unless }
}

/// How many series of each side one series of the other may meet.
package enum MatchCardinality: String, Sendable {
  case oneToOne = "one-to-one"
  case manyToOne = "many-to-one"
  case oneToMany = "one-to-many"
  case manyToMany = "many-to-many"
}

package struct VectorMatching: Sendable {
  package var cardinality: MatchCardinality
  /// The labels of `on` or `ignoring`.
  package var labels: [String]
  package var isOn: Bool
  /// The labels of `group_left` or `group_right`.
  package var include: [String]
  /// Values that stand in for a missing match on the left or right side.
  package var fillLeft: Double?
  package var fillRight: Double?

  package init(
    cardinality: MatchCardinality = .oneToOne, labels: [String] = [], isOn: Bool = false,
    include: [String] = [], fillLeft: Double? = nil, fillRight: Double? = nil
  ) {
    self.cardinality = cardinality
    self.labels = labels
    self.isOn = isOn
    self.include = include
    self.fillLeft = fillLeft
    self.fillRight = fillRight
  }
}

package struct BinaryExpression: Sendable {
  package var op: BinaryOperator
  package var left: Expression
  package var right: Expression
  /// `bool` stood behind a comparison.
  package var returnsBool: Bool
  /// Nil unless both sides are vectors.
  package var matching: VectorMatching?
  package var range: SourceRange

  package init(
    op: BinaryOperator, left: Expression, right: Expression, returnsBool: Bool = false,
    matching: VectorMatching? = nil, range: SourceRange
  ) {
    self.op = op
    self.left = left
    self.right = right
    self.returnsBool = returnsBool
    self.matching = matching
    self.range = range
  }
}

package struct UnaryExpression: Sendable {
  package var isNegated: Bool
  package var operand: Expression
  package var range: SourceRange

  package init(isNegated: Bool, operand: Expression, range: SourceRange) {
    self.isNegated = isNegated
    self.operand = operand
    self.range = range
  }
}

/// Raw values are the words of the language.
package enum AggregateOperator: String, Sendable, CaseIterable {
  case sum, avg, count, min, max, group, stddev, stdvar, topk, bottomk, quantile
  case countValues = "count_values"
  case limitk
  case limitRatio = "limit_ratio"

  /// Whether a parameter comes first.
  package var takesParameter: Bool {
    switch self {
    case .topk, .bottomk, .quantile, .countValues, .limitk, .limitRatio: true
    default: false
    }
  }

  package var isExperimental: Bool { self == .limitk || self == .limitRatio }
}

package struct AggregateExpression: Sendable {
  package var op: AggregateOperator
  package var inner: Expression
  package var parameter: Expression?
  /// The labels of `by` or `without`.
  package var grouping: [String]
  package var isWithout: Bool
  package var range: SourceRange

  package init(
    op: AggregateOperator, inner: Expression, parameter: Expression? = nil,
    grouping: [String] = [], isWithout: Bool = false, range: SourceRange
  ) {
    self.op = op
    self.inner = inner
    self.parameter = parameter
    self.grouping = grouping
    self.isWithout = isWithout
    self.range = range
  }
}

package struct FunctionCall: Sendable {
  package var function: FunctionSignature
  package var arguments: [Expression]
  package var range: SourceRange

  package init(function: FunctionSignature, arguments: [Expression], range: SourceRange) {
    self.function = function
    self.arguments = arguments
    self.range = range
  }
}
