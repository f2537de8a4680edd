internal import ApusModel

extension Expression {
  /// The same expression with every selector changed, those of matrix selectors too.
  package func mapSelectors(_ change: (VectorSelector) -> VectorSelector) -> Expression {
    switch self {
    case .number, .string: return self
    case .vectorSelector(let selector): return .vectorSelector(change(selector))
    case .matrixSelector(var matrix):
      matrix.selector = change(matrix.selector)
      return .matrixSelector(matrix)
    case .subquery(var subquery):
      subquery.inner = subquery.inner.mapSelectors(change)
      return .subquery(subquery)
    case .call(var call):
      call.arguments = call.arguments.map { $0.mapSelectors(change) }
      return .call(call)
    case .aggregate(var aggregate):
      aggregate.inner = aggregate.inner.mapSelectors(change)
      aggregate.parameter = aggregate.parameter?.mapSelectors(change)
      return .aggregate(aggregate)
    case .binary(var binary):
      binary.left = binary.left.mapSelectors(change)
      binary.right = binary.right.mapSelectors(change)
      return .binary(binary)
    case .unary(var unary):
      unary.operand = unary.operand.mapSelectors(change)
      return .unary(unary)
    case .parentheses(var parentheses):
      parentheses.inner = parentheses.inner.mapSelectors(change)
      return .parentheses(parentheses)
    }
  }

  /// All selectors, from left to right.
  package var selectors: [VectorSelector] {
    var found: [VectorSelector] = []
    _ = mapSelectors { selector in
      found.append(selector)
      return selector
    }
    return found
  }
}
