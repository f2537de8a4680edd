internal import ApusModel
internal import ApusStorage

/// The newest sample at each step, no older than the lookback.
final class InstantSelector: Operator {
  /// What of a sample stands in the row.
  enum Wanted {
    case value
    /// Seconds; of the sample, not of the step.
    case timestamp
    case startTimestamp
    /// Like `timestamp`, but histograms stay: info metrics must be floats.
    case infoTimestamp
  }

  private let plan: SelectorPlan
  private let timeline: Timeline
  private let times: ReadTimes
  private let wanted: Wanted
  private let meter: SampleMeter
  private let query: Query
  private let read: SelectorRead
  private var batch = SampleBatch()
  private let isSingle: Bool

  init(
    _ plan: SelectorPlan, _ timeline: Timeline, wanted: Wanted = .value, _ meter: SampleMeter,
    query: Query
  ) {
    self.plan = plan
    self.meter = meter
    self.timeline = timeline
    self.wanted = wanted
    self.query = query
    times = plan.time.times(timeline)
    // Start times come with batches only; statistics need the sample before for the reset hint.
    isSingle =
      (timeline.count == 1 || times.stepMs == 0) && !plan.isSmoothed
      && wanted != .startTimestamp && !plan.usesStatisticsOnly
    read = SelectorRead(
      plan, range: plan.readRange(timeline), isLatestOnly: isSingle, query: query)
  }

  var labelsMayRepeat: Bool { false }

  func next(_ block: inout SeriesBlock) throws(QueryError) -> Bool {
    while let cursor = try read.next() {
      block.clear(count: timeline.count)
      if isSingle {
        try readLatest(cursor, &block)
      } else {
        try cursor.readSamples(into: &batch)
        if plan.usesStatisticsOnly { batch.reduceToStatistics() }
        fill(&block)
      }
      let count = block.pointCount
      if count == 0 { continue }
      query.countSelected(count)
      block.labels = plan.labels(cursor)
      return true
    }
    return false
  }

  private func readLatest(
    _ cursor: any SeriesCursor, _ block: inout SeriesBlock
  ) throws(QueryError) {
    let atMs = times.startMs
    let sample: LatestSample?
    do throws(StorageError) {
      sample = try cursor.latest(atMs: atMs, newerThanMs: atMs &- plan.lookbackMs)
    } catch {
      throw .storage("expanding series: \(error.description)")
    }
    guard let sample else { return }
    switch sample.value {
    case .float(let value):
      if StaleMarker.isStale(value) { return }
      for step in 0..<timeline.count {
        block.set(step, wanted == .value ? value : Double(sample.timeMs) / 1000)
        meter.loadAndRead(1, at: timeline.timeMs(step))
      }
    case .histogram(let histogram):
      if histogram.isStale { return }
      for step in 0..<timeline.count {
        if wanted == .timestamp {
          block.set(step, Double(sample.timeMs) / 1000)
        } else {
          block.set(step, histogram)
        }
        meter.loadAndRead(histogram.sampleSize, at: timeline.timeMs(step))
      }
    }
  }

  private func fill(_ block: inout SeriesBlock) {
    if plan.isSmoothed {
      SmoothedInstant.fill(&block, batch, times, lookbackMs: plan.lookbackMs)
      for step in 0..<timeline.count where block.kinds[step] != PointKind.none {
        meter.loadAndRead(1, at: timeline.timeMs(step))
      }
    } else if batch.histogramTimes.isEmpty && wanted == .value && !meter.followsSteps {
      meter.loadAndRead(fillFloats(&block), at: timeline.startMs)
    } else {
      fillMixed(&block)
    }
  }

  /// - Returns: number of points.
  private func fillFloats(_ block: inout SeriesBlock) -> Int {
    let timeColumn = batch.times
    let valueColumn = batch.values
    let sampleTimes = timeColumn.span
    let sampleValues = valueColumn.span
    let lookbackMs = plan.lookbackMs
    let times = times
    var kindColumn: [UInt8] = []
    var resultColumn: [Double] = []
    block.exchangeColumns(&kindColumn, &resultColumn)
    defer { block.exchangeColumns(&kindColumn, &resultColumn) }
    var kinds = kindColumn.mutableSpan
    var values = resultColumn.mutableSpan
    var next = 0
    var points = 0
    for step in 0..<times.count {
      let atMs = times.timeMs(step)
      while next < sampleTimes.count, sampleTimes[next] <= atMs { next &+= 1 }
      guard next > 0 else { continue }
      let last = next &- 1
      if sampleTimes[last] <= atMs &- lookbackMs { continue }
      let value = sampleValues[last]
      if StaleMarker.isStale(value) { continue }
      kinds[step] = PointKind.float
      values[step] = value
      points &+= 1
    }
    return points
  }

  private func fillMixed(_ block: inout SeriesBlock) {
    var nextFloat = 0
    var nextHistogram = 0
    for step in 0..<times.count {
      let atMs = times.timeMs(step)
      while nextFloat < batch.times.count, batch.times[nextFloat] <= atMs { nextFloat += 1 }
      while nextHistogram < batch.histogramTimes.count,
        batch.histogramTimes[nextHistogram] <= atMs
      {
        nextHistogram += 1
      }
      let floatMs = nextFloat > 0 ? batch.times[nextFloat - 1] : Int64.min
      let histogramMs = nextHistogram > 0 ? batch.histogramTimes[nextHistogram - 1] : Int64.min
      let newestMs = max(floatMs, histogramMs)
      if newestMs <= atMs &- plan.lookbackMs { continue }
      if floatMs >= histogramMs {
        setFloat(nextFloat - 1, step, &block)
      } else {
        setHistogram(nextHistogram - 1, step, &block)
      }
    }
  }

  private func setFloat(_ index: Int, _ step: Int, _ block: inout SeriesBlock) {
    let value = batch.values[index]
    if StaleMarker.isStale(value) { return }
    switch wanted {
    case .value: block.set(step, value)
    case .timestamp, .infoTimestamp: block.set(step, Double(batch.times[index]) / 1000)
    case .startTimestamp:
      guard index < batch.startTimes.count else { return }
      block.set(step, Double(batch.startTimes[index]) / 1000)
    }
    meter.loadAndRead(1, at: timeline.timeMs(step))
  }

  private func setHistogram(_ index: Int, _ step: Int, _ block: inout SeriesBlock) {
    let histogram = batch.histograms[index]
    if histogram.isStale { return }
    switch wanted {
    case .value, .infoTimestamp: block.set(step, histogram)
    case .timestamp: block.set(step, Double(batch.histogramTimes[index]) / 1000)
    case .startTimestamp: return
    }
    meter.loadAndRead(histogram.sampleSize, at: timeline.timeMs(step))
  }
}

extension SelectorPlan {
  /// What an instant selector has to read on a timeline.
  func readRange(_ timeline: Timeline) -> TimeRange {
    let times = time.times(timeline)
    // Left-open: a sample exactly at the lookback is too old.
    return TimeRange(
      times.startMs &- lookbackMs &+ 1, times.endMs &+ (isSmoothed ? lookbackMs : 0))
  }
}
