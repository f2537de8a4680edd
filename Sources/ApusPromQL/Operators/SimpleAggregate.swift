internal import ApusModel
internal import ApusPromQLSyntax

/// sum, avg, count, min, max, group, stddev and stdvar: one row for each group, into which series
/// are added as they come by.
final class SimpleAggregate: Operator {
  private let inner: any Operator
  private let plan: AggregatePlan
  private let stepCount: Int
  private let query: Query
  private var table: GroupTable
  private var groups: [AggregateRow] = []
  private var at = 0
  private var isRead = false

  init(_ inner: any Operator, _ plan: AggregatePlan, stepCount: Int, query: Query) {
    self.inner = inner
    self.plan = plan
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
    while at < groups.count {
      block.clear(count: stepCount)
      block.labels = table.labels[at]
      block.dropsName = table.dropsName[at]
      groups[at].finish(&block, plan, query)
      groups[at] = AggregateRow(plan.op, stepCount: 0)
      at += 1
      query.release(stepCount)
      if !block.isEmpty { return true }
    }
    return false
  }

  private func readAll() throws(QueryError) {
    var block = SeriesBlock()
    var seriesCount = 0
    while try inner.next(&block) {
      let place = table.place(of: block)
      if place == groups.count {
        try query.hold(stepCount)
        groups.append(AggregateRow(plan.op, stepCount: stepCount))
      }
      groups[place].add(block, plan, query)
      seriesCount += 1
      if seriesCount & 0xFF == 0 { try query.checkpoint() }
    }
  }
}

/// The state of one group at all steps, in columns.
///
/// Source of the rules: Prometheus, promql/engine.go, aggregation.
struct AggregateRow {
  private let op: AggregateOperator
  /// Sum, extreme, or squared deviations.
  private var values: [Double]
  /// Compensation of sums; mean for deviations.
  private var second: [Double] = []
  private var counts: [Double] = []
  /// Steps at which the average is a running mean, not a sum.
  private var isMean: [Bool] = []
  /// Bits: 1 a float was seen, 2 a histogram, 4 histograms do not fit.
  private var seen: [UInt8]
  private var histograms: [Int: HistogramAdder] = [:]

  init(_ op: AggregateOperator, stepCount: Int) {
    self.op = op
    values = [Double](repeating: 0, count: stepCount)
    seen = [UInt8](repeating: 0, count: stepCount)
    switch op {
    case .sum: second = values
    case .avg, .stddev, .stdvar:
      second = values
      counts = values
    default: break
    }
    if op == .avg { isMean = [Bool](repeating: false, count: stepCount) }
  }

  mutating func add(_ block: SeriesBlock, _ plan: AggregatePlan, _ query: Query) {
    switch op {
    case .sum: addSum(block)
    case .avg: addAverage(block)
    case .min: addExtreme(block, isMax: false)
    case .max: addExtreme(block, isMax: true)
    case .stddev, .stdvar: addDeviation(block)
    case .count:
      for step in block.kinds.indices where block.kinds[step] != PointKind.none {
        values[step] += 1
        seen[step] |= 1
      }
    default:
      for step in block.kinds.indices where block.kinds[step] != PointKind.none {
        values[step] = 1
        seen[step] |= 1
      }
    }
    if block.hasHistograms { addHistograms(block, plan, query) }
  }

  private mutating func addSum(_ block: SeriesBlock) {
    for step in block.kinds.indices where block.kinds[step] == PointKind.float {
      var sum = KahanSum(values[step], compensation: second[step])
      sum.add(block.values[step])
      values[step] = sum.sum
      second[step] = sum.compensation
      seen[step] |= 1
    }
  }

  private mutating func addAverage(_ block: SeriesBlock) {
    for step in block.kinds.indices where block.kinds[step] == PointKind.float {
      let value = block.values[step]
      counts[step] += 1
      let count = counts[step]
      if seen[step] & 1 == 0 {
        seen[step] |= 1
        values[step] = value
        continue
      }
      if !isMean[step] {
        var sum = KahanSum(values[step], compensation: second[step])
        sum.add(value)
        if !sum.sum.isInfinite {
          values[step] = sum.sum
          second[step] = sum.compensation
          continue
        }
        isMean[step] = true
        values[step] /= count - 1
        second[step] /= count - 1
      }
      let share = (count - 1) / count
      var mean = KahanSum(share * values[step], compensation: share * second[step])
      mean.add(value / count)
      values[step] = mean.sum
      second[step] = mean.compensation
    }
  }

  private mutating func addExtreme(_ block: SeriesBlock, isMax: Bool) {
    for step in block.kinds.indices where block.kinds[step] == PointKind.float {
      let value = block.values[step]
      let best = values[step]
      if seen[step] & 1 == 0 || best.isNaN || (isMax ? best < value : best > value) {
        values[step] = value
      }
      seen[step] |= 1
    }
  }

  private mutating func addDeviation(_ block: SeriesBlock) {
    for step in block.kinds.indices where block.kinds[step] == PointKind.float {
      let value = block.values[step]
      counts[step] += 1
      if seen[step] & 1 == 0 {
        seen[step] |= 1
        second[step] = value
        values[step] = value.isFinite ? 0 : .nan
        continue
      }
      let delta = value - second[step]
      second[step] += delta / counts[step]
      values[step] += delta * (value - second[step])
    }
  }

  private mutating func addHistograms(
    _ block: SeriesBlock, _ plan: AggregatePlan, _ query: Query
  ) {
    for step in block.kinds.indices where block.kinds[step] == PointKind.histogram {
      switch op {
      case .sum, .avg:
        seen[step] |= 2
        if seen[step] & 4 != 0 { continue }
        var adder = histograms[step] ?? HistogramAdder(wantsAverage: op == .avg)
        if !adder.add(block.histograms[step]) {
          seen[step] |= 4
          query.warn(
            "vector contains a mix of histograms with exponential and custom buckets schemas "
              + "for metric name \(GoQuote.quote(block.labels.metricName))", plan.innerPosition)
        }
        histograms[step] = adder
      case .count, .group: break
      default:
        query.inform("ignored histogram in \(op.rawValue) aggregation", plan.innerPosition)
      }
    }
  }

  func finish(_ block: inout SeriesBlock, _ plan: AggregatePlan, _ query: Query) {
    for step in seen.indices where seen[step] != 0 {
      if seen[step] & 3 == 3 && (op == .sum || op == .avg) {
        query.warn(
          "encountered a mix of histograms and floats for aggregation", plan.innerPosition)
      } else if seen[step] & 2 != 0 && (op == .sum || op == .avg) {
        finishHistogram(step, &block, plan, query)
      } else {
        block.set(step, floatResult(step))
      }
    }
  }

  private func floatResult(_ step: Int) -> Double {
    switch op {
    case .sum: KahanSum(values[step], compensation: second[step]).value
    case .avg:
      isMean[step]
        ? values[step] + second[step]
        : values[step] / counts[step] + second[step] / counts[step]
    case .stdvar: values[step] / counts[step]
    case .stddev: (values[step] / counts[step]).squareRoot()
    default: values[step]
    }
  }

  private func finishHistogram(
    _ step: Int, _ block: inout SeriesBlock, _ plan: AggregatePlan, _ query: Query
  ) {
    guard seen[step] & 4 == 0, let adder = histograms[step], let value = adder.value else {
      return
    }
    if adder.hasResetCollision {
      query.warn(
        "conflicting counter resets during histogram aggregation", plan.innerPosition)
    }
    if adder.hasReconciledBounds {
      query.inform(
        "mismatched custom buckets were reconciled during aggregation", plan.innerPosition)
    }
    block.set(step, value.compacted)
  }
}
