internal import ApusModel
internal import ApusPromQLSyntax
internal import ApusSystem

/// Function calls that return vectors.
extension OperatorBuilder {
  func call(_ plan: CallPlan, _ timeline: Timeline) throws(QueryError) -> any Operator {
    if let function = RangeFunction(rawValue: plan.name) {
      return try window(plan, function, timeline)
    }
    if let function = PerValue.function(plan.name) {
      return try perValue(plan, timeline) { values in
        for i in values.indices { values[i] = function(values[i]) }
      }
    }
    if let function = CalendarFunction(rawValue: plan.name) {
      return try calendar(plan, function, timeline)
    }
    switch plan.name {
    case "clamp", "clamp_min", "clamp_max": return try clamp(plan, timeline)
    case "round": return try round(plan, timeline)
    case "vector": return try constant(plan, timeline)
    case "timestamp", "start_timestamp": return try timestamp(plan, timeline)
    case "absent":
      return Absent(
        try argument(plan, 0, timeline), plan.arguments[0].matchers, stepCount: timeline.count)
    case "sort", "sort_desc", "sort_by_label", "sort_by_label_desc":
      return try sort(plan, timeline)
    case "label_replace", "label_join": return try relabel(plan, timeline)
    case "info": return try info(plan, timeline)
    default: return try histogram(plan, timeline)
    }
  }

  /// The vector in an argument.
  private func argument(
    _ plan: CallPlan, _ place: Int, _ timeline: Timeline
  ) throws(QueryError) -> any Operator {
    guard let node = plan.arguments[place].node else {
      throw .execution("expected type instant vector in call to function \"\(plan.name)\"")
    }
    return try vector(node, timeline)
  }

  /// The scalar in an argument.
  private func number(
    _ plan: CallPlan, _ place: Int, _ timeline: Timeline
  ) throws(QueryError) -> ScalarRow {
    guard let node = plan.arguments[place].node else {
      throw .execution("expected type scalar in call to function \"\(plan.name)\"")
    }
    return try scalar(node, timeline)
  }

  private func text(_ plan: CallPlan, _ place: Int) throws(QueryError) -> String {
    guard let node = plan.arguments[place].node else {
      throw .execution("expected type string in call to function \"\(plan.name)\"")
    }
    return try text(node)
  }

  // MARK: Windows

  private func window(
    _ plan: CallPlan, _ function: RangeFunction, _ timeline: Timeline
  ) throws(QueryError) -> any Operator {
    var parameters: [ScalarRow] = []
    var range: (plan: RangePlan, matchers: [LabelMatcher]?)?
    for argument in plan.arguments {
      switch argument.value {
      case .node(let node): parameters.append(try scalar(node, timeline))
      case .range(let found): range = (found, argument.matchers)
      }
    }
    guard let range else {
      throw .execution("expected type range vector in call to function \"\(plan.name)\"")
    }
    let source = try windows(range.plan, timeline)
    var widening = RangeExtension.none
    if case .selector(_, _, let asked) = range.plan { widening = asked }
    let call = WindowCall(
      function: function, shape: source.shape, widening: widening, parameters: parameters,
      position: plan.arguments[0].position, timeline: timeline, query: query)
    let made = WindowFunction(source, call)
    if function == .absent {
      return Absent(made, range.matchers, stepCount: timeline.count)
    }
    if function.keepsName || query.options.delayedNameRemoval || range.plan.traits.hasOneName {
      return made
    }
    return MergeDuplicates(made, stepCount: timeline.count, query: query)
  }

  // MARK: Values

  private func perValue(
    _ plan: CallPlan, _ timeline: Timeline, _ change: @escaping (inout [Double]) -> Void
  ) throws(QueryError) -> any Operator {
    let inner = try argument(plan, 0, timeline)
    let made = PerValueFunction(inner, query: query, change)
    guard let node = plan.arguments[0].node else { return made }
    return unique(made, node, timeline)
  }

  private func clamp(_ plan: CallPlan, _ timeline: Timeline) throws(QueryError) -> any Operator {
    var least = ScalarRow.constant(-.infinity)
    var greatest = ScalarRow.constant(.infinity)
    if plan.name != "clamp_max" { least = try number(plan, 1, timeline) }
    if plan.name != "clamp_min" {
      greatest = try number(plan, plan.name == "clamp" ? 2 : 1, timeline)
    }
    let made = try perValue(plan, timeline) { values in
      for i in values.indices {
        values[i] = GoMath.max(least[i], GoMath.min(greatest[i], values[i]))
      }
    }
    return StepFilter(made) { greatest[$0] < least[$0] ? false : true }
  }

  private func round(_ plan: CallPlan, _ timeline: Timeline) throws(QueryError) -> any Operator {
    var nearest = ScalarRow.constant(1)
    if plan.arguments.count > 1 { nearest = try number(plan, 1, timeline) }
    return try perValue(plan, timeline) { values in
      for i in values.indices {
        let inverse = 1 / nearest[i]
        values[i] = (values[i] * inverse + 0.5).rounded(.down) / inverse
      }
    }
  }

  private func constant(
    _ plan: CallPlan, _ timeline: Timeline
  ) throws(QueryError) -> any Operator {
    let values = try number(plan, 0, timeline).values(count: timeline.count)
    return BufferedOperator([SeriesBlock(labels: .empty, values: values)])
  }

  private func calendar(
    _ plan: CallPlan, _ function: CalendarFunction, _ timeline: Timeline
  ) throws(QueryError) -> any Operator {
    guard plan.arguments.isEmpty else {
      return try perValue(plan, timeline) { values in
        for i in values.indices { values[i] = function.value(values[i]) }
      }
    }
    let values = (0..<timeline.count).map {
      function.value(Double(TimeText.floorDivide(timeline.timeMs($0), 1000)))
    }
    return BufferedOperator([SeriesBlock(labels: .empty, values: values)])
  }

  /// Of a selector, the time of its sample; of anything else, that of the step.
  private func timestamp(
    _ plan: CallPlan, _ timeline: Timeline
  ) throws(QueryError) -> any Operator {
    guard let node = plan.arguments[0].node else {
      throw .execution("expected type instant vector in call to function \"\(plan.name)\"")
    }
    if case .selector(let selector) = node.withoutInvariance, !selector.isSmoothed {
      let wantsStart = plan.name == "start_timestamp"
      if wantsStart && !query.options.startTimestamps { return EmptyOperator() }
      guard let selector = selector.forTimestamp else { return EmptyOperator() }
      let selected = InstantSelector(
        selector, timeline, wanted: wantsStart ? .startTimestamp : .timestamp, meter,
        query: query)
      let made = PerValueFunction(selected, query: query) { _ in }
      return unique(made, node, timeline)
    }
    if plan.name == "start_timestamp" { return EmptyOperator() }
    let inner = try vector(node, timeline)
    let made = StepTimes(inner, timeline, query: query)
    return unique(made, node, timeline)
  }

  // MARK: Order and labels

  private func sort(_ plan: CallPlan, _ timeline: Timeline) throws(QueryError) -> any Operator {
    let inner = try argument(plan, 0, timeline)
    if query.isRange {
      query.warn(
        "sort is ineffective for range queries since results are always ordered by labels",
        plan.position)
    }
    switch plan.name {
    case "sort": return Sort(inner, .value(isDescending: false), query: query)
    case "sort_desc": return Sort(inner, .value(isDescending: true), query: query)
    default:
      var names: [String] = []
      for place in plan.arguments.indices.dropFirst() { names.append(try text(plan, place)) }
      return Sort(
        inner, .labels(names, isDescending: plan.name == "sort_by_label_desc"), query: query)
    }
  }

  private func relabel(
    _ plan: CallPlan, _ timeline: Timeline
  ) throws(QueryError) -> any Operator {
    let target = try text(plan, 1)
    let rule: LabelRewrite.Rule
    if plan.name == "label_replace" {
      let source = try text(plan, 4)
      let pattern: RE2Pattern
      do throws(RegexError) {
        pattern = try RE2Pattern(source)
      } catch {
        throw .execution("invalid regular expression in label_replace(): \(source)")
      }
      guard LabelNames.isValid(target) else {
        throw .execution("invalid destination label name in label_replace(): \(target)")
      }
      rule = .replace(
        target: target, template: try text(plan, 2), source: try text(plan, 3),
        pattern: pattern)
    } else {
      var sources: [String] = []
      for place in plan.arguments.indices.dropFirst(3) {
        let name = try text(plan, place)
        guard LabelNames.isValid(name) else {
          throw .execution("invalid source label name in label_join(): \(name)")
        }
        sources.append(name)
      }
      guard LabelNames.isValid(target) else {
        throw .execution("invalid destination label name in label_join(): \(target)")
      }
      rule = .join(target: target, separator: try text(plan, 2), sources: sources)
    }
    let made = LabelRewrite(try argument(plan, 0, timeline), rule)
    return MergeDuplicates(made, stepCount: timeline.count, query: query)
  }

  private func info(_ plan: CallPlan, _ timeline: Timeline) throws(QueryError) -> any Operator {
    var selector: SelectorPlan?
    if plan.arguments.count > 1,
      case .selector(let found)? = plan.arguments[1].node?.withoutInvariance
    {
      selector = found
    }
    let source = plan.arguments[0].node
    return Info(
      try argument(plan, 0, timeline), selector, time: source?.firstSelectorTime,
      timeline: timeline, meter: meter, query: query)
  }

  // MARK: Histograms

  private func histogram(
    _ plan: CallPlan, _ timeline: Timeline
  ) throws(QueryError) -> any Operator {
    switch plan.name {
    case "histogram_count": return try measure(plan, timeline) { $0.count }
    case "histogram_sum": return try measure(plan, timeline) { $0.sum }
    case "histogram_avg": return try measure(plan, timeline) { $0.sum / $0.count }
    case "histogram_stdvar":
      return try measure(plan, timeline) { HistogramFunctions.variance($0) }
    case "histogram_stddev":
      return try measure(plan, timeline) { HistogramFunctions.variance($0).squareRoot() }
    case "histogram_quantile":
      let wanted = HistogramQuantile.Wanted.quantile(
        try number(plan, 0, timeline), plan.arguments[0].position)
      return try quantile(plan, 1, wanted, timeline)
    case "histogram_fraction":
      let wanted = HistogramQuantile.Wanted.fraction(
        lower: try number(plan, 0, timeline), upper: try number(plan, 1, timeline))
      return try quantile(plan, 2, wanted, timeline)
    case "histogram_quantiles":
      var rows: [(ScalarRow, SourceRange)] = []
      for place in plan.arguments.indices.dropFirst(2) {
        rows.append((try number(plan, place, timeline), plan.arguments[place].position))
      }
      return try quantile(plan, 0, .quantiles(rows, label: try text(plan, 1)), timeline)
    default: throw .execution("unknown function with name \"\(plan.name)\"")
    }
  }

  private func measure(
    _ plan: CallPlan, _ timeline: Timeline, _ measure: @escaping (FloatHistogram) -> Double
  ) throws(QueryError) -> any Operator {
    let made = PerHistogramFunction(try argument(plan, 0, timeline), query: query, measure)
    guard let node = plan.arguments[0].node else { return made }
    return unique(made, node, timeline)
  }

  private func quantile(
    _ plan: CallPlan, _ place: Int, _ wanted: HistogramQuantile.Wanted, _ timeline: Timeline
  ) throws(QueryError) -> any Operator {
    let made = HistogramQuantile(
      try argument(plan, place, timeline), wanted,
      vectorPosition: plan.arguments[place].position,
      firstPosition: plan.arguments[0].position, timeline: timeline, query: query)
    if query.options.delayedNameRemoval, case .quantile = wanted { return made }
    return MergeDuplicates(made, stepCount: timeline.count, query: query)
  }
}

extension SelectorPlan {
  /// What `timestamp` reads where @ and offset meet: the sample that was newest at the time of @,
  /// among those up to the offset before it. Nil where there is none.
  ///
  /// Source: Prometheus, promql/engine.go, rangeEvalTimestampFunctionOverVectorSelector.
  fileprivate var forTimestamp: SelectorPlan? {
    guard time.fixedMs != nil else { return self }
    var plan = self
    if time.offsetMs < 0 { plan.time.offsetMs = 0 }
    if time.offsetMs > 0 { plan.lookbackMs -= time.offsetMs }
    return plan.lookbackMs > 0 ? plan : nil
  }
}

extension PlanNode {
  var withoutInvariance: PlanNode {
    if case .stepInvariant(let inner) = self { return inner.withoutInvariance }
    return self
  }

  /// The time of the first selector in an expression, in reading order.
  var firstSelectorTime: SelectorTime? {
    switch self {
    case .number, .string: nil
    case .selector(let plan): plan.time
    case .stepInvariant(let inner): inner.firstSelectorTime
    case .negate(let plan): plan.inner.firstSelectorTime
    case .aggregate(let plan): plan.inner.firstSelectorTime
    case .binary(let plan): plan.left.firstSelectorTime ?? plan.right.firstSelectorTime
    case .call(let plan):
      plan.arguments.lazy.compactMap { argument -> SelectorTime? in
        switch argument.value {
        case .node(let node): node.firstSelectorTime
        case .range(.selector(let selector, _, _)): selector.time
        case .range(.subquery(let subquery)): subquery.inner.firstSelectorTime
        }
      }.first
    }
  }
}
