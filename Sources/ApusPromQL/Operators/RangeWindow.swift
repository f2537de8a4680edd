internal import ApusModel
internal import ApusStorage

/// The samples of one series and, for each step, which of them lie in its window.
///
/// Windows are index ranges `low..<high` into the columns, found by walking two indices, so that a
/// step costs nothing but what changed since the one before.
struct WindowSeries {
  var labels = Labels.empty
  var dropsName = false
  /// Without stale markers.
  var samples = SampleBatch()
  var floatLow: [Int] = []
  var floatHigh: [Int] = []
  var histogramLow: [Int] = []
  var histogramHigh: [Int] = []

  var times: [Int64] { samples.times }
  var values: [Double] { samples.values }
  var histograms: [FloatHistogram] { samples.histograms }
  var hasHistograms: Bool { !samples.histogramTimes.isEmpty }

  func hasFloats(_ step: Int) -> Bool { floatLow[step] < floatHigh[step] }
  func hasHistograms(_ step: Int) -> Bool { histogramLow[step] < histogramHigh[step] }
}

/// Where the windows of the steps lie: `(end - length, end]`.
struct WindowShape: Sendable {
  let times: ReadTimes
  let lengthMs: Int64
  /// What is looked at beyond the window, for anchored and smoothed ranges.
  var beforeMs: Int64 = 0
  var afterMs: Int64 = 0

  /// Milliseconds, left end excluded.
  func startMs(_ step: Int) -> Int64 { times.timeMs(step) &- lengthMs }
  func endMs(_ step: Int) -> Int64 { times.timeMs(step) }

  var readRange: TimeRange {
    TimeRange(times.startMs &- lengthMs &- beforeMs &+ 1, times.endMs &+ afterMs)
  }

  func locate(_ series: inout WindowSeries) {
    locate(series.samples.times, &series.floatLow, &series.floatHigh)
    locate(series.samples.histogramTimes, &series.histogramLow, &series.histogramHigh)
  }

  private func locate(_ sampleTimes: [Int64], _ low: inout [Int], _ high: inout [Int]) {
    if low.count != times.count {
      low = [Int](repeating: 0, count: times.count)
      high = low
    }
    let column = sampleTimes.span
    let count = column.count
    var first = 0
    var last = 0
    for step in 0..<times.count {
      let endMs = times.timeMs(step) &+ afterMs
      let startMs = times.timeMs(step) &- lengthMs &- beforeMs
      while first < count, column[first] <= startMs { first &+= 1 }
      if last < first { last = first }
      while last < count, column[last] <= endMs { last &+= 1 }
      low[step] = first
      high[step] = last
    }
  }
}

/// A source of series with windows.
protocol WindowSource: AnyObject {
  var shape: WindowShape { get }
  func next(_ series: inout WindowSeries) throws(QueryError) -> Bool
}

/// Windows over the samples of a selector.
final class SelectorWindows: WindowSource {
  let shape: WindowShape
  private let plan: SelectorPlan
  private let read: SelectorRead
  private let timeline: Timeline
  private let meter: SampleMeter

  init(
    _ plan: SelectorPlan, windowMs: Int64, widening: RangeExtension, _ timeline: Timeline,
    _ meter: SampleMeter, query: Query
  ) {
    self.plan = plan
    self.meter = meter
    self.timeline = timeline
    shape = plan.windowShape(windowMs: windowMs, widening: widening, timeline)
    read = SelectorRead(plan, range: shape.readRange, isLatestOnly: false, query: query)
  }

  func next(_ series: inout WindowSeries) throws(QueryError) -> Bool {
    while let cursor = try read.next() {
      try cursor.readSamples(into: &series.samples)
      if plan.usesStatisticsOnly { series.samples.reduceToStatistics() }
      series.samples.removeStale()
      if series.samples.isEmpty { continue }
      shape.locate(&series)
      series.labels = plan.labels(cursor)
      series.dropsName = false
      meter.count(series, shape, timeline)
      return true
    }
    return false
  }
}

extension SelectorPlan {
  func windowShape(
    windowMs: Int64, widening: RangeExtension, _ timeline: Timeline
  ) -> WindowShape {
    WindowShape(
      times: time.times(timeline), lengthMs: windowMs,
      beforeMs: widening == .none ? 0 : lookbackMs,
      afterMs: widening == .smoothed ? lookbackMs : 0)
  }
}
