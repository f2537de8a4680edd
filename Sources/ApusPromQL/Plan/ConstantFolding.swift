internal import ApusPromQLSyntax

/// Scalars that are known when the query is planned.
extension Planner {
  func folded(_ plan: BinaryPlan) -> Double? {
    guard case .number(let left) = plan.left, case .number(let right) = plan.right else {
      return nil
    }
    return ScalarArithmetic.apply(plan.op, left, right)
  }

  func folded(_ plan: CallPlan) -> Double? {
    guard plan.name == "max_of" || plan.name == "min_of", plan.arguments.count == 2,
      case .node(.number(let a)) = plan.arguments[0].value,
      case .node(.number(let b)) = plan.arguments[1].value
    else { return nil }
    return plan.name == "max_of" ? GoMath.max(a, b) : GoMath.min(a, b)
  }
}
