internal import ApusModel

/// Population variance and standard deviation over time, by Welford's method with compensation.
enum Variance {
  static func fill(_ row: inout SeriesBlock, _ series: WindowSeries, _ call: WindowCall) {
    let values = series.values.span
    for step in 0..<call.stepCount where series.hasFloats(step) {
      if series.hasHistograms && series.hasHistograms(step) { call.inform(mixedIn: series) }
      let variance = variance(
        values.extracting(series.floatLow[step]..<series.floatHigh[step]))
      row.set(step, call.function == .standardDeviation ? variance.squareRoot() : variance)
    }
  }

  static func variance(_ values: Span<Double>) -> Double {
    var mean = KahanSum()
    var squares = KahanSum()
    var i = 0
    while i < values.count {
      let delta = values[i] - (mean.sum + mean.compensation)
      mean.add(delta / Double(i + 1))
      squares.add(delta * (values[i] - (mean.sum + mean.compensation)))
      i &+= 1
    }
    return (squares.sum + squares.compensation) / Double(values.count)
  }
}
