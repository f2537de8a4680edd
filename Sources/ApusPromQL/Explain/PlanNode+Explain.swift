internal import ApusPromQLSyntax

/// What an explanation calls the parts of a plan.
extension PlanNode {
  var explainedName: String {
    switch self {
    case .number: "number"
    case .string: "string"
    case .selector: "instant selector"
    case .call(let plan):
      RangeFunction(rawValue: plan.name) == nil
        ? "function \(plan.name)" : "window function \(plan.name)"
    case .aggregate(let plan): "aggregate \(plan.op.rawValue)"
    case .binary(let plan): "binary \(plan.op.rawValue)"
    case .negate: "negate"
    case .stepInvariant: "evaluated once"
    }
  }

  /// Where it stands in the query; nil where that is not known.
  var position: SourceRange? {
    switch self {
    case .number, .string: nil
    case .selector(let plan): plan.position
    case .call(let plan): plan.position
    case .aggregate(let plan): plan.position
    case .binary(let plan): plan.position
    case .negate(let plan): plan.position
    case .stepInvariant(let inner): inner.position
    }
  }

  /// Whether it says something of the query's work.
  var isExplained: Bool {
    switch self {
    case .number, .string: false
    default: true
    }
  }
}

extension RangePlan {
  var explainedName: String {
    switch self {
    case .selector: "range selector"
    case .subquery: "subquery"
    }
  }

  var position: SourceRange? {
    switch self {
    case .selector(let plan, _, _): plan.position
    case .subquery(let plan): plan.inner.position
    }
  }
}

extension OperatorBuilder {
  /// The series of a vector expression.
  func vector(_ node: PlanNode, _ timeline: Timeline) throws(QueryError) -> any Operator {
    guard let recorder = query.recorder, node.isExplained else {
      return try sharedOrMade(node, timeline)
    }
    let name = isSharedAlready(node, timeline) ? "shared" : node.explainedName
    let place = recorder.begin(name, node.position, steps: timeline.count)
    defer { recorder.end() }
    let meter = Meter(node: place, recorder: recorder, query: query)
    let inner = try meter.measure { () throws(QueryError) in try sharedOrMade(node, timeline) }
    return MeteredOperator(inner, meter)
  }

  /// A scalar expression: one number for every step, computed before anything that needs them.
  func scalar(_ node: PlanNode, _ timeline: Timeline) throws(QueryError) -> ScalarRow {
    guard let recorder = query.recorder, node.isExplained else {
      return try computed(node, timeline)
    }
    let place = recorder.begin(node.explainedName, node.position, steps: timeline.count)
    defer { recorder.end() }
    place.series = 1
    place.samples = timeline.count
    return try recorder.measure(place, query) { () throws(QueryError) in
      try computed(node, timeline)
    }
  }

  /// Windows of a range argument.
  func windows(_ plan: RangePlan, _ timeline: Timeline) throws(QueryError) -> any WindowSource {
    guard let recorder = query.recorder else { return try made(plan, timeline) }
    let place = recorder.begin(plan.explainedName, plan.position, steps: timeline.count)
    defer { recorder.end() }
    let meter = Meter(node: place, recorder: recorder, query: query)
    let inner = try meter.measure { () throws(QueryError) in try made(plan, timeline) }
    return MeteredWindows(inner, meter)
  }
}
