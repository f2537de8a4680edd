internal import ApusModel
internal import ApusStorage

/// irate and idelta: the last two samples of a window.
///
/// Source: Prometheus, promql/functions.go, instantValue.
enum InstantRate {
  private struct Sample {
    var timeMs: Int64
    var startMs: Int64
    var value: Double
    var histogram: FloatHistogram?
  }

  static func fill(_ row: inout SeriesBlock, _ series: WindowSeries, _ call: WindowCall) {
    let isRate = call.function == .irate
    let starts = call.query.options.startTimestamps ? series.samples.startTimes : []
    let hasStarts = starts.count == series.times.count
    for step in 0..<call.stepCount {
      if series.hasHistograms && series.hasHistograms(step) {
        if let point = mixed(series, step, call) { row.set(step, point) }
        continue
      }
      let high = series.floatHigh[step]
      guard high - series.floatLow[step] >= 2 else { continue }
      let last = series.values[high - 1]
      let previous = series.values[high - 2]
      let elapsedMs = series.times[high - 1] - series.times[high - 2]
      if elapsedMs == 0 { continue }
      var isReset = isRate && last < previous
      if isRate && hasStarts {
        isReset =
          isReset
          || StartTimes.isReset(
            (starts[high - 2], series.times[high - 2]), (starts[high - 1], series.times[high - 1]))
      }
      var result = isReset ? last : last - previous
      if isRate { result /= Double(elapsedMs) / 1000 }
      row.set(step, result)
    }
  }

  private static func mixed(
    _ series: WindowSeries, _ step: Int, _ call: WindowCall
  ) -> PointValue? {
    let pair = lastTwo(series, step)
    guard pair.count == 2, pair[1].timeMs != pair[0].timeMs else { return nil }
    let isRate = call.function == .irate
    let seconds = Double(pair[1].timeMs - pair[0].timeMs) / 1000
    switch (pair[0].histogram, pair[1].histogram) {
    case (nil, nil):
      let isReset = isRate && pair[1].value < pair[0].value
      let result = isReset ? pair[1].value : pair[1].value - pair[0].value
      return .float(isRate ? result / seconds : result)
    case (let first?, let second?):
      guard var result = HistogramRate.instant(first, second, series.labels, call) else {
        return nil
      }
      if isRate { result.divide(by: seconds) }
      return .histogram(result)
    default:
      call.warn(mixedIn: series)
      return nil
    }
  }

  /// The newest two samples of the window, older one first.
  private static func lastTwo(_ series: WindowSeries, _ step: Int) -> [Sample] {
    var found: [Sample] = []
    var float = series.floatHigh[step] - 1
    var histogram = series.histogramHigh[step] - 1
    while found.count < 2 {
      let hasFloat = float >= series.floatLow[step]
      let hasHistogram = histogram >= series.histogramLow[step]
      if !hasFloat && !hasHistogram { break }
      if hasFloat
        && (!hasHistogram || series.times[float] > series.samples.histogramTimes[histogram])
      {
        found.append(
          Sample(timeMs: series.times[float], startMs: 0, value: series.values[float]))
        float -= 1
      } else {
        found.append(
          Sample(
            timeMs: series.samples.histogramTimes[histogram], startMs: 0, value: 0,
            histogram: series.histograms[histogram]))
        histogram -= 1
      }
    }
    return found.reversed()
  }
}
