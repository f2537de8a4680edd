internal import ApusModel
internal import ApusPromQLSyntax

/// count_values: how many series have each value, the value as a label.
final class CountValues: Operator {
  private let inner: any Operator
  private let label: String
  private let stepCount: Int
  private let query: Query
  private var table: GroupTable
  private var result: BufferedOperator?

  init(
    _ inner: any Operator, _ plan: AggregatePlan, label: String, stepCount: Int, query: Query
  ) {
    self.inner = inner
    self.label = label
    self.stepCount = stepCount
    self.query = query
    let grouping = plan.isWithout ? plan.grouping : plan.grouping + [label]
    table = GroupTable(GroupKey(grouping, isWithout: plan.isWithout))
  }

  var labelsMayRepeat: Bool { false }

  func next(_ block: inout SeriesBlock) throws(QueryError) -> Bool {
    if result == nil { result = BufferedOperator(try count()) }
    return try result?.next(&block) ?? false
  }

  private func count() throws(QueryError) -> [SeriesBlock] {
    var rows: [SeriesBlock] = []
    var block = SeriesBlock()
    while try inner.next(&block) {
      // One value seldom changes from step to step: its place is asked for once.
      var last: (text: String, place: Int)?
      for step in 0..<stepCount {
        guard let point = block.point(step) else { continue }
        let text = text(point)
        var place = last?.place ?? 0
        if last?.text != text {
          place = try self.place(of: block, text, &rows)
          last = (text, place)
        }
        let before = rows[place].kinds[step] == PointKind.none ? 0 : rows[place].values[step]
        rows[place].set(step, before + 1)
      }
    }
    for i in rows.indices { rows[i].dropsName = table.dropsName[i] }
    return rows
  }

  private func text(_ point: PointValue) -> String {
    switch point {
    case .float(let value): FloatText.f(value)
    case .histogram(let histogram): histogram.description
    }
  }

  private func place(
    of block: SeriesBlock, _ text: String, _ rows: inout [SeriesBlock]
  ) throws(QueryError) -> Int {
    var builder = LabelsBuilder(block.labels)
    builder.set(label, text)
    let place = table.place(of: builder.labels(), block.dropsName)
    if place == rows.count {
      try query.hold(stepCount)
      var row = SeriesBlock()
      row.clear(count: stepCount)
      row.labels = table.labels[place]
      rows.append(row)
    }
    return place
  }
}
