internal import ApusModel
internal import ApusPromQLSyntax

/// topk and bottomk: at each step the best series of each group, with their own labels.
///
/// Series stream by; only the best so far are kept.
final class TopKAggregate: Operator {
  private let inner: any Operator
  private let plan: AggregatePlan
  private let parameter: AggregateParameter
  private let stepCount: Int
  private let query: Query
  private var table: GroupTable
  /// By group, then step.
  private var ranks: [[Ranking]] = []
  private var series: [(labels: Labels, dropsName: Bool)] = []
  private var result: BufferedOperator?

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

  var labelsMayRepeat: Bool { inner.labelsMayRepeat }

  func next(_ block: inout SeriesBlock) throws(QueryError) -> Bool {
    if result == nil { result = try rank() }
    return try result?.next(&block) ?? false
  }

  private func rank() throws(QueryError) -> BufferedOperator {
    var block = SeriesBlock()
    let isTop = plan.op == .topk
    while try inner.next(&block) {
      let place = table.place(of: block)
      if place == ranks.count {
        try query.hold(stepCount)
        ranks.append([Ranking](repeating: Ranking(isTop: isTop), count: stepCount))
      }
      let number = series.count
      series.append((block.labels, block.dropsName))
      var held = 0
      for step in 0..<stepCount {
        switch block.kinds[step] {
        case PointKind.float:
          let limit = parameter.count(step)
          if limit > 0, ranks[place][step].add(block.values[step], of: number, limit: limit) {
            held += 1
          }
        case PointKind.histogram:
          query.inform(
            "ignored histogram in \(plan.op.rawValue) aggregation", plan.innerPosition)
        default: break
        }
      }
      try query.hold(held)
    }
    return BufferedOperator(rows(), labelsMayRepeat: labelsMayRepeat)
  }

  /// The rows of the series that won at any step; of one step, best first.
  private func rows() -> [SeriesBlock] {
    var blocks: [SeriesBlock] = []
    var places: [Int: Int] = [:]
    for group in ranks {
      for step in 0..<stepCount {
        for entry in group[step].bestFirst {
          let place = places[entry.series] ?? blocks.count
          if place == blocks.count {
            places[entry.series] = place
            var block = SeriesBlock()
            block.clear(count: stepCount)
            block.labels = series[entry.series].labels
            block.dropsName = series[entry.series].dropsName
            blocks.append(block)
          }
          blocks[place].set(step, entry.value)
        }
      }
    }
    return blocks
  }
}

/// The best values seen so far, the worst of them on top of a heap. NaN is worst of all; of equal
/// values the first one stays.
struct Ranking {
  struct Entry {
    var value: Double
    var series: Int
  }

  private let isTop: Bool
  private var heap: [Entry] = []

  init(isTop: Bool) { self.isTop = isTop }

  /// - Returns: whether there is one more entry now.
  mutating func add(_ value: Double, of series: Int, limit: Int) -> Bool {
    let entry = Entry(value: value, series: series)
    if heap.count < limit {
      heap.append(entry)
      rise(heap.count - 1)
      return true
    }
    if isWorse(heap[0].value, than: value) {
      heap[0] = entry
      sink(0)
    }
    return false
  }

  var bestFirst: [Entry] {
    heap.sorted {
      isWorse($1.value, than: $0.value)
        || (!isWorse($0.value, than: $1.value) && $0.series < $1.series)
    }
  }

  private func isWorse(_ a: Double, than b: Double) -> Bool {
    if a.isNaN { return !b.isNaN }
    return isTop ? a < b : a > b
  }

  private mutating func rise(_ start: Int) {
    var place = start
    while place > 0 {
      let parent = (place - 1) / 2
      guard isWorse(heap[place].value, than: heap[parent].value) else { return }
      heap.swapAt(place, parent)
      place = parent
    }
  }

  private mutating func sink(_ start: Int) {
    var place = start
    while true {
      var worst = place
      for child in [2 * place + 1, 2 * place + 2] where child < heap.count {
        if isWorse(heap[child].value, than: heap[worst].value) { worst = child }
      }
      if worst == place { return }
      heap.swapAt(place, worst)
      place = worst
    }
  }
}
