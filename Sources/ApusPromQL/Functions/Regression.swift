internal import ApusModel

/// deriv and predict_linear: a straight line by least squares.
enum Regression {
  static func fill(_ row: inout SeriesBlock, _ series: WindowSeries, _ call: WindowCall) {
    let times = series.times.span
    let values = series.values.span
    for step in 0..<call.stepCount {
      let low = series.floatLow[step]
      let high = series.floatHigh[step]
      guard high > low else { continue }
      if series.hasHistograms && series.hasHistograms(step) { call.inform(mixedIn: series) }
      guard high - low >= 2 else { continue }
      let isPrediction = call.function == .predictLinear
      let line = line(
        times.extracting(low..<high), values.extracting(low..<high),
        interceptMs: isPrediction ? call.timeline.timeMs(step) : times[low])
      if isPrediction {
        row.set(step, line.slope * call.parameters[0][step] + line.intercept)
      } else {
        row.set(step, line.slope)
      }
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
