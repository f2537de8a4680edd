import ApusModel
import ApusPromQLSyntax

/// Aggregations: at every step the groups, and of each group what its operator says.
extension Reference {
  func aggregate(_ node: AggregateExpression, _ times: [Int64]) throws -> [[ReferenceSample]] {
    var numbers = times.map { _ in Double.nan }
    var label = ""
    if let parameter = node.parameter {
      if node.op == .countValues {
        label = try text(parameter)
      } else {
        numbers = try scalar(parameter, times)
      }
    }
    let steps = try vector(node.inner, times)
    try check(node.op, numbers)
    return zip(steps, numbers).map { elements, number in
      node.op == .countValues
        ? counted(elements, node, label) : aggregated(elements, node, number)
    }
  }

  private func check(_ op: AggregateOperator, _ numbers: [Double]) throws {
    let hasNaN = numbers.contains { $0.isNaN }
    switch op {
    case .topk, .bottomk, .limitk:
      if hasNaN { throw ReferenceError(text: "Parameter value is NaN") }
      for number in [numbers.min() ?? 0, numbers.max() ?? 0] where abs(number) >= 0x1p63 {
        let way = number < 0 ? "underflows" : "overflows"
        throw ReferenceError(text: "Scalar value \(FloatText.g(number)) \(way) int64")
      }
    case .limitRatio:
      if hasNaN { throw ReferenceError(text: "Ratio value is NaN") }
    default: break
    }
  }

  private func group(
    _ node: AggregateExpression, _ labels: [String: String]
  ) -> [String: String] {
    if node.isWithout {
      return labels.filter { !node.grouping.contains($0.key) && $0.key != "__name__" }
    }
    return labels.filter { node.grouping.contains($0.key) }
  }

  /// The groups in order of their first elements.
  private func groups(
    _ elements: [ReferenceSample], _ key: (ReferenceSample) -> [String: String]
  ) -> [(labels: [String: String], members: [ReferenceSample])] {
    var found: [(labels: [String: String], members: [ReferenceSample])] = []
    for element in elements {
      let labels = key(element)
      if let place = found.firstIndex(where: { $0.labels == labels }) {
        found[place].members.append(element)
      } else {
        found.append((labels, [element]))
      }
    }
    return found
  }

  private func counted(
    _ elements: [ReferenceSample], _ node: AggregateExpression, _ label: String
  ) -> [ReferenceSample] {
    let all = groups(elements) { element in
      var labels = group(node, element.labels)
      labels[label] = FloatText.f(element.value)
      return labels
    }
    return all.map { labels, members in
      ReferenceSample(
        labels: labels, value: Double(members.count),
        dropsName: members.contains { $0.dropsName })
    }
  }

  private func aggregated(
    _ elements: [ReferenceSample], _ node: AggregateExpression, _ number: Double
  ) -> [ReferenceSample] {
    var out: [ReferenceSample] = []
    for (labels, members) in groups(elements, { group(node, $0.labels) }) {
      switch node.op {
      case .topk, .bottomk:
        out += GoHeap.best(members, max(0, Int(number)), isTop: node.op == .topk)
      case .limitk: out += members.prefix(max(0, Int(number)))
      case .limitRatio: out += members.filter { Self.isTaken($0, min(max(number, -1), 1)) }
      default:
        out.append(
          ReferenceSample(
            labels: labels, value: Self.reduce(node.op, members.map { $0.value }, number),
            dropsName: members.contains { $0.dropsName }))
      }
    }
    return out
  }

  private static func isTaken(_ element: ReferenceSample, _ ratio: Double) -> Bool {
    let offset = Double(ReferenceStore.labels(element.labels).hash64) / Double(UInt64.max)
    return ratio >= 0 ? offset < ratio || ratio == 1 : offset >= 1 + ratio
  }

  private static func reduce(
    _ op: AggregateOperator, _ values: [Double], _ number: Double
  ) -> Double {
    switch op {
    case .sum: return Kahan.sum(values)
    case .avg: return Kahan.average(values)
    case .count: return Double(values.count)
    case .group: return 1
    case .min: return ReferenceFunctions.extreme(values, isMax: false)
    case .max: return ReferenceFunctions.extreme(values, isMax: true)
    case .quantile: return ReferenceFunctions.quantile(number, values)
    case .stdvar: return variance(values)
    case .stddev: return variance(values).squareRoot()
    default: return .nan
    }
  }

  private static func variance(_ values: [Double]) -> Double {
    if !values[0].isFinite { return .nan }
    var mean = values[0]
    var squares = 0.0
    for (i, value) in values.enumerated().dropFirst() {
      let delta = value - mean
      mean += delta / Double(i + 1)
      squares += delta * (value - mean)
    }
    return squares / Double(values.count)
  }
}

/// Go's container/heap with the rules of topk: which of equal values stay depends on it.
enum GoHeap {
  static func best(_ members: [ReferenceSample], _ count: Int, isTop: Bool) -> [ReferenceSample] {
    if count == 0 { return [] }
    var heap: [ReferenceSample] = []
    func less(_ a: Double, _ b: Double) -> Bool {
      a.isNaN ? !b.isNaN : (isTop ? a < b : a > b)
    }
    for member in members {
      if heap.count < count {
        heap.append(member)
        var child = heap.count - 1
        while child > 0, less(heap[child].value, heap[(child - 1) / 2].value) {
          heap.swapAt(child, (child - 1) / 2)
          child = (child - 1) / 2
        }
      } else if less(heap[0].value, member.value) {
        heap[0] = member
        var parent = 0
        while 2 * parent + 1 < heap.count {
          var child = 2 * parent + 1
          if child + 1 < heap.count, less(heap[child + 1].value, heap[child].value) { child += 1 }
          if !less(heap[child].value, heap[parent].value) { break }
          heap.swapAt(parent, child)
          parent = child
        }
      }
    }
    return heap
  }
}

/// Compensated sums, as Prometheus adds.
enum Kahan {
  static func add(_ value: Double, _ sum: Double, _ rest: Double) -> (Double, Double) {
    let total = sum + value
    if total.isInfinite { return (total, 0) }
    let lost = abs(sum) >= abs(value) ? (sum - total) + value : (value - total) + sum
    return (total, rest + lost)
  }

  static func sum(_ values: [Double]) -> Double {
    var sum = 0.0
    var rest = 0.0
    for value in values { (sum, rest) = add(value, sum, rest) }
    return sum.isInfinite ? sum : sum + rest
  }

  static func average(_ values: [Double]) -> Double {
    var sum = values[0]
    var rest = 0.0
    var isMean = false
    for (i, value) in values.enumerated().dropFirst() {
      let count = Double(i + 1)
      if !isMean {
        let (next, nextRest) = add(value, sum, rest)
        if !next.isInfinite {
          (sum, rest) = (next, nextRest)
          continue
        }
        isMean = true
        sum /= count - 1
        rest /= count - 1
      }
      let share = (count - 1) / count
      (sum, rest) = add(value / count, share * sum, share * rest)
    }
    let count = Double(values.count)
    return isMean ? sum + rest : sum / count + rest / count
  }
}
