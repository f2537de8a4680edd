internal import ApusModel
internal import ApusStorage

/// Windows over the values that an inner expression has at the steps of a subquery.
final class SubqueryWindows: WindowSource {
  let shape: WindowShape
  private let inner: any Operator
  private let innerTimeline: Timeline
  private let timeline: Timeline
  private let meter: SampleMeter
  private let isResult: Bool
  private var block = SeriesBlock()

  init(_ plan: SubqueryPlan, _ timeline: Timeline, builder: OperatorBuilder) throws(QueryError) {
    shape = plan.windowShape(timeline)
    meter = builder.meter
    isResult = builder.makesResult
    self.timeline = timeline
    guard let innerTimeline = plan.innerTimeline(timeline) else {
      inner = EmptyOperator()
      self.innerTimeline = .single(0)
      return
    }
    guard innerTimeline.count <= builder.query.options.maxSamples else { throw .tooManySamples }
    self.innerTimeline = innerTimeline
    let use = SubqueryUse(timeline: timeline, shape: shape, isResult: isResult)
    let built = try builder.metered(by: meter.inner(use)).vector(plan.inner, innerTimeline)
    inner =
      built.labelsMayRepeat
      ? MergeDuplicates(built, stepCount: innerTimeline.count, query: builder.query) : built
  }

  func next(_ series: inout WindowSeries) throws(QueryError) -> Bool {
    while try inner.next(&block) {
      fillSamples(&series.samples)
      if series.samples.isEmpty { continue }
      shape.locate(&series)
      series.labels = block.labels
      series.dropsName = block.dropsName
      if !isResult { meter.count(series, shape, timeline) }
      return true
    }
    return false
  }

  private func fillSamples(_ samples: inout SampleBatch) {
    samples.removeAll()
    for step in 0..<innerTimeline.count {
      switch block.kinds[step] {
      case PointKind.float:
        samples.times.append(innerTimeline.timeMs(step))
        samples.values.append(block.values[step])
      case PointKind.histogram:
        samples.histogramTimes.append(innerTimeline.timeMs(step))
        var histogram = block.histograms[step]
        // Samples are skipped or repeated here, so what is known of neighbours does not hold.
        if histogram.resetHint == .reset || histogram.resetHint == .notReset {
          histogram.resetHint = .unknown
        }
        samples.histograms.append(histogram)
      default: break
      }
    }
  }
}

extension SubqueryPlan {
  func windowShape(_ timeline: Timeline) -> WindowShape {
    WindowShape(times: time.times(timeline), lengthMs: windowMs)
  }

  /// Multiples of the step inside of all windows; nil where there is none.
  func innerTimeline(_ timeline: Timeline) -> Timeline? {
    let times = time.times(timeline)
    let openMs = times.startMs &- windowMs
    var firstMs = stepMs &* (openMs / stepMs)
    // Left-open: a multiple exactly at the start is outside.
    if firstMs <= openMs { firstMs &+= stepMs }
    return Timeline(startMs: firstMs, endMs: times.endMs, stepMs: stepMs)
  }
}
