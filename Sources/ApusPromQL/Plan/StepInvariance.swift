/// What has the same value at every step and so need be computed only once.
///
/// Source: Prometheus, promql/engine.go, PreprocessExpr.
extension Planner {
  /// Functions that look at the time of the step themselves.
  private static let timeDependent: Set<String> = [
    "days_in_month", "day_of_month", "day_of_week", "day_of_year", "hour", "minute", "month",
    "year", "predict_linear", "time", "timestamp", "start_timestamp",
  ]

  /// The node, marked where it is invariant. Literals are so anyway.
  func invariant(_ node: PlanNode) -> PlanNode {
    switch node {
    case .number, .string, .stepInvariant: return node
    default: return isInvariant(node) ? .stepInvariant(node) : node
    }
  }

  func isInvariant(_ node: PlanNode) -> Bool {
    switch node {
    case .number, .string, .stepInvariant: return true
    case .selector(let plan): return plan.time.fixedMs != nil
    case .negate(let plan): return isInvariant(plan.inner)
    // The right side first: long chains lean to the left.
    case .binary(let plan): return isInvariant(plan.right) && isInvariant(plan.left)
    case .aggregate(let plan):
      return isInvariant(plan.inner) && (plan.parameter.map(isInvariant) ?? true)
    case .call(let plan):
      if Planner.timeDependent.contains(plan.name) { return false }
      return plan.arguments.allSatisfy { argument in
        switch argument.value {
        case .node(let node): isInvariant(node)
        case .range(let range): range.time.fixedMs != nil
        }
      }
    }
  }
}
