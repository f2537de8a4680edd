internal import ApusModel
internal import ApusPromQLSyntax
package import ApusStorage
package import ApusSystem
package import ApusTelemetry
internal import Synchronization

/// Evaluates PromQL: instant and range queries over any store.
///
/// Queries run on the threads of a pool, at most `maxConcurrency` of them at a time. A query ends
/// early when its time is up, when it holds too many samples, or when the task that asked for it
/// is cancelled.
package final class Engine: Sendable {
  package let options: EngineOptions
  private let clock: any WallClock
  private let pool: WorkerPool
  private let gate: QueryGate
  private let metrics: EngineMetrics
  private let queryLog: QueryLog?
  private let log: Log
  private let activeQueries = AtomicLazyReference<ActiveQueryLog>()

  package init(
    options: EngineOptions, clock: any WallClock, pool: WorkerPool, metrics: MetricRegistry,
    queryLog: QueryLog? = nil, log: Log = .none
  ) {
    self.log = log
    self.options = options
    self.clock = clock
    self.pool = pool
    self.queryLog = queryLog
    gate = QueryGate(limit: options.maxConcurrency)
    self.metrics = EngineMetrics(metrics, maxConcurrency: options.maxConcurrency)
  }

  /// Queries that begin from now on stand in the file while they run. Only the first call counts.
  package func record(in log: ActiveQueryLog) { _ = activeQueries.storeIfNil(log) }

  /// Waits for a free place, then evaluates on a thread of the pool.
  package func execute(
    _ request: QueryRequest, on store: any Queryable
  ) async throws(QueryError) -> QueryResult {
    let flag = CancellationFlag()
    let started = clock.monotonicNs
    let result: Result<QueryResult, QueryError> = await withTaskCancellationHandler {
      do throws(QueryError) {
        return .success(try await self.queued(request, on: store, flag, started))
      } catch {
        return .failure(error)
      }
    } onCancel: {
      flag.cancel()
    }
    return try result.get()
  }

  private func queued(
    _ request: QueryRequest, on store: any Queryable, _ flag: CancellationFlag,
    _ started: UInt64
  ) async throws(QueryError) -> QueryResult {
    switch await gate.enter(timeoutMs: timeoutMs(request), clock: clock) {
    case .placed: break
    case .timedOut: throw .timeout("query timed out in query queue")
    case .cancelled: throw .canceled("query was canceled in query queue")
    }
    defer { gate.leave() }
    let queuedNs = clock.monotonicNs - started
    return try await pool.run { () throws(QueryError) in
      try self.evaluate(request, on: store, cancellation: flag, queuedNs: queuedNs)
    }
  }

  /// Evaluates on the calling thread, without waiting for a place: for callers that are on a
  /// worker already, such as the rule engine and tests.
  package func evaluate(
    _ request: QueryRequest, on store: any Queryable,
    cancellation: CancellationFlag = CancellationFlag(), queuedNs: UInt64 = 0
  ) throws(QueryError) -> QueryResult {
    let started = clock.monotonicNs
    metrics.running.add(1)
    let active = activeQueries.load()
    let place = active?.begin(request.expression, atMs: clock.nowMs)
    defer {
      if let place { active?.end(place) }
      metrics.running.add(-1)
    }
    do throws(QueryError) {
      var result = try run(request, on: store, cancellation, started)
      finish(&result.statistics, queuedNs, started)
      metrics.observe(result.statistics)
      queryLog?.write(request, result.statistics, nil, atMs: clock.nowMs)
      logIfSlow(request, result.statistics, nil)
      return result
    } catch {
      var statistics = QueryStatistics()
      finish(&statistics, queuedNs, started)
      queryLog?.write(request, statistics, error, atMs: clock.nowMs)
      logIfSlow(request, statistics, error)
      throw error
    }
  }

  private func logIfSlow(
    _ request: QueryRequest, _ statistics: QueryStatistics, _ error: QueryError?
  ) {
    guard options.slowQueryMs > 0,
      statistics.execTotalSeconds * 1000 >= Double(options.slowQueryMs)
    else { return }
    SlowQuery.warn(log, request, statistics, error)
  }

  private func finish(
    _ statistics: inout QueryStatistics, _ queuedNs: UInt64, _ started: UInt64
  ) {
    let elapsed = Double(clock.monotonicNs - started) / 1e9
    statistics.execQueueSeconds = Double(queuedNs) / 1e9
    statistics.evalTotalSeconds = elapsed
    statistics.execTotalSeconds = elapsed + statistics.execQueueSeconds
  }

  /// A client may ask for less than is allowed; for less than nothing, too.
  private func timeoutMs(_ request: QueryRequest) -> Int64 {
    max(0, min(request.timeoutMs ?? options.timeoutMs, options.timeoutMs))
  }

  /// Parses, plans and evaluates; on a large stack where the query may be nested deeply, for all
  /// of them recurse along it.
  private func run(
    _ request: QueryRequest, on store: any Queryable, _ cancellation: CancellationFlag,
    _ started: UInt64
  ) throws(QueryError) -> QueryResult {
    if Parser.mayBeDeep(request.expression) {
      let deep = DeepStack.run { () -> Result<QueryResult, QueryError> in
        Result { () throws(QueryError) in
          try self.run(request, on: store, cancellation, started, isDeep: true)
        }
      }
      if let deep { return try deep.get() }
    }
    return try run(request, on: store, cancellation, started, isDeep: false)
  }

  /// - Parameter isDeep: on a large stack: everything stays on this thread then, and trees do not
  ///   leave it.
  private func run(
    _ request: QueryRequest, on store: any Queryable, _ cancellation: CancellationFlag,
    _ started: UInt64, isDeep: Bool
  ) throws(QueryError) -> QueryResult {
    guard timeoutMs(request) > 0 else { throw .timeout("query timed out in query execution") }
    let timeline = try self.timeline(request.time)
    let lookbackMs = request.lookbackDeltaMs ?? options.lookbackDeltaMs
    let (expression, plan) = try plan(request, timeline, lookbackMs, isDeep: isDeep)
    let querier = try open(store, plan, timeline)
    let limits = QueryLimits(
      lookbackMs: lookbackMs, deadlineNs: started + UInt64(timeoutMs(request)) * 1_000_000,
      bounds: timeline, countsPerStep: request.wantsSamplesPerStep && options.samplesPerStep)
    let makeQuery = { @Sendable [options, clock] (flag: CancellationFlag) in
      let query = Query(
        text: request.expression, querier: querier, options: options, clock: clock,
        cancellation: flag, limits: limits)
      if case .range = request.time { query.isRange = true }
      return query
    }
    let query = makeQuery(cancellation)
    query.isDeep = isDeep
    if request.wantsExplanation && !isDeep { query.recorder = ExplainRecorder(clock: clock) }
    let prepared = clock.monotonicNs
    var split: QueryResult.Value?
    if case .node(let node) = plan, isIdle, query.isRange, !query.countsPerStep,
      query.recorder == nil, !isDeep, SplitEstimate(timeline, options).pays(node, querier)
    {
      split = try SplitEvaluation(
        plan: node, type: expression.valueType, timeline: timeline, cancellation: cancellation,
        pool: pool, makeQuery: makeQuery
      ).value(query)
    }
    let value =
      if let split { split } else {
        try Evaluation(query: query, timeline: timeline)
          .value(of: plan, type: expression.valueType)
      }
    let annotations = query.finishedAnnotations()
    var statistics = query.statistics
    statistics.queryPreparationSeconds = Double(prepared - started) / 1e9
    statistics.innerEvalSeconds = Double(clock.monotonicNs - prepared) / 1e9
    var result = QueryResult(value: value, annotations: annotations, statistics: statistics)
    result.explanation = query.recorder.map { QueryRoot.explanation($0, request, result) }
    return result
  }

  /// No other query runs, and none waits.
  private var isIdle: Bool { metrics.running.value <= 1 && pool.waitingCount == 0 }

  private func timeline(_ time: QueryRequest.Time) throws(QueryError) -> Timeline {
    switch time {
    case .instant(let timeMs): return .single(timeMs)
    case .range(let startMs, let endMs, let stepMs):
      guard stepMs > 0 else {
        throw .parse(
          "zero or negative query resolution step widths are not accepted. "
            + "Try a positive integer")
      }
      guard let timeline = Timeline(startMs: startMs, endMs: endMs, stepMs: stepMs) else {
        throw .parse("end timestamp must not be before start time")
      }
      guard timeline.count <= options.maxSamples else { throw .tooManySamples }
      return timeline
    }
  }

  private func plan(
    _ request: QueryRequest, _ timeline: Timeline, _ lookbackMs: Int64, isDeep: Bool
  ) throws(QueryError) -> (Expression, QueryPlan) {
    let expression: Expression
    let allowed = ParserOptions(
      experimentalFunctions: options.experimentalFunctions,
      durationExpressions: options.durationExpressions,
      extendedRangeSelectors: options.extendedRangeSelectors,
      fillModifiers: options.fillModifiers)
    do throws(ParseError) {
      expression = try Parser.parse(
        request.expression, options: isDeep ? allowed.deep : allowed)
    } catch {
      throw .parse("\(error)")
    }
    var bounds = Planner.Bounds(
      startMs: timeline.startMs, endMs: timeline.endMs, stepMs: 0)
    if case .range(let startMs, let endMs, let stepMs) = request.time {
      let type = expression.valueType
      guard type == .vector || type == .scalar else {
        throw .parse(
          "invalid expression type \"\(type == .matrix ? "range vector" : type.rawValue)\" for "
            + "range query, must be Scalar or instant Vector")
      }
      bounds = Planner.Bounds(startMs: startMs, endMs: endMs, stepMs: stepMs)
    }
    let planner = Planner(
      bounds: bounds, lookbackMs: lookbackMs,
      defaultSubqueryStepMs: options.noStepSubqueryIntervalMs, query: request.expression)
    return (expression, try planner.plan(expression))
  }

  /// A view of the store that shows all selectors at one moment.
  private func open(
    _ store: any Queryable, _ plan: QueryPlan, _ timeline: Timeline
  ) throws(QueryError) -> any Querier {
    guard let range = plan.readRange(timeline) else { return EmptyQuerier() }
    do throws(StorageError) {
      let querier = try store.querier(in: range)
      let selectors = plan.selectors
      if selectors.count > 1 { try querier.hold(Array(Set(selectors.map(\.matchers)))) }
      return querier
    } catch {
      throw .storage(error.description)
    }
  }
}

/// Reads nothing, for queries without selectors.
private struct EmptyQuerier: Querier {
  func select(
    _ matchers: [LabelMatcher], in range: TimeRange, hints: SelectHints
  ) throws(StorageError) -> any SeriesCursor {
    EmptySeriesCursor()
  }

  func labelNames(
    matching matchers: [LabelMatcher], limit: Int
  ) throws(StorageError) -> [String] { [] }

  func labelValues(
    of name: String, matching matchers: [LabelMatcher], limit: Int
  ) throws(StorageError) -> [String] { [] }
}
