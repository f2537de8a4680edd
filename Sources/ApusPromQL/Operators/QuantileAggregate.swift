internal import ApusModel
internal import ApusPromQLSyntax

/// quantile: needs all values of a group at a step at once.
final class QuantileAggregate: Operator {
  private let inner: any Operator
  private let plan: AggregatePlan
  private let parameter: AggregateParameter
  private let stepCount: Int
  private let query: Query
  private var table: GroupTable
  /// Values by group, then step.
  private var values: [[[Double]]] = []
  private var at = 0
  private var isRead = false

  init(
    _ inner: any Operator, _ plan: AggregatePlan, _ parameter: AggregateParameter,
    stepCount: Int, query: Query
  ) {
    self.inner = inner
    self.plan = plan
    self.parameter = parameter
    self.stepCount = stepCount
    self.query = query
    table = GroupTable(GroupKey(plan.grouping, isWithout: plan.isWithout))
  }

  var labelsMayRepeat: Bool { false }

  func next(_ block: inout SeriesBlock) throws(QueryError) -> Bool {
    if !isRead {
      try readAll()
      isRead = true
    }
    while at < values.count {
      try query.checkpoint()
      block.clear(count: stepCount)
      block.labels = table.labels[at]
      block.dropsName = table.dropsName[at]
      for step in 0..<stepCount where !values[at][step].isEmpty {
        // Sorting many values takes its time.
        if values[at][step].count > 4096 { try query.checkpoint() }
        query.release(values[at][step].count)
        block.set(
          step, QuantileMath.quantile(parameter.number(step), &values[at][step]))
      }
      values[at] = []
      at += 1
      if !block.isEmpty { return true }
    }
    return false
  }

  private func readAll() throws(QueryError) {
    var block = SeriesBlock()
    while try inner.next(&block) {
      let place = table.place(of: block)
      if place == values.count {
        try query.hold(stepCount)
        values.append([[Double]](repeating: [], count: stepCount))
      }
      var held = 0
      for step in 0..<stepCount {
        switch block.kinds[step] {
        case PointKind.float:
          values[place][step].append(block.values[step])
          held += 1
        case PointKind.histogram:
          query.inform("ignored histogram in quantile aggregation", plan.innerPosition)
        default: break
        }
      }
      try query.hold(held)
    }
  }
}
