internal import ApusModel

/// The times that a plan will read, so that one view of the store serves all its selectors.
extension QueryPlan {
  func readRange(_ timeline: Timeline) -> TimeRange? {
    switch self {
    case .node(let node): node.readRange(timeline)
    case .range(let range): range.readRange(timeline)
    }
  }
}

extension QueryPlan {
  /// All of them, those of subqueries too.
  var selectors: [SelectorPlan] {
    var all: [SelectorPlan] = []
    switch self {
    case .node(let node): node.forEachSelector { all.append($0) }
    case .range(.selector(let plan, _, _)): all.append(plan)
    case .range(.subquery(let plan)): plan.inner.forEachSelector { all.append($0) }
    }
    return all
  }
}

extension PlanNode {
  /// Nil where nothing is read.
  func readRange(_ timeline: Timeline) -> TimeRange? {
    switch self {
    case .number, .string: return nil
    case .selector(let plan): return plan.readRange(timeline)
    case .stepInvariant(let inner): return inner.readRange(.single(timeline.startMs))
    case .negate(let plan): return plan.inner.readRange(timeline)
    case .binary(let plan):
      return union(plan.left.readRange(timeline), plan.right.readRange(timeline))
    case .aggregate(let plan):
      return union(plan.inner.readRange(timeline), plan.parameter?.readRange(timeline))
    case .call(let plan):
      var all: TimeRange?
      for argument in plan.arguments {
        switch argument.value {
        case .node(let node): all = union(all, node.readRange(timeline))
        case .range(let range): all = union(all, range.readRange(timeline))
        }
      }
      return all
    }
  }
}

extension RangePlan {
  func readRange(_ timeline: Timeline) -> TimeRange? {
    switch self {
    case .selector(let plan, let windowMs, let widening):
      return plan.windowShape(windowMs: windowMs, widening: widening, timeline).readRange
    case .subquery(let plan):
      guard let inner = plan.innerTimeline(timeline) else { return nil }
      return plan.inner.readRange(inner)
    }
  }
}

private func union(_ a: TimeRange?, _ b: TimeRange?) -> TimeRange? {
  guard let a, let b else { return a ?? b }
  return TimeRange(min(a.minMs, b.minMs), max(a.maxMs, b.maxMs))
}
