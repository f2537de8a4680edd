internal import ApusModel
internal import ApusPromQLSyntax

/// What is known of a part of a plan as a whole. A part asks its own parts when it is made, and
/// nobody goes down the tree again: trees may be deep.
struct PlanTraits: Sendable {
  /// It has the same value at every step.
  var isInvariant: Bool
  /// All series have the same metric name, or none, so that dropping it cannot make two of them
  /// equal.
  var hasOneName: Bool
}

extension PlanNode {
  var traits: PlanTraits {
    switch self {
    case .number, .string: PlanTraits(isInvariant: true, hasOneName: true)
    case .selector(let plan): plan.traits
    case .stepInvariant(let inner):
      PlanTraits(isInvariant: true, hasOneName: inner.traits.hasOneName)
    case .negate(let plan): plan.traits
    case .aggregate(let plan): plan.traits
    case .binary(let plan): plan.traits
    case .call(let plan): plan.traits
    }
  }
}

extension SelectorPlan {
  fileprivate var traits: PlanTraits {
    PlanTraits(isInvariant: time.fixedMs != nil, hasOneName: metricName != nil)
  }
}

extension RangePlan {
  var traits: PlanTraits {
    switch self {
    case .selector(let plan, _, _): plan.traits
    case .subquery(let plan):
      PlanTraits(
        isInvariant: plan.time.fixedMs != nil, hasOneName: plan.inner.traits.hasOneName)
    }
  }
}

extension PlanTraits {
  init(
    _ op: AggregateOperator, _ inner: PlanNode, _ parameter: PlanNode?, hidesName: Bool
  ) {
    isInvariant = inner.traits.isInvariant && parameter?.traits.isInvariant ?? true
    hasOneName =
      switch op {
      // These hand on series with all of their labels.
      case .topk, .bottomk, .limitk, .limitRatio: inner.traits.hasOneName
      // The counted values may become names.
      case .countValues: false
      default: hidesName
      }
  }

  init(_ op: BinaryOperator, _ left: PlanNode, _ right: PlanNode, includesName: Bool) {
    let (left, right) = (left.traits, right.traits)
    isInvariant = left.isInvariant && right.isInvariant
    hasOneName =
      op.dropsName && !includesName || op != .or && left.hasOneName && right.hasOneName
  }

  init(call name: String, _ arguments: [ArgumentPlan]) {
    let traits = arguments.map { argument in
      switch argument.value {
      case .node(let node): node.traits
      case .range(let range): range.traits
      }
    }
    isInvariant =
      !PlanTraits.timeDependent.contains(name) && traits.allSatisfy { $0.isInvariant }
    hasOneName = !PlanTraits.renaming.contains(name) && traits.allSatisfy { $0.hasOneName }
  }

  /// Functions that look at the time of the step themselves.
  private static let timeDependent: Set<String> = [
    "days_in_month", "day_of_month", "day_of_week", "day_of_year", "hour", "minute", "month",
    "year", "predict_linear", "time", "timestamp", "start_timestamp",
  ]

  /// Functions that may give names, or series of several.
  private static let renaming: Set<String> = [
    "label_replace", "label_join", "histogram_quantile", "histogram_quantiles",
    "histogram_fraction", "info",
  ]
}
