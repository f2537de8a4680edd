/// What has the same value at every step and so need be computed only once.
///
/// Source: Prometheus, promql/engine.go, PreprocessExpr.
extension Planner {
  /// The node, marked where it is invariant. Literals are so anyway.
  func invariant(_ node: PlanNode) -> PlanNode {
    switch node {
    case .number, .string, .stepInvariant: return node
    default: return node.traits.isInvariant ? .stepInvariant(node) : node
    }
  }
}
