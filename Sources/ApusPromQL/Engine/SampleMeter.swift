internal import ApusModel
internal import ApusStorage

/// Counts the samples that a part of a query loads, as Prometheus counts them.
///
/// `totalQueryableSamples` is what the steps would load if each were a query of its own: a sample
/// counts for every window that it is in, what is evaluated once counts at every step, and a
/// subquery counts what its inner expression gives, not what that has loaded. `samplesRead` is what
/// has to be read: of a window what the one before did not have, and what is evaluated once, once.
///
/// Source: Prometheus, util/stats/query_stats.go and promql/engine.go.
final class SampleMeter {
  private enum Place {
    /// Evaluated at the steps of the query.
    case whole
    /// Evaluated at one step, for all those of a timeline.
    case once(SampleMeter, Timeline)
    /// Evaluated at the steps of a subquery.
    case inner(SampleMeter, SubqueryUse)
  }

  private let query: Query
  private let place: Place
  /// Whether it matters at which steps samples are loaded; else any step may be told.
  let followsSteps: Bool

  init(_ query: Query) {
    self.query = query
    place = .whole
    followsSteps = query.countsPerStep
  }

  private init(_ query: Query, _ place: Place, followsSteps: Bool) {
    self.query = query
    self.place = place
    self.followsSteps = followsSteps
  }

  /// Of a part that is evaluated once for all steps of a timeline.
  func once(_ timeline: Timeline) -> SampleMeter {
    SampleMeter(query, .once(self, timeline), followsSteps: false)
  }

  /// Of the inner expression of a subquery.
  func inner(_ use: SubqueryUse) -> SampleMeter {
    let isEveryStepUsed = use.hasNoGaps && !isContinued
    return SampleMeter(query, .inner(self, use), followsSteps: followsSteps || !isEveryStepUsed)
  }

  /// A part before this one has read the samples of the steps before.
  var isContinued: Bool {
    if case .whole = place { query.isContinued } else { false }
  }

  func load(_ count: Int, at timeMs: Int64) {
    query.samplesLoaded += count
    total(count, at: timeMs)
  }

  /// Samples that are loaded and read at a step, which no other step does.
  func loadAndRead(_ count: Int, at timeMs: Int64) {
    load(count, at: timeMs)
    read(count, at: timeMs)
  }

  private func total(_ count: Int, at timeMs: Int64) {
    switch place {
    case .whole: query.touch(count, at: timeMs)
    case .once(let outer, let steps):
      guard outer.followsSteps else { return outer.total(count &* steps.count, at: steps.startMs) }
      for step in 0..<steps.count { outer.total(count, at: steps.timeMs(step)) }
    case .inner(let outer, let use):
      if use.isResult { outer.total(count, at: use.timeline.endMs) }
    }
  }

  func read(_ count: Int, at timeMs: Int64) {
    switch place {
    case .whole: query.read(count, at: timeMs)
    case .once(let outer, let steps):
      if !outer.isContinued { outer.read(count, at: steps.startMs) }
    case .inner(let outer, let use):
      if !followsSteps {
        outer.read(count, at: use.timeline.startMs)
      } else if let step = use.firstStep(using: timeMs, isContinued: outer.isContinued) {
        outer.read(count, at: use.timeline.timeMs(step))
      }
    }
  }
}

/// How the steps of a query use those of a subquery.
struct SubqueryUse {
  /// The steps that use it.
  let timeline: Timeline
  let shape: WindowShape
  /// It stands at the top: what it gives is the result, and no function reads it.
  let isResult: Bool

  /// Every inner step is in the window of some step.
  var hasNoGaps: Bool { shape.times.stepMs <= shape.lengthMs }

  /// The first step in whose window a time lies; nil where there is none, or where the part before
  /// a continued one has it.
  func firstStep(using timeMs: Int64, isContinued: Bool) -> Int? {
    let times = shape.times
    var step = 0
    if timeMs > times.startMs {
      guard times.stepMs > 0 else { return nil }
      step = Int((timeMs &- times.startMs &+ times.stepMs &- 1) / times.stepMs)
    } else if isContinued && timeMs <= times.startMs &- times.stepMs {
      return nil
    }
    guard step < times.count, timeMs > shape.startMs(step) else { return nil }
    return step
  }
}

extension SampleMeter {
  /// A sample is loaded for every window that it is in, and read for the first of them.
  func count(_ series: WindowSeries, _ shape: WindowShape, _ timeline: Timeline) {
    var floatsRead = 0
    var histogramsRead = 0
    if isContinued {
      let seenMs = shape.endMs(0) &- shape.times.stepMs &+ shape.afterMs
      floatsRead = series.times.firstIndex { $0 > seenMs } ?? series.times.count
      let histogramTimes = series.samples.histogramTimes
      histogramsRead = histogramTimes.firstIndex { $0 > seenMs } ?? histogramTimes.count
    }
    var loadedSum = 0
    var readSum = 0
    for step in 0..<timeline.count {
      var loaded = series.floatHigh[step] - series.floatLow[step]
      var read = max(0, series.floatHigh[step] - max(series.floatLow[step], floatsRead))
      floatsRead = max(floatsRead, series.floatHigh[step])
      for i in series.histogramLow[step]..<series.histogramHigh[step] {
        let size = series.histograms[i].sampleSize
        loaded += size
        if i >= histogramsRead { read += size }
      }
      histogramsRead = max(histogramsRead, series.histogramHigh[step])
      if followsSteps {
        load(loaded, at: timeline.timeMs(step))
        self.read(read, at: timeline.timeMs(step))
      } else {
        loadedSum += loaded
        readSum += read
      }
    }
    if !followsSteps {
      load(loadedSum, at: timeline.startMs)
      read(readSum, at: timeline.startMs)
    }
  }
}
