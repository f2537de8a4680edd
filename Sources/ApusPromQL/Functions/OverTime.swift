internal import ApusModel
internal import ApusStorage

/// Functions that only look at the number of samples in a window, or at its ends.
enum OverTime {
  static func fillCounts(_ row: inout SeriesBlock, _ series: WindowSeries, _ call: WindowCall) {
    for step in 0..<call.stepCount {
      let count =
        series.floatHigh[step] - series.floatLow[step] + series.histogramHigh[step]
        - series.histogramLow[step]
      guard count > 0 else { continue }
      row.set(step, call.function == .count ? Double(count) : 1)
    }
  }

  static func fillEnds(_ row: inout SeriesBlock, _ series: WindowSeries, _ call: WindowCall) {
    let wantsFirst = call.function == .first || call.function == .timeOfFirst
    let wantsTime = call.function == .timeOfFirst || call.function == .timeOfLast
    let histogramTimes = series.samples.histogramTimes
    for step in 0..<call.stepCount {
      let hasFloat = series.hasFloats(step)
      let hasHistogram = series.hasHistograms(step)
      guard hasFloat || hasHistogram else { continue }
      let float = wantsFirst ? series.floatLow[step] : series.floatHigh[step] - 1
      let histogram = wantsFirst ? series.histogramLow[step] : series.histogramHigh[step] - 1
      var takesFloat = hasFloat
      if hasFloat && hasHistogram {
        takesFloat =
          wantsFirst
          ? series.times[float] < histogramTimes[histogram]
          : series.times[float] > histogramTimes[histogram]
      }
      switch (takesFloat, wantsTime) {
      case (true, true): row.set(step, Double(series.times[float]) / 1000)
      case (true, false): row.set(step, series.values[float])
      case (false, true): row.set(step, Double(histogramTimes[histogram]) / 1000)
      case (false, false): row.set(step, series.histograms[histogram])
      }
    }
  }
}

/// min, max and when they were.
enum OverTimeExtremes {
  static func fill(_ row: inout SeriesBlock, _ series: WindowSeries, _ call: WindowCall) {
    let isMax = call.function == .max || call.function == .timeOfMax
    let takesLatest = call.function == .timeOfMax || call.function == .timeOfMin
    var window = ExtremeWindow(isMax: isMax, takesLatest: takesLatest)
    for step in 0..<call.stepCount where series.hasFloats(step) {
      if series.hasHistograms && series.hasHistograms(step) { call.inform(mixedIn: series) }
      let place = window.place(series.values, series.floatLow[step], series.floatHigh[step])
      row.set(step, takesLatest ? Double(series.times[place]) / 1000 : series.values[place])
    }
  }
}

/// The place of the least or greatest value in a window that only moves forward.
///
/// A queue of candidates, each better than those behind it: every sample enters and leaves once.
/// NaN is no candidate; it is only found where a window has nothing else.
struct ExtremeWindow {
  private let isMax: Bool
  /// Of equal values the latest, not the earliest.
  private let takesLatest: Bool
  private var queue: [Int] = []
  private var head = 0
  private var next = 0

  init(isMax: Bool, takesLatest: Bool) {
    self.isMax = isMax
    self.takesLatest = takesLatest
  }

  mutating func place(_ values: [Double], _ low: Int, _ high: Int) -> Int {
    if next < low { next = low }
    while next < high {
      let value = values[next]
      if !value.isNaN {
        while queue.count > head, isBeaten(values[queue[queue.count - 1]], by: value) {
          queue.removeLast()
        }
        queue.append(next)
      }
      next += 1
    }
    while head < queue.count, queue[head] < low { head += 1 }
    if head > 1024 && head * 2 > queue.count {
      queue.removeSubrange(0..<head)
      head = 0
    }
    return head < queue.count ? queue[head] : high - 1
  }

  private func isBeaten(_ candidate: Double, by value: Double) -> Bool {
    if takesLatest { return isMax ? value >= candidate : value <= candidate }
    return isMax ? value > candidate : value < candidate
  }
}

/// changes and resets.
enum OverTimeChanges {
  static func fill(
    _ row: inout SeriesBlock, _ series: WindowSeries, _ call: WindowCall
  ) throws(QueryError) {
    if !series.hasHistograms && call.widening == .none {
      fillFloats(&row, series, call)
    } else {
      for step in 0..<call.stepCount {
        try call.query.checkpoint()
        if let count = count(series, step, call) { row.set(step, Double(count)) }
      }
    }
  }

  /// Whether a pair counts does not depend on the window: sums of all pairs so far, and one
  /// difference a step.
  private static func fillFloats(
    _ row: inout SeriesBlock, _ series: WindowSeries, _ call: WindowCall
  ) {
    let values = series.values.span
    var before = [Int32](repeating: 0, count: max(values.count, 1))
    let starts = startTimes(series, call)
    var i = 1
    while i < values.count {
      var isCounted: Bool
      if call.function == .resets {
        isCounted = values[i] < values[i &- 1]
        if !isCounted, let starts {
          isCounted = StartTimes.isReset(
            (starts[i - 1], series.times[i - 1]), (starts[i], series.times[i]))
        }
      } else {
        isCounted = isChange(values[i &- 1], values[i])
      }
      before[i] = before[i &- 1] &+ (isCounted ? 1 : 0)
      i &+= 1
    }
    for step in 0..<call.stepCount {
      let low = series.floatLow[step]
      let high = series.floatHigh[step]
      if high > low { row.set(step, Double(before[high &- 1] &- before[low])) }
    }
  }

  private static func isChange(_ a: Double, _ b: Double) -> Bool {
    a != b && !(a.isNaN && b.isNaN)
  }

  private static func startTimes(_ series: WindowSeries, _ call: WindowCall) -> [Int64]? {
    let starts = series.samples.startTimes
    return call.query.options.startTimestamps && starts.count == series.times.count
      ? starts : nil
  }

  private static func count(_ series: WindowSeries, _ step: Int, _ call: WindowCall) -> Int? {
    guard series.hasFloats(step) || series.hasHistograms(step) else { return nil }
    guard let (firstFloat, firstHistogram) = firstPlaces(series, step, call) else { return nil }
    let histogramTimes = series.samples.histogramTimes
    var float = firstFloat
    var histogram = firstHistogram
    var previous: PointValue?
    var count = 0
    while float < series.floatHigh[step] || histogram < series.histogramHigh[step] {
      let takesFloat =
        histogram >= series.histogramHigh[step]
        || float < series.floatHigh[step] && series.times[float] < histogramTimes[histogram]
      let current: PointValue =
        takesFloat ? .float(series.values[float]) : .histogram(series.histograms[histogram])
      if takesFloat { float += 1 } else { histogram += 1 }
      if let previous, counts(previous, current, call.function) { count += 1 }
      previous = current
    }
    return count
  }

  private static func counts(
    _ previous: PointValue, _ current: PointValue, _ function: RangeFunction
  ) -> Bool {
    switch (previous, current) {
    case (.float(let a), .float(let b)): function == .resets ? b < a : isChange(a, b)
    case (.histogram(let a), .histogram(let b)):
      function == .resets ? b.detectReset(a) : !b.equals(a)
    default: true
    }
  }

  /// Where to begin: an anchored range takes the newest sample at or before its start too.
  private static func firstPlaces(
    _ series: WindowSeries, _ step: Int, _ call: WindowCall
  ) -> (float: Int, histogram: Int)? {
    let lowFloat = series.floatLow[step]
    let lowHistogram = series.histogramLow[step]
    guard call.widening == .anchored else { return (lowFloat, lowHistogram) }
    let startMs = call.shape.startMs(step)
    let histogramTimes = series.samples.histogramTimes
    var float = lowFloat
    while float < series.floatHigh[step], series.times[float] <= startMs { float += 1 }
    var histogram = lowHistogram
    while histogram < series.histogramHigh[step], histogramTimes[histogram] <= startMs {
      histogram += 1
    }
    if float >= series.floatHigh[step] && histogram >= series.histogramHigh[step] { return nil }
    let hasFloat = float > lowFloat
    let hasHistogram = histogram > lowHistogram
    if !hasFloat && !hasHistogram { return (float, histogram) }
    if !hasHistogram || hasFloat && series.times[float - 1] >= histogramTimes[histogram - 1] {
      return (float - 1, histogram)
    }
    return (float, histogram - 1)
  }
}
