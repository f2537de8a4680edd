internal import ApusModel
internal import ApusPromQLSyntax

/// Makes the plan of a query from its AST.
struct Planner {
  /// Of the whole query, also inside of subqueries: what `start()`, `@ end()` and `step()` mean.
  struct Bounds {
    var startMs: Int64
    var endMs: Int64
    /// 0 for an instant query.
    var stepMs: Int64
  }

  let bounds: Bounds
  let lookbackMs: Int64
  /// Step of a subquery that names none, by its range.
  let defaultSubqueryStepMs: @Sendable (Int64) -> Int64
  /// For positions in errors.
  let query: String

  func plan(_ expression: Expression) throws(QueryError) -> QueryPlan {
    if let range = try rangePlan(expression, Context()) { return .range(range) }
    return .node(invariant(try node(expression, Context())))
  }

  /// What stands around a part, for the store's hints.
  struct Context {
    var function = ""
    /// Series are wanted in label order, as float sums depend on it.
    var needsOrder = false
    /// Only counts and sums of histograms are looked at.
    var usesStatisticsOnly = false
    /// The labels that are left of the series in the end; nil for all.
    var projection: [String]?
  }

  func node(_ expression: Expression, _ context: Context) throws(QueryError) -> PlanNode {
    switch expression {
    case .number(let literal): return .number(literal.value)
    case .string(let literal): return .string(literal.value)
    case .parentheses(let parentheses): return try node(parentheses.inner, context)
    case .vectorSelector(let selector): return .selector(try self.selector(selector, context))
    case .matrixSelector, .subquery:
      throw .execution("range vector where an instant vector is wanted")
    case .unary(let unary): return try self.unary(unary, context)
    case .binary(let binary): return try self.binary(binary, context)
    case .aggregate(let aggregate): return try self.aggregate(aggregate, context)
    case .call(let call): return try self.call(call, context)
    }
  }

  private func unary(
    _ unary: UnaryExpression, _ context: Context
  ) throws(QueryError) -> PlanNode {
    let inner = try node(unary.operand, context)
    guard unary.isNegated else { return inner }
    if case .number(let value) = inner { return .number(-value) }
    return .negate(NegatePlan(inner: invariant(inner), position: unary.range))
  }

  private func binary(
    _ binary: BinaryExpression, _ context: Context
  ) throws(QueryError) -> PlanNode {
    var inner = Context(needsOrder: context.needsOrder)
    // Two vectors find each other by their labels.
    if context.projection != nil,
      binary.right.valueType == .scalar || binary.left.valueType == .scalar
    {
      inner.projection = context.projection
    }
    let left = try node(binary.left, inner)
    let plan = BinaryPlan(binary, left: left, right: try node(binary.right, inner))
    if let folded = folded(plan) { return .number(folded) }
    return .binary(plan.traits.isInvariant ? plan : wrapped(plan))
  }

  private func wrapped(_ plan: BinaryPlan) -> BinaryPlan {
    var plan = plan
    plan.left = invariant(plan.left)
    plan.right = invariant(plan.right)
    return plan
  }

  private func aggregate(
    _ aggregate: AggregateExpression, _ context: Context
  ) throws(QueryError) -> PlanNode {
    var below = context
    below.function = aggregate.op.rawValue
    switch aggregate.op {
    case .sum, .avg, .stddev, .stdvar, .limitk: below.needsOrder = true
    default: break
    }
    below.projection = projection(aggregate)
    let inner = try node(aggregate.inner, below)
    var parameter: PlanNode?
    if let expression = aggregate.parameter {
      parameter = invariant(try node(expression, Context()))
    }
    var plan = AggregatePlan(aggregate, inner: inner, parameter: parameter)
    if !plan.traits.isInvariant { plan.inner = invariant(inner) }
    return .aggregate(plan)
  }

  /// The labels that an aggregation looks at, and those that notes speak of.
  private func projection(_ aggregate: AggregateExpression) -> [String]? {
    switch aggregate.op {
    case .topk, .bottomk, .limitk, .limitRatio: return nil
    default: break
    }
    if aggregate.isWithout { return nil }
    return aggregate.grouping + [LabelNames.metricName, LabelNames.metricType]
  }

  private func call(
    _ call: FunctionCall, _ context: Context
  ) throws(QueryError) -> PlanNode {
    if let constant = boundsConstant(call.function.name) { return .number(constant) }
    var below = context
    if !Planner.keepsLabels(call.function.name) { below.projection = nil }
    below.function = call.function.name
    switch call.function.name {
    case "histogram_count", "histogram_sum", "histogram_avg": below.usesStatisticsOnly = true
    case "histogram_quantile", "histogram_quantiles", "histogram_stddev", "histogram_stdvar",
      "histogram_fraction":
      below.usesStatisticsOnly = false
    default: break
    }
    var arguments: [ArgumentPlan] = []
    for argument in call.arguments { arguments.append(try self.argument(argument, below)) }
    let plan = CallPlan(
      name: call.function.name, arguments: arguments, returnType: call.function.returnType,
      position: call.range)
    if let folded = folded(plan) { return .number(folded) }
    if plan.traits.isInvariant { return .call(plan) }
    var wrapped = plan
    wrapped.arguments = plan.arguments.map { argument in
      guard case .node(let node) = argument.value else { return argument }
      var argument = argument
      argument.value = .node(invariant(node))
      return argument
    }
    return .call(wrapped)
  }

  /// Whether a function gives series for series what it makes of their values alone.
  private static func keepsLabels(_ name: String) -> Bool {
    if RangeFunction(rawValue: name) != nil { return name != "absent_over_time" }
    return PerValue.function(name) != nil || CalendarFunction(rawValue: name) != nil
      || ["clamp", "clamp_min", "clamp_max", "round", "timestamp"].contains(name)
  }

  /// `start()`, `end()`, `range()` and `step()` speak of the whole query.
  private func boundsConstant(_ name: String) -> Double? {
    switch name {
    case "start": Double(bounds.startMs) / 1000
    case "end": Double(bounds.endMs) / 1000
    case "range": (Double(bounds.endMs) - Double(bounds.startMs)) / 1000
    case "step": Double(bounds.stepMs) / 1000
    case "pi": Double.pi
    default: nil
    }
  }

  private func argument(
    _ expression: Expression, _ context: Context
  ) throws(QueryError) -> ArgumentPlan {
    let matchers = ApusPromQL.matchers(of: expression)
    if let range = try rangePlan(expression, context) {
      return ArgumentPlan(value: .range(range), position: expression.range, matchers: matchers)
    }
    return ArgumentPlan(
      value: .node(try node(expression, context)), position: expression.range,
      matchers: matchers)
  }
}

/// The matchers of a selector, through parentheses; nil for any other expression.
private func matchers(of expression: Expression) -> [LabelMatcher]? {
  switch expression {
  case .parentheses(let parentheses): matchers(of: parentheses.inner)
  case .vectorSelector(let selector): selector.matchers
  case .matrixSelector(let matrix): matrix.selector.matchers
  default: nil
  }
}
