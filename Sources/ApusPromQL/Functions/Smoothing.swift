internal import ApusModel

/// double_exponential_smoothing: recent samples weigh more, and so does the recent trend.
enum Smoothing {
  static func fill(
    _ row: inout SeriesBlock, _ series: WindowSeries, _ call: WindowCall
  ) throws(QueryError) {
    let values = series.values.span
    var pace = Pace(call.query)
    for step in 0..<call.stepCount where series.hasFloats(step) || series.hasHistograms(step) {
      try pace.spend(series.floatHigh[step] - series.floatLow[step])
      let smoothing = call.parameters[0][step]
      let trend = call.parameters[1][step]
      try check(smoothing, "smoothing")
      try check(trend, "trend")
      guard series.hasFloats(step) else { continue }
      if series.hasHistograms && series.hasHistograms(step) { call.inform(mixedIn: series) }
      let window = values.extracting(series.floatLow[step]..<series.floatHigh[step])
      if window.count >= 2 { row.set(step, smooth(window, smoothing, trend)) }
    }
  }

  private static func check(_ factor: Double, _ name: String) throws(QueryError) {
    if factor > 0 && factor < 1 { return }
    let symbol = name == "smoothing" ? "sf" : "tf"
    let shown = FixedText.sixPlaces(factor)
    throw .execution("invalid \(name) factor. Expected: 0 < \(symbol) < 1, got: \(shown)")
  }

  private static func smooth(
    _ values: Span<Double>, _ smoothing: Double, _ trend: Double
  ) -> Double {
    var before = 0.0
    var smoothed = values[0]
    var slope = values[1] - values[0]
    var i = 1
    while i < values.count {
      let raw = smoothing * values[i]
      if i > 1 { slope = trend * (smoothed - before) + (1 - trend) * slope }
      let carried = (1 - smoothing) * (smoothed + slope)
      before = smoothed
      smoothed = raw + carried
      i &+= 1
    }
    return smoothed
  }
}

/// Numbers with a fixed count of decimals, as `%f` prints them.
enum FixedText {
  static func sixPlaces(_ value: Double) -> String {
    guard value.isFinite else { return FloatText.f(value) }
    let isNegative = value < 0
    let scaled = (abs(value) * 1e6).rounded()
    guard scaled < 1e18 else { return FloatText.f(value) + ".000000" }
    let digits = UInt64(scaled)
    var rest = String(digits % 1_000_000)
    rest = String(repeating: "0", count: 6 - rest.count) + rest
    return "\(isNegative ? "-" : "")\(digits / 1_000_000).\(rest)"
  }
}
