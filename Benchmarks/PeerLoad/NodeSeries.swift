import ApusModel

/// Synthetic series in the mix of a node_exporter: of a target's 1,000 series 66 % are constant,
/// 18 % whole numbers that walk, 16 % decimals (a third of these noise with nine digits); three of
/// four samples equal the one before.
struct NodeSeries {
  static let perTarget = 1000
  let count: Int
  private var values: [Double]
  /// How often each target was replaced by one of another name.
  private var generations: [Int]
  private var numbers = Numbers(state: 7)

  init(count: Int) {
    self.count = count
    values = (0..<count).map { Double($0 &* 7919 % 100_000) }
    generations = [Int](repeating: 0, count: (count + Self.perTarget - 1) / Self.perTarget)
  }

  var targetCount: Int { generations.count }

  /// Seven labels, in order.
  func labels(_ series: Int) -> [(name: String, value: String)] {
    let target = series / Self.perTarget
    let place = series % Self.perTarget
    let pod = generations[target] == 0 ? "" : "-\(generations[target])"
    return [
      ("__name__", "node_metric_\(place / 4)_total"), ("cluster", "eu-\(target % 4)"),
      ("device", "dev-\(place % 4)"), ("env", "production"),
      ("instance", "host-\(target)\(pod).example.net:9100"), ("job", "node"),
      ("region", "europe"),
    ]
  }

  mutating func replace(target: Int) { generations[target] += 1 }

  mutating func next(_ series: Int) -> Double {
    let kind = series &* 37 % 100
    guard kind >= 66 else { return values[series] }
    let random = numbers.next()
    // Of those that change, a quarter of the samples does not.
    if random & 3 == 0 { return values[series] }
    switch kind {
    case ..<84: values[series] += Double(random % 1000)
    case ..<95: values[series] = Double(random % 1_000_000) / 100
    default: values[series] = Double(random % 1_000_000_000) / 1e9
    }
    return values[series]
  }
}

private struct Numbers {
  var state: UInt64

  mutating func next() -> UInt64 {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return state >> 33
  }
}
