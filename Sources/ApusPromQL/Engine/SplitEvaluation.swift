internal import ApusModel
internal import ApusPromQLSyntax
internal import ApusStorage
internal import ApusSystem
internal import Synchronization

/// A range query in two halves of its steps, side by side on two threads.
///
/// No step knows of another, so that each half does at its steps what the whole would do, in the
/// same order, and the halves of a row laid end to end are the row: the answer is the same to the
/// bit whoever was first. Where a half fails, the query is evaluated in one piece, so that it fails
/// as it always would.
struct SplitEvaluation {
  let plan: PlanNode
  let type: ValueType
  let timeline: Timeline
  let cancellation: CancellationFlag
  let pool: WorkerPool
  /// A query of its own for each half.
  let makeQuery: @Sendable (CancellationFlag) -> Query

  /// What came of a half.
  private struct Half: Sendable {
    let value: Result<QueryResult.Value, QueryError>
    let notes: QueryNotes
  }

  private var halves: (first: Timeline, second: Timeline) {
    let middle = timeline.count / 2
    return (
      Timeline(startMs: timeline.startMs, stepMs: timeline.stepMs, count: middle),
      Timeline(
        startMs: timeline.timeMs(middle), stepMs: timeline.stepMs, count: timeline.count - middle)
    )
  }

  /// - Returns: nil where the query is to be evaluated in one piece, after all.
  func value(_ query: Query) throws(QueryError) -> QueryResult.Value? {
    let (first, second) = halves
    let stop = CancellationFlag(within: cancellation)
    let claim = Claim()
    let handoff = Handoff<Half>(capacity: 1)
    pool.start { [self] in
      if claim.take() { handoff.put(half(second, stop)) }
    }
    let a = half(first, stop)
    if case .failure = a.value { stop.cancel() }
    // Nobody had time for the other half: this thread has, now.
    let b = claim.take() ? half(second, stop) : handoff.take()
    guard let b else { return nil }
    switch (a.value, b.value) {
    case (.success(.matrix(let left)), .success(.matrix(let right))):
      let peak = a.notes.peak.addingReportingOverflow(b.notes.peak)
      guard !peak.overflow, peak.partialValue <= query.options.maxSamples else { return nil }
      query.absorb(a.notes)
      query.absorb(b.notes)
      return .matrix(join(left, right, first.count))
    case (.failure(.timeout(let text)), _): throw .timeout(text)
    case (.failure(.canceled(let text)), _): throw .canceled(text)
    case (.success, .failure(.timeout(let text))): throw .timeout(text)
    case (.success, .failure(.canceled(let text))): throw .canceled(text)
    default: return nil
    }
  }

  private func half(_ part: Timeline, _ stop: CancellationFlag) -> Half {
    let query = makeQuery(stop)
    query.isContinued = part.startMs != timeline.startMs
    let value = Result { () throws(QueryError) in
      try Evaluation(query: query, timeline: part).value(of: .node(plan), type: type)
    }
    return Half(value: value, notes: query.notes)
  }

  /// Rows of both, which are in label order, with the points of equal labels end to end.
  private func join(
    _ left: [RangeSeries], _ right: [RangeSeries], _ middle: Int
  ) -> [RangeSeries] {
    let times = (0..<timeline.count).map { timeline.timeMs($0) }
    var all: [RangeSeries] = []
    all.reserveCapacity(max(left.count, right.count))
    var i = 0
    var j = 0
    while i < left.count && j < right.count {
      if left[i].labels == right[j].labels {
        all.append(join(left[i], right[j], times, middle))
        i += 1
        j += 1
      } else if left[i].labels < right[j].labels {
        all.append(left[i])
        i += 1
      } else {
        all.append(right[j])
        j += 1
      }
    }
    return all + left[i...] + right[j...]
  }

  private func join(
    _ a: RangeSeries, _ b: RangeSeries, _ times: [Int64], _ middle: Int
  ) -> RangeSeries {
    // Rows without gaps share their times.
    let isFull = a.times.count == middle && b.times.count == timeline.count - middle
    return RangeSeries(
      labels: a.labels, times: isFull ? times : a.times + b.times, values: a.values + b.values,
      histogramTimes: a.histogramTimes + b.histogramTimes,
      histograms: a.histograms + b.histograms)
  }
}

/// Goes to the first who asks.
private final class Claim: Sendable {
  private let isTaken = Atomic<Bool>(false)

  func take() -> Bool {
    isTaken.compareExchange(expected: false, desired: true, ordering: .relaxed).exchanged
  }
}

/// Whether a query is worth two threads.
struct SplitEstimate {
  private let timeline: Timeline
  private let options: EngineOptions

  init(_ timeline: Timeline, _ options: EngineOptions) {
    self.timeline = timeline
    self.options = options
  }

  func pays(_ plan: PlanNode, _ querier: any Querier) -> Bool {
    guard options.threadsPerQuery > 1, timeline.count >= 2 else { return false }
    var selectors: [SelectorPlan] = []
    plan.forEachSelector { selectors.append($0) }
    // What is known of resets depends on where reading begins.
    guard !selectors.isEmpty, !selectors.contains(where: { $0.usesStatisticsOnly }) else {
      return false
    }
    if options.splitPointsMin == 0 { return true }
    guard timeline.count >= Limits.splitStepsMin, !plan.repeatsWork(of: timeline) else {
      return false
    }
    var points = 0
    for selector in selectors {
      let (some, isHuge) = count(selector, querier).multipliedReportingOverflow(
        by: timeline.count)
      points = isHuge ? .max : min(points, Int.max - some) + some
      if points >= options.splitPointsMin { return true }
    }
    return false
  }

  private func count(_ selector: SelectorPlan, _ querier: any Querier) -> Int {
    var hints = selector.hints
    hints.isSorted = false
    let range = selector.readRange(timeline)
    return (try? querier.select(selector.matchers, in: range, hints: hints))?.seriesCount ?? 0
  }
}

extension PlanNode {
  /// Whether both halves of a timeline would have much to do that the whole does once: windows
  /// that reach far back, and parts that are the same at every step.
  fileprivate func repeatsWork(of timeline: Timeline) -> Bool {
    let reachMax = (timeline.endMs &- timeline.startMs) / 4
    switch self {
    case .number, .string: return false
    case .selector(let plan): return plan.time.fixedMs != nil
    case .stepInvariant: return true
    case .negate(let plan): return plan.inner.repeatsWork(of: timeline)
    case .binary(let plan):
      return plan.left.repeatsWork(of: timeline) || plan.right.repeatsWork(of: timeline)
    case .aggregate(let plan):
      return plan.inner.repeatsWork(of: timeline)
        || plan.parameter?.repeatsWork(of: timeline) ?? false
    case .call(let plan):
      return plan.arguments.contains { argument in
        switch argument.value {
        case .node(let node): node.repeatsWork(of: timeline)
        case .range(let range): range.windowMs > reachMax || range.time.fixedMs != nil
        }
      }
    }
  }
}
