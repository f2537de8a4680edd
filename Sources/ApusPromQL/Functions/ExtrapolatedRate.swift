internal import ApusModel
internal import ApusStorage

/// rate, increase and delta: the difference over a window, with counter resets added and
/// extrapolated to the ends of the window.
///
/// The same operations in the same order as Prometheus, so equal to the bit; but the resets of a
/// series are found once, and a step only looks at those in its window.
/// Source: Prometheus, promql/functions.go, extrapolatedRate.
enum ExtrapolatedRate {
  static func fill(
    _ row: inout SeriesBlock, _ series: WindowSeries, _ call: WindowCall
  ) throws(QueryError) {
    if series.hasHistograms {
      try fillMixed(&row, series, call)
    } else {
      fillFloats(&row, series, call)
    }
  }

  private static func fillFloats(
    _ row: inout SeriesBlock, _ series: WindowSeries, _ call: WindowCall
  ) {
    let isCounter = call.function != .delta
    let values = series.values.span
    let times = series.times.span
    let lows = series.floatLow.span
    let highs = series.floatHigh.span
    let resets = isCounter ? CounterResets(series, call) : CounterResets()
    let rateMs = call.rateMs
    let shape = call.shape
    var cursor = resets.cursor
    if !resets.overlaps.isEmpty { warnOfOverlaps(resets.overlaps, series, call) }
    var kindColumn: [UInt8] = []
    var resultColumn: [Double] = []
    row.exchangeColumns(&kindColumn, &resultColumn)
    defer { row.exchangeColumns(&kindColumn, &resultColumn) }
    var kinds = kindColumn.mutableSpan
    var results = resultColumn.mutableSpan
    for step in 0..<call.stepCount {
      let low = lows[step]
      let high = highs[step]
      guard high &- low > 1 else { continue }
      cursor.move(to: low, high)
      var result = values[high &- 1] - values[low]
      var reset = cursor.low
      while reset < cursor.high {
        result += values[resets.places[reset] &- 1]
        reset &+= 1
      }
      let ends = RateEnds(
        firstMs: times[low], lastMs: times[high &- 1], gaps: high &- 1 &- low,
        startMs: shape.startMs(step), endMs: shape.endMs(step))
      let zeroShare = isCounter && result > 0 && values[low] >= 0 ? values[low] / result : nil
      kinds[step] = PointKind.float
      results[step] = result * ends.factor(zeroShare: zeroShare, isCounter, rateMs: rateMs)
    }
  }

  private static func warnOfOverlaps(
    _ overlaps: [Int], _ series: WindowSeries, _ call: WindowCall
  ) {
    for step in 0..<call.stepCount
    where overlaps.contains(where: {
      $0 > series.floatLow[step] && $0 < series.floatHigh[step]
    }) {
      call.query.warn(
        "sample has start time that overlaps with previous sample timestamp", call.position)
      return
    }
  }

  private static func fillMixed(
    _ row: inout SeriesBlock, _ series: WindowSeries, _ call: WindowCall
  ) throws(QueryError) {
    var floatsOnly = series
    floatsOnly.samples.histogramTimes = []
    floatsOnly.samples.histograms = []
    for step in 0..<call.stepCount where series.hasHistograms(step) {
      if series.hasFloats(step) { call.warn(mixedIn: series) }
      // Neither mixed windows nor those of histograms are for floats.
      floatsOnly.floatHigh[step] = floatsOnly.floatLow[step]
    }
    fillFloats(&row, floatsOnly, call)
    for step in 0..<call.stepCount
    where series.hasHistograms(step) && !series.hasFloats(step) {
      try call.query.checkpoint()
      if let histogram = HistogramRate.extrapolated(series, step, call) {
        row.set(step, histogram)
      }
    }
  }
}

extension WindowCall {
  /// The window's length where the result is per second.
  var rateMs: Int64? { function == .rate ? shape.lengthMs : nil }
}

/// How far the samples of a window reach, and how far beyond them to extrapolate.
struct RateEnds {
  let firstMs: Int64
  let lastMs: Int64
  /// Number of samples less one.
  let gaps: Int
  /// Left end of the window, excluded.
  let startMs: Int64
  let endMs: Int64

  /// What the difference is to be multiplied with.
  /// - Parameter zeroShare: the first value as a share of the increase, where that tells when a
  ///   counter was zero.
  @inline(__always)
  func factor(zeroShare: Double?, _ isCounter: Bool, rateMs: Int64?) -> Double {
    var toStart = Double(firstMs &- startMs) / 1000
    var toEnd = Double(endMs &- lastMs) / 1000
    let sampled = Double(lastMs &- firstMs) / 1000
    let average = sampled / Double(gaps)
    let threshold = average * 1.1
    if toStart >= threshold { toStart = average / 2 }
    if isCounter, let zeroShare {
      let toZero = sampled * zeroShare
      if toZero < toStart { toStart = toZero }
    }
    if toEnd >= threshold { toEnd = average / 2 }
    var factor = (sampled + toStart + toEnd) / sampled
    if let rateMs { factor /= Double(rateMs) / 1000 }
    return factor
  }
}

/// Where a counter began anew: the indices of samples that lie below the one before, or whose
/// start timestamp says so.
struct CounterResets {
  private(set) var places: [Int] = []
  /// Samples that claim to have begun before the one in front of them, with a start of their own.
  private(set) var overlaps: [Int] = []

  init() {}

  init(_ series: WindowSeries, _ call: WindowCall) {
    let values = series.values.span
    var i = 1
    if call.query.options.startTimestamps, series.samples.startTimes.count == values.count {
      let startTimes = series.samples.startTimes
      let times = series.times
      while i < values.count {
        if values[i] < values[i - 1]
          || StartTimes.isReset(
            (startTimes[i - 1], times[i - 1]), (startTimes[i], times[i]))
        {
          places.append(i)
        }
        if StartTimes.overlaps((startTimes[i - 1], times[i - 1]), startTimes[i]) {
          overlaps.append(i)
        }
        i += 1
      }
      return
    }
    while i < values.count {
      if values[i] < values[i &- 1] { places.append(i) }
      i &+= 1
    }
  }

  var cursor: Cursor { Cursor(places: places) }

  /// Which resets lie inside of a window that only moves forward.
  struct Cursor {
    let places: [Int]
    private(set) var low = 0
    private(set) var high = 0

    init(places: [Int]) { self.places = places }

    /// A reset counts where both its samples are in the window.
    @inline(__always)
    mutating func move(to first: Int, _ end: Int) {
      while low < places.count, places[low] <= first { low &+= 1 }
      if high < low { high = low }
      while high < places.count, places[high] < end { high &+= 1 }
    }
  }
}

enum StartTimes {
  /// Whether start timestamps say that a counter began anew between two samples.
  ///
  /// A sample that starts exactly where the one before stands is a delta, if the one before had
  /// a start too; else it is a counter whose start is not known.
  static func isReset(
    _ previous: (startMs: Int64, timeMs: Int64), _ current: (startMs: Int64, timeMs: Int64)
  ) -> Bool {
    if current.startMs == 0 || current.startMs > current.timeMs { return false }
    if current.startMs < previous.timeMs { return false }
    if current.startMs > previous.timeMs { return true }
    if previous.startMs > previous.timeMs { return false }
    return previous.startMs != 0 && previous.startMs != previous.timeMs
  }

  static func overlaps(_ previous: (startMs: Int64, timeMs: Int64), _ startMs: Int64) -> Bool {
    startMs != 0 && startMs < previous.timeMs && startMs != previous.startMs
  }
}
