internal import ApusModel
internal import ApusPromQLSyntax

/// Makes operators of a plan, for one timeline.
struct OperatorBuilder {
  let query: Query
  /// Counts what the operators load.
  let meter: SampleMeter
  /// What is made next is the result of the query, not an argument of a function.
  let makesResult: Bool

  init(query: Query, makesResult: Bool = false) {
    self.init(query, SampleMeter(query), makesResult: makesResult)
  }

  private init(_ query: Query, _ meter: SampleMeter, makesResult: Bool) {
    self.query = query
    self.meter = meter
    self.makesResult = makesResult
  }

  /// Makes operators whose samples another meter counts.
  func metered(by meter: SampleMeter) -> OperatorBuilder {
    OperatorBuilder(query, meter, makesResult: false)
  }

  func made(_ node: PlanNode, _ timeline: Timeline) throws(QueryError) -> any Operator {
    try query.checkpoint()
    switch node {
    case .number, .string:
      throw .execution("a vector is wanted where a \(node.valueType.rawValue) stands")
    case .selector(let plan):
      return InstantSelector(plan, timeline, meter, query: query)
    case .stepInvariant(let inner):
      let first = try metered(by: meter.once(timeline)).vector(inner, .single(timeline.startMs))
      return timeline.count == 1
        ? first : StepInvariantOperator(first, stepCount: timeline.count)
    case .negate(let plan):
      let inner = try vector(plan.inner, timeline)
      return unique(UnaryMinus(inner, query: query), plan.inner, timeline)
    case .call(let plan): return try call(plan, timeline)
    case .aggregate(let plan): return try aggregate(plan, timeline)
    case .binary(let plan): return try binary(plan, timeline)
    }
  }

  /// Dropped names may leave two series with the same labels; where that is possible, they are
  /// joined, or are an error, at once. Where names are dropped at the end, so is this.
  func unique(
    _ made: any Operator, _ source: PlanNode, _ timeline: Timeline
  ) -> any Operator {
    if query.options.delayedNameRemoval || source.traits.hasOneName { return made }
    return MergeDuplicates(made, stepCount: timeline.count, query: query)
  }

  func made(_ plan: RangePlan, _ timeline: Timeline) throws(QueryError) -> any WindowSource {
    switch plan {
    case .selector(let selector, let windowMs, let widening):
      return SelectorWindows(
        selector, windowMs: windowMs, widening: widening, timeline, meter, query: query)
    case .subquery(let subquery):
      return try SubqueryWindows(subquery, timeline, builder: self)
    }
  }

  // MARK: Binary operators

  private func binary(
    _ plan: BinaryPlan, _ timeline: Timeline
  ) throws(QueryError) -> any Operator {
    let points = PointBinary(
      op: plan.op, returnsBool: plan.returnsBool, position: plan.position, query: query)
    let isRightScalar = plan.right.valueType == .scalar
    if !isRightScalar && plan.left.valueType == .scalar {
      let left = try scalar(plan.left, timeline)
      let made = ScalarBinary(
        try vector(plan.right, timeline), left, scalarIsLeft: true, points)
      return points.op.dropsName || plan.returnsBool ? unique(made, plan.right, timeline) : made
    }
    if isRightScalar {
      let left = try vector(plan.left, timeline)
      let right = try behind(left) { () throws(QueryError) in try scalar(plan.right, timeline) }
      let made = ScalarBinary(left, right, scalarIsLeft: false, points)
      return points.op.dropsName || plan.returnsBool ? unique(made, plan.left, timeline) : made
    }
    let matching = plan.matching ?? VectorMatching()
    let left = try vector(plan.left, timeline)
    let right = try behind(left) { () throws(QueryError) in try vector(plan.right, timeline) }
    if plan.op.isSet {
      return SetBinary(left, right, plan.op, matching, stepCount: timeline.count)
    }
    let isSwapped = matching.cardinality == .oneToMany
    return VectorBinary(
      many: isSwapped ? right : left, one: isSwapped ? left : right, matching, points,
      stepCount: timeline.count)
  }

  /// Makes what stands behind a vector; where both fail, the vector's error counts.
  private func behind<Made>(
    _ first: any Operator, _ make: () throws(QueryError) -> Made
  ) throws(QueryError) -> Made {
    do throws(QueryError) {
      return try make()
    } catch {
      try first.drain(before: error)
      throw error
    }
  }

  // MARK: Aggregations

  private func aggregate(
    _ plan: AggregatePlan, _ timeline: Timeline
  ) throws(QueryError) -> any Operator {
    // The number's own errors count before those of the vector.
    let number = try number(of: plan, timeline)
    let inner = try vector(plan.inner, timeline)
    let count = timeline.count
    switch plan.op {
    case .countValues:
      return CountValues(
        inner, plan, label: try countLabel(plan), stepCount: count, query: query)
    case .topk, .bottomk:
      return TopKAggregate(
        inner, plan, try parameter(number, plan, inner, timeline), stepCount: count, query: query)
    case .quantile:
      return QuantileAggregate(
        inner, plan, try parameter(number, plan, inner, timeline), stepCount: count, query: query)
    case .limitk, .limitRatio:
      return LimitAggregate(
        inner, plan, try parameter(number, plan, inner, timeline), stepCount: count)
    default:
      return SimpleAggregate(inner, plan, stepCount: count, query: query)
    }
  }

  private func number(
    of plan: AggregatePlan, _ timeline: Timeline
  ) throws(QueryError) -> ScalarRow {
    guard plan.op != .countValues, let parameter = plan.parameter else { return .constant(.nan) }
    return try scalar(parameter, timeline)
  }

  /// The vector's errors count before that of a number that cannot be used.
  private func parameter(
    _ number: ScalarRow, _ plan: AggregatePlan, _ inner: any Operator, _ timeline: Timeline
  ) throws(QueryError) -> AggregateParameter {
    try behind(inner) { () throws(QueryError) in
      try AggregateParameter(number, plan, timeline, query)
    }
  }

  private func countLabel(_ plan: AggregatePlan) throws(QueryError) -> String {
    let label = try text(plan.parameter ?? .string(""))
    // A string of invalid UTF-8 was mended when it was parsed, which leaves this mark.
    guard LabelNames.isValid(label), !label.contains("\u{FFFD}") else {
      throw .execution("invalid label name \(sourceText(plan.parameterPosition))")
    }
    return label
  }

  private func sourceText(_ range: SourceRange?) -> String {
    guard let range else { return "\"\"" }
    let bytes = Array(query.text.utf8)
    guard range.start >= 0, range.end <= bytes.count, range.start <= range.end else {
      return "\"\""
    }
    return String(decoding: bytes[range.start..<range.end], as: UTF8.self)
  }

  /// The text of a string expression.
  func text(_ node: PlanNode) throws(QueryError) -> String {
    switch node {
    case .string(let text): return text
    case .stepInvariant(let inner): return try text(inner)
    default: throw .execution("a string is wanted where a \(node.valueType.rawValue) stands")
    }
  }
}
