internal import ApusModel
internal import ApusPromQLSyntax
internal import ApusStorage

/// Offset, @, lookback and range of selectors and subqueries.
extension Planner {
  func selector(
    _ selector: VectorSelector, _ context: Context
  ) throws(QueryError) -> SelectorPlan {
    var hints = SelectHints()
    hints.stepMs = bounds.stepMs
    hints.function = context.function
    hints.isSorted = context.needsOrder
    var plan = SelectorPlan(
      matchers: selector.matchers, time: try time(selector.offset, selector.at),
      lookbackMs: lookbackMs, isSmoothed: selector.isSmoothed,
      usesStatisticsOnly: context.usesStatisticsOnly, hints: hints, position: selector.range)
    // Series of several names may become equal when the name is dropped; that must be seen.
    if plan.metricName != nil { plan.projection = context.projection }
    return plan
  }

  /// The plan of a matrix selector or subquery, through parentheses; nil for anything else.
  func rangePlan(
    _ expression: Expression, _ context: Context
  ) throws(QueryError) -> RangePlan? {
    switch expression {
    case .parentheses(let parentheses):
      return try rangePlan(parentheses.inner, context)
    case .matrixSelector(let matrix):
      return try matrixPlan(matrix, context)
    case .subquery(let subquery):
      return .subquery(try self.subquery(subquery))
    default:
      return nil
    }
  }

  private func matrixPlan(
    _ matrix: MatrixSelector, _ context: Context
  ) throws(QueryError) -> RangePlan {
    let function = context.function
    var plan = try selector(matrix.selector, context)
    let windowMs = try durationMs(matrix.window, mustBePositive: true)
    plan.hints.rangeMs = windowMs
    let isAnchored = matrix.selector.isAnchored
    let isSmoothed = matrix.selector.isSmoothed
    if isAnchored {
      try check(function, ["changes", "delta", "increase", "rate", "resets"], "anchored")
    }
    if isSmoothed { try check(function, ["delta", "increase", "rate"], "smoothed") }
    let widening: RangeExtension = isAnchored ? .anchored : (isSmoothed ? .smoothed : .none)
    return .selector(plan, windowMs: windowMs, widening)
  }

  private func check(
    _ function: String, _ allowed: [String], _ modifier: String
  ) throws(QueryError) {
    if function.isEmpty || allowed.contains(function) { return }
    throw .execution(
      "\(modifier) modifier can only be used with: \(allowed.joined(separator: ", "))"
        + " - not with \(function)")
  }

  private func subquery(_ subquery: SubqueryExpression) throws(QueryError) -> SubqueryPlan {
    let windowMs = try durationMs(subquery.window, mustBePositive: true)
    var stepMs: Int64 = 0
    if let step = subquery.step { stepMs = try durationMs(step, mustBePositive: true) }
    if stepMs == 0 { stepMs = defaultSubqueryStepMs(windowMs) }
    return SubqueryPlan(
      inner: invariant(try node(subquery.inner, Context())), windowMs: windowMs,
      stepMs: max(stepMs, 1), time: try time(subquery.offset, subquery.at))
  }

  private func time(
    _ offset: DurationValue, _ at: AtModifier?
  ) throws(QueryError) -> SelectorTime {
    let offsetMs = try durationMs(offset, mustBePositive: false)
    switch at {
    case nil: return SelectorTime(fixedMs: nil, offsetMs: offsetMs)
    case .timeMs(let timeMs): return SelectorTime(fixedMs: timeMs, offsetMs: offsetMs)
    case .start: return SelectorTime(fixedMs: bounds.startMs, offsetMs: offsetMs)
    case .end: return SelectorTime(fixedMs: bounds.endMs, offsetMs: offsetMs)
    }
  }
}
