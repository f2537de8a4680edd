internal import ApusModel

/// Population variance and standard deviation over time, by Welford's method with compensation.
enum Variance {
  static func fill(
    _ row: inout SeriesBlock, _ series: WindowSeries, _ call: WindowCall
  ) throws(QueryError) {
    let values = series.values.span
    let lows = series.floatLow.span
    let highs = series.floatHigh.span
    let wantsRoot = call.function == .standardDeviation
    var pace = Pace(call.query)
    var step = 0
    while step < call.stepCount {
      try pace.spend(highs[step] &- lows[step])
      if !series.hasHistograms, step + 4 <= call.stepCount,
        let lanes = WindowLanes(lows, highs, step)
      {
        let variances = lanes.variances(values)
        for lane in 0..<4 {
          row.set(step + lane, wantsRoot ? variances[lane].squareRoot() : variances[lane])
        }
        step += 4
        continue
      }
      if series.hasFloats(step) {
        if series.hasHistograms && series.hasHistograms(step) { call.inform(mixedIn: series) }
        let variance = variance(values.extracting(lows[step]..<highs[step]))
        row.set(step, wantsRoot ? variance.squareRoot() : variance)
      }
      step += 1
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
