internal import ApusModel
internal import ApusStorage

/// sum and average over time.
///
/// Compensated sums cannot be undone, so a window is summed anew at each step; but where all
/// values are whole numbers and small enough, every sum is exact and the difference of two sums
/// from the beginning is the same to the bit.
enum OverTimeSums {
  static func fill(
    _ row: inout SeriesBlock, _ series: WindowSeries, _ call: WindowCall
  ) throws(QueryError) {
    let wantsAverage = call.function == .average
    if series.hasHistograms {
      try fillMixed(&row, series, call)
    } else if let prefix = WholeSums(series.values, windows: series) {
      fillWhole(&row, series, prefix, wantsAverage)
    } else {
      try fillFloats(&row, series, call)
    }
  }

  private static func fillFloats(
    _ row: inout SeriesBlock, _ series: WindowSeries, _ call: WindowCall
  ) throws(QueryError) {
    let wantsAverage = call.function == .average
    var pace = Pace(call.query)
    let lows = series.floatLow.span
    let highs = series.floatHigh.span
    let values = series.values.span
    var step = 0
    while step < row.count {
      try pace.spend(highs[step] &- lows[step])
      if step + 4 <= row.count, let lanes = WindowLanes(lows, highs, step),
        let results = wantsAverage ? lanes.averages(values) : lanes.sums(values)
      {
        for lane in 0..<4 { row.set(step + lane, results[lane]) }
        step += 4
      } else {
        if series.hasFloats(step) { row.set(step, compute(series, step, wantsAverage)) }
        step += 1
      }
    }
  }

  private static func compute(
    _ series: WindowSeries, _ step: Int, _ wantsAverage: Bool
  ) -> Double {
    let window = series.values.span.extracting(series.floatLow[step]..<series.floatHigh[step])
    return wantsAverage ? average(window) : sum(window)
  }

  static func sum(_ values: Span<Double>) -> Double {
    var sum = KahanSum()
    var i = 0
    while i < values.count {
      sum.add(values[i])
      i &+= 1
    }
    return sum.value
  }

  /// The sum over the count, until the sum overflows: from there on the mean, step by step.
  static func average(_ values: Span<Double>) -> Double {
    var sum = KahanSum(values[0])
    var i = 1
    while i < values.count {
      var next = sum
      next.add(values[i])
      if next.sum.isInfinite { return incrementalMean(values, from: i, sum) }
      sum = next
      i &+= 1
    }
    let count = Double(values.count)
    return sum.sum / count + sum.compensation / count
  }

  private static func incrementalMean(
    _ values: Span<Double>, from start: Int, _ sum: KahanSum
  ) -> Double {
    let soFar = Double(start)
    var mean = KahanSum(sum.sum / soFar, compensation: sum.compensation / soFar)
    var i = start
    while i < values.count {
      let count = Double(i + 1)
      let share = (count - 1) / count
      mean = KahanSum(share * mean.sum, compensation: share * mean.compensation)
      mean.add(values[i] / count)
      i += 1
    }
    return mean.sum + mean.compensation
  }

  private static func fillWhole(
    _ row: inout SeriesBlock, _ series: WindowSeries, _ sums: WholeSums, _ wantsAverage: Bool
  ) {
    for step in row.kinds.indices {
      let low = series.floatLow[step]
      let high = series.floatHigh[step]
      guard high > low else { continue }
      let sum = sums.before[high] - sums.before[low]
      row.set(step, wantsAverage ? sum / Double(high - low) : sum)
    }
  }

  private static func fillMixed(
    _ row: inout SeriesBlock, _ series: WindowSeries, _ call: WindowCall
  ) throws(QueryError) {
    for step in 0..<call.stepCount {
      try call.query.checkpoint()
      switch (series.hasFloats(step), series.hasHistograms(step)) {
      case (true, true): call.warn(mixedIn: series)
      case (true, false): row.set(step, compute(series, step, call.function == .average))
      case (false, true):
        if let histogram = HistogramSums.overTime(series, step, call) {
          row.set(step, histogram)
        }
      case (false, false): break
      }
    }
  }
}

/// Sums of whole numbers from the beginning of a column.
struct WholeSums {
  /// Sum of all values before an index.
  let before: [Double]

  /// Nil where sums could round, or where the windows are too short for it to pay.
  init?(_ values: [Double], windows series: WindowSeries) {
    var work = 0
    for step in series.floatLow.indices { work += series.floatHigh[step] - series.floatLow[step] }
    if work < values.count * 4 { return nil }
    var sums = [Double](repeating: 0, count: values.count + 1)
    var total = 0.0
    var magnitude = 0.0
    for i in values.indices {
      let value = values[i]
      // Infinity and NaN are not equal to their rounded selves less themselves.
      if value.rounded(.towardZero) - value != 0 { return nil }
      total += value
      magnitude += abs(value)
      sums[i + 1] = total
    }
    guard magnitude < 9_007_199_254_740_992 else { return nil }
    before = sums
  }
}
