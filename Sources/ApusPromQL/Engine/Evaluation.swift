internal import ApusModel
internal import ApusPromQLSyntax
internal import ApusStorage

/// From a plan to the value of the query.
struct Evaluation {
  let query: Query
  let timeline: Timeline

  func value(of plan: QueryPlan, type: ValueType) throws(QueryError) -> QueryResult.Value {
    let builder = OperatorBuilder(query: query)
    switch plan {
    case .range(let range):
      let top = OperatorBuilder(query: query, makesResult: true)
      return .matrix(try samples(top.windows(range, timeline)))
    case .node(let node):
      // The samples of each step would have to be counted for every user.
      // To look for them takes time with the square of the depth.
      if !query.countsPerStep, !query.isDeep,
        let common = CommonParts(node, timeline, query: query.text)
      {
        query.sharedParts = SharedParts(common)
      }
      // They know the query, which knows them.
      defer { query.sharedParts = nil }
      switch type {
      case .string:
        return .string(timeMs: timeline.startMs, value: try builder.text(node))
      case .scalar:
        return scalar(try builder.scalar(node, timeline))
      default:
        let rows = try finished(builder.vector(node, timeline), keepsOrder: node.isOrdered)
        guard query.isRange else { return .vector(rows.compactMap(element)) }
        let times = (0..<timeline.count).map { timeline.timeMs($0) }
        return .matrix(rows.map { matrixRow($0, times) })
      }
    }
  }

  private func scalar(_ row: ScalarRow) -> QueryResult.Value {
    guard query.isRange else { return .scalar(timeMs: timeline.startMs, value: row[0]) }
    query.countSelected(timeline.count)
    let times = (0..<timeline.count).map { timeline.timeMs($0) }
    return .matrix([
      RangeSeries(labels: .empty, times: times, values: row.values(count: timeline.count))
    ])
  }

  /// All rows: names that were to go at the end are gone, equal labels are one row.
  private func finished(
    _ source: any Operator, keepsOrder: Bool
  ) throws(QueryError) -> [SeriesBlock] {
    var rows: [SeriesBlock] = []
    var block = SeriesBlock()
    var hasRepeats = source.labelsMayRepeat
    while try source.next(&block) {
      if block.isEmpty { continue }
      if block.dropsName {
        block.labels = block.labels.droppingMetadata()
        hasRepeats = true
      }
      try query.hold(block.pointCount)
      rows.append(block)
      block = SeriesBlock()
    }
    if hasRepeats {
      var merged = MergedRows(stepCount: timeline.count)
      for row in rows { try merged.add(row) }
      rows = merged.blocks
    }
    if query.isRange || !keepsOrder { rows.sort { $0.labels < $1.labels } }
    return rows
  }

  private func element(_ row: SeriesBlock) -> InstantSeries? {
    row.point(0).map {
      InstantSeries(labels: row.labels, timeMs: timeline.startMs, value: $0)
    }
  }

  /// - Parameter times: of all steps; rows without gaps share them.
  private func matrixRow(_ row: SeriesBlock, _ times: [Int64]) -> RangeSeries {
    if !row.hasHistograms && row.pointCount == row.count {
      return RangeSeries(labels: row.labels, times: times, values: row.values)
    }
    var series = RangeSeries(labels: row.labels, times: [], values: [])
    series.times.reserveCapacity(row.count)
    series.values.reserveCapacity(row.count)
    for step in 0..<row.count {
      switch row.kinds[step] {
      case PointKind.float:
        series.times.append(timeline.timeMs(step))
        series.values.append(row.values[step])
      case PointKind.histogram:
        series.histogramTimes.append(timeline.timeMs(step))
        series.histograms.append(row.histograms[step])
      default: break
      }
    }
    return series
  }

  /// The samples of a range selector at the top, as they are.
  private func samples(_ source: any WindowSource) throws(QueryError) -> [RangeSeries] {
    var all: [RangeSeries] = []
    var series = WindowSeries()
    while try source.next(&series) {
      let floats = series.floatLow[0]..<series.floatHigh[0]
      let histograms = series.histogramLow[0]..<series.histogramHigh[0]
      if floats.isEmpty && histograms.isEmpty { continue }
      try query.hold(floats.count + histograms.count)
      all.append(
        RangeSeries(
          labels: series.dropsName ? series.labels.droppingMetadata() : series.labels,
          times: Array(series.times[floats]), values: Array(series.values[floats]),
          histogramTimes: Array(series.samples.histogramTimes[histograms]),
          histograms: Array(series.histograms[histograms])))
    }
    all.sort { $0.labels < $1.labels }
    return all
  }
}

extension PlanNode {
  /// Whether the order of the series means something.
  var isOrdered: Bool {
    switch self {
    case .number, .string, .selector: false
    case .stepInvariant(let inner): inner.isOrdered
    case .negate(let plan): plan.inner.isOrdered
    case .aggregate(let plan): plan.op == .topk || plan.op == .bottomk
    case .binary(let plan): plan.left.isOrdered
    case .call(let plan):
      plan.name.hasPrefix("sort") || plan.arguments.first?.node?.isOrdered ?? false
    }
  }
}
