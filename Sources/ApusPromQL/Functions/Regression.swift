internal import ApusModel

/// deriv and predict_linear: a straight line by least squares.
enum Regression {
  static func fill(
    _ row: inout SeriesBlock, _ series: WindowSeries, _ call: WindowCall
  ) throws(QueryError) {
    let lows = series.floatLow.span
    let highs = series.floatHigh.span
    var pace = Pace(call.query)
    var step = 0
    while step < call.stepCount {
      try pace.spend(highs[step] &- lows[step])
      if !series.hasHistograms, step + 4 <= call.stepCount,
        let lanes = WindowLanes(lows, highs, step), lanes.count >= 2
      {
        fillFour(&row, series, call, lanes, step)
        step += 4
      } else {
        fillOne(&row, series, call, step)
        step += 1
      }
    }
  }

  private static func fillFour(
    _ row: inout SeriesBlock, _ series: WindowSeries, _ call: WindowCall, _ lanes: WindowLanes,
    _ step: Int
  ) {
    let times = series.times.span
    let isPrediction = call.function == .predictLinear
    var interceptMs = SIMD4<Int64>(repeating: 0)
    for lane in 0..<4 {
      interceptMs[lane] =
        isPrediction ? call.timeline.timeMs(step + lane) : times[lanes.low[lane]]
    }
    let lines = lanes.lines(times, series.values.span, interceptMs: interceptMs)
    for lane in 0..<4 {
      set(&row, call, step + lane, lines.slope[lane], lines.intercept[lane])
    }
  }

  private static func fillOne(
    _ row: inout SeriesBlock, _ series: WindowSeries, _ call: WindowCall, _ step: Int
  ) {
    let low = series.floatLow[step]
    let high = series.floatHigh[step]
    guard high > low else { return }
    if series.hasHistograms && series.hasHistograms(step) { call.inform(mixedIn: series) }
    guard high - low >= 2 else { return }
    let times = series.times.span
    let isPrediction = call.function == .predictLinear
    let line = line(
      times.extracting(low..<high), series.values.span.extracting(low..<high),
      interceptMs: isPrediction ? call.timeline.timeMs(step) : times[low])
    set(&row, call, step, line.slope, line.intercept)
  }

  private static func set(
    _ row: inout SeriesBlock, _ call: WindowCall, _ step: Int, _ slope: Double,
    _ intercept: Double
  ) {
    if call.function == .predictLinear {
      row.set(step, slope * call.parameters[0][step] + intercept)
    } else {
      row.set(step, slope)
    }
  }

  static func line(
    _ times: Span<Int64>, _ values: Span<Double>, interceptMs: Int64
  ) -> (slope: Double, intercept: Double) {
    var sumX = KahanSum()
    var sumY = KahanSum()
    var sumXY = KahanSum()
    var sumX2 = KahanSum()
    let first = values[0]
    var isConstant = true
    var i = 0
    while i < values.count {
      let y = values[i]
      if i > 0 && y != first { isConstant = false }
      let x = Double(times[i] - interceptMs) / 1e3
      sumX.add(x)
      sumY.add(y)
      sumXY.add(x * y)
      sumX2.add(x * x)
      i &+= 1
    }
    if isConstant { return first.isInfinite ? (.nan, .nan) : (0, first) }
    let n = Double(values.count)
    let x = sumX.sum + sumX.compensation
    let y = sumY.sum + sumY.compensation
    let covariance = (sumXY.sum + sumXY.compensation) - x * y / n
    let variance = (sumX2.sum + sumX2.compensation) - x * x / n
    let slope = covariance / variance
    return (slope, y / n - slope * x / n)
  }
}
