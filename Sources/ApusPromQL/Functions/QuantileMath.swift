/// Quantiles of plain values.
///
/// Source: Prometheus, promql/quantile.go.
enum QuantileMath {
  /// Sorts the values, NaN first, and interpolates between the two nearest ranks.
  static func quantile(_ q: Double, _ values: inout [Double]) -> Double {
    if values.isEmpty || q.isNaN { return .nan }
    if q < 0 { return -.infinity }
    if q > 1 { return .infinity }
    values.sort { $0.isNaN ? !$1.isNaN : $0 < $1 }
    return ofSorted(q, values)
  }

  static func ofSorted(_ q: Double, _ values: [Double]) -> Double {
    let n = Double(values.count)
    let rank = q * (n - 1)
    let lower = max(0, rank.rounded(.down))
    let upper = min(n - 1, lower + 1)
    let weight = rank - rank.rounded(.down)
    return values[Int(lower)] * (1 - weight) + values[Int(upper)] * weight
  }
}

/// quantile_over_time and mad_over_time.
enum OverTimeQuantiles {
  static func fill(
    _ row: inout SeriesBlock, _ series: WindowSeries, _ call: WindowCall
  ) throws(QueryError) {
    var window = SortedWindow()
    for step in 0..<call.stepCount where series.hasFloats(step) {
      if step & 0x3F == 0x3F { try call.query.checkpoint() }
      if call.function == .quantile {
        warn(call.parameters[0][step], call)
      }
      if series.hasHistograms && series.hasHistograms(step) { call.inform(mixedIn: series) }
      window.move(to: series.floatLow[step], series.floatHigh[step], of: series.values)
      if call.function == .quantile {
        let q = call.parameters[0][step]
        if q.isNaN {
          row.set(step, .nan)
        } else if q < 0 {
          row.set(step, -.infinity)
        } else if q > 1 {
          row.set(step, .infinity)
        } else {
          row.set(step, QuantileMath.ofSorted(q, window.sorted))
        }
      } else {
        row.set(step, deviation(window.sorted))
      }
    }
  }

  private static func warn(_ q: Double, _ call: WindowCall) {
    if q.isNaN || q < 0 || q > 1 { QuantileWarning.warn(q, call.position, call.query) }
  }

  /// The median of the distances from the median; NaN where any value is NaN.
  private static func deviation(_ sorted: [Double]) -> Double {
    if let first = sorted.first, first.isNaN { return .nan }
    let median = QuantileMath.ofSorted(0.5, sorted)
    var distances = sorted.map { abs($0 - median) }
    return QuantileMath.quantile(0.5, &distances)
  }
}

/// The values of a window that only moves forward, kept sorted, NaN first.
struct SortedWindow {
  private(set) var sorted: [Double] = []
  private var low = 0
  private var high = 0

  mutating func move(to newLow: Int, _ newHigh: Int, of values: [Double]) {
    let moved = (newLow - low) + (newHigh - high)
    if newLow >= high || moved > sorted.count {
      sorted = Array(values[newLow..<newHigh])
      sorted.sort(by: SortedWindow.precedes)
    } else {
      for i in low..<newLow { remove(values[i]) }
      for i in high..<newHigh { insert(values[i]) }
    }
    low = newLow
    high = newHigh
  }

  private static func precedes(_ a: Double, _ b: Double) -> Bool {
    a.isNaN ? !b.isNaN : a < b
  }

  /// The first place whose value does not precede `value`.
  private func place(_ value: Double) -> Int {
    var first = 0
    var last = sorted.count
    while first < last {
      let middle = (first + last) / 2
      if SortedWindow.precedes(sorted[middle], value) {
        first = middle + 1
      } else {
        last = middle
      }
    }
    return first
  }

  private mutating func insert(_ value: Double) { sorted.insert(value, at: place(value)) }
  private mutating func remove(_ value: Double) { sorted.remove(at: place(value)) }
}
