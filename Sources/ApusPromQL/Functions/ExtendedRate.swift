internal import ApusModel
internal import ApusStorage

/// rate, increase and delta over anchored and smoothed ranges: no extrapolation, but samples
/// outside of the window are looked at.
///
/// Source: Prometheus, promql/functions.go, extendedRate.
enum ExtendedRate {
  static func fill(_ row: inout SeriesBlock, _ series: WindowSeries, _ call: WindowCall) {
    for step in 0..<call.stepCount {
      let hasFloats = series.hasFloats(step)
      if series.hasHistograms(step) {
        if hasFloats {
          call.warn(mixedIn: series)
        } else if let histogram = HistogramRate.extended(series, step, call) {
          row.set(step, histogram)
        }
      } else if hasFloats, let value = floats(series, step, call) {
        row.set(step, value)
      }
    }
  }

  private static func floats(
    _ series: WindowSeries, _ step: Int, _ call: WindowCall
  ) -> Double? {
    let window = ExtendedWindow(
      series.times, series.floatLow[step], series.floatHigh[step], step, call)
    guard let window else { return nil }
    let isCounter = call.function != .delta
    let left =
      window.needsLeftInterpolation
      ? interpolated(series, window.first, window.startMs, isCounter)
      : series.values[window.first]
    let right =
      window.needsRightInterpolation
      ? interpolated(series, window.last - 1, window.endMs, isCounter) : series.values[window.last]
    var result = right - left
    if isCounter {
      var first = window.first
      var last = window.last
      if series.times[first] <= window.startMs { first += 1 }
      if series.times[last] >= window.endMs { last -= 1 }
      var previous = left
      var correction = 0.0
      var i = first
      while i <= last {
        if series.values[i] < previous { correction += previous }
        previous = series.values[i]
        i += 1
      }
      if right < previous { correction += previous }
      result += correction
    }
    if call.function == .rate { result /= Double(call.shape.lengthMs) / 1000 }
    return result
  }

  private static func interpolated(
    _ series: WindowSeries, _ index: Int, _ atMs: Int64, _ isCounter: Bool
  ) -> Double {
    Interpolation.value(
      from: (series.times[index], series.values[index]),
      to: (series.times[index + 1], series.values[index + 1]), atMs: atMs, isCounter: isCounter)
  }
}

/// Which samples stand for the ends of an anchored or smoothed window.
struct ExtendedWindow {
  let startMs: Int64
  let endMs: Int64
  let first: Int
  let last: Int
  let needsLeftInterpolation: Bool
  let needsRightInterpolation: Bool

  /// Nil where nothing can be said.
  init?(_ times: [Int64], _ low: Int, _ high: Int, _ step: Int, _ call: WindowCall) {
    startMs = call.shape.startMs(step)
    endMs = call.shape.endMs(step)
    let isSmoothed = call.widening == .smoothed
    var last = high - 1
    var first = low
    while first < last, times[first] <= startMs { first += 1 }
    first = max(low, first - 1)
    if isSmoothed {
      var candidate = low
      while candidate < last, times[candidate] < endMs { candidate += 1 }
      last = candidate
    }
    if times[last] <= startMs { return nil }
    if isSmoothed && times[first] > endMs { return nil }
    self.first = first
    self.last = last
    needsLeftInterpolation = isSmoothed && times[first] < startMs
    needsRightInterpolation = isSmoothed && last > low && times[last] > endMs
  }
}
