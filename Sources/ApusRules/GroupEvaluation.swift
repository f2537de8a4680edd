internal import ApusPromQL
package import ApusModel
package import ApusStorage
package import ApusSystem
package import ApusTelemetry

/// The parts of the world that an evaluation touches.
package struct RuleEnvironment: Sendable {
  package var appender: any Appender
  package var store: any Queryable
  /// Gets the alerts of a rule that are due.
  package var alerts: any AlertSink
  package var clock: any WallClock
  package var log: Log
  package var metrics: RuleMetrics
  package var resendDelayMs: Int64
  package var forGracePeriodMs: Int64
  package var forOutageToleranceMs: Int64

  package init(
    appender: any Appender, store: any Queryable, alerts: any AlertSink,
    clock: any WallClock, log: Log, metrics: RuleMetrics
  ) {
    self.appender = appender
    self.store = store
    self.alerts = alerts
    self.clock = clock
    self.log = log
    self.metrics = metrics
    resendDelayMs = 60_000
    forGracePeriodMs = 10 * 60_000
    forOutageToleranceMs = 60 * 60_000
  }
}

/// One evaluation of one group: blocking, on a worker thread.
struct GroupEvaluation {
  let group: RuleGroup
  let context: RuleContext
  let environment: RuleEnvironment
  /// When the group's turn was.
  let timeMs: Int64

  init(group: RuleGroup, context: RuleContext, environment: RuleEnvironment, timeMs: Int64) {
    self.group = group
    self.context = context.within(group.definition)
    self.environment = environment
    self.timeMs = timeMs
  }

  private var offsetMs: Int64 { group.definition.queryOffsetMs ?? context.queryOffsetMs }
  /// The time of queries and of what is written.
  private var sampleTimeMs: Int64 { timeMs - offsetMs }
  private var metrics: RuleMetrics { environment.metrics }
  private var key: String { group.definition.key }

  func run() {
    let startNs = environment.clock.monotonicNs
    metrics.scheduled.child([key]).increment()
    var total = 0
    for index in group.definition.rules.indices {
      var rule = group.current.rules[index]
      total += evaluate(&rule)
      let done = rule
      group.update { $0.rules[index] = done }
    }
    endAbandoned()
    let seconds = Double(environment.clock.monotonicNs &- startNs) / 1e9
    let nowMs = environment.clock.nowMs
    group.update {
      $0.evaluationSeconds = seconds
      $0.lastEvaluationMs = nowMs
    }
    metrics.samples.child([key]).set(Double(total))
    metrics.lastDuration.child([key]).set(seconds)
    metrics.lastEvaluation.child([key]).set(Double(nowMs) / 1000)
    metrics.groupDuration.observe(seconds)
  }

  /// Evaluates one rule and stores what it made; returns how many samples that was.
  private func evaluate(_ rule: inout RuleState) -> Int {
    let startNs = environment.clock.monotonicNs
    rule.lastEvaluationMs = environment.clock.nowMs
    defer {
      rule.evaluationSeconds = Double(environment.clock.monotonicNs &- startNs) / 1e9
      metrics.ruleDuration.observe(rule.evaluationSeconds)
    }
    metrics.evaluations.child([key]).increment()
    do throws(RuleError) {
      let samples = try samples(of: &rule)
      rule.health = .ok
      rule.lastError = ""
      store(samples, of: &rule)
      return samples.count
    } catch {
      fail(&rule, error)
      return 0
    }
  }

  private func samples(of rule: inout RuleState) throws(RuleError) -> [RuleSample] {
    let limit = group.definition.limit
    switch rule.definition.kind {
    case .recording:
      return try RecordingRule.evaluate(
        rule.definition, atMs: sampleTimeMs, limit: limit, query: context.query)
    case .alerting(let forMs, let keepFiringForMs, _):
      let found = try AlertingRule(
        definition: rule.definition, texts: rule.texts, context: context,
        log: environment.log
      ).observe(atMs: sampleTimeMs, evaluationMs: timeMs)
      let active = rule.alerts.observe(
        found, atMs: timeMs, forMs: forMs, keepFiringForMs: keepFiringForMs)
      if limit > 0, active > limit {
        rule.alerts.reset()
        throw RuleError("exceeded limit of \(limit) with \(active) alerts")
      }
      send(&rule)
      guard rule.isRestored else { return [] }
      return AlertSeries.samples(
        of: rule.alerts.active, name: rule.definition.name, atMs: sampleTimeMs)
    }
  }

  private func send(_ rule: inout RuleState) {
    let due = rule.alerts.takeDue(
      atMs: timeMs, resendDelayMs: environment.resendDelayMs,
      intervalMs: group.definition.intervalMs)
    guard !due.isEmpty else { return }
    environment.alerts.send(
      due.map { alert in
        Alert(
          labels: alert.labels, annotations: alert.annotations,
          startsAtMs: alert.firedAtMs ?? alert.activeAtMs,
          endsAtMs: alert.resolvedAtMs ?? alert.validUntilMs,
          generatorURL: GeneratorURL.table(context.externalURL, rule.definition.expression))
      })
  }

  private func fail(_ rule: inout RuleState, _ error: RuleError) {
    rule.health = .error
    rule.lastError = error.description
    metrics.failures.child([key]).increment()
    guard !error.isCancellation else { return }
    environment.log.warning(
      "Evaluating rule failed",
      [
        "file": group.definition.file, "group": group.definition.name,
        "name": rule.definition.name, "err": error.description,
      ])
  }

  /// Writes the samples of a rule, and stale markers for its series that are no more.
  private func store(_ samples: [RuleSample], of rule: inout RuleState) {
    let previous = rule.series
    let present = Set(samples.map(\.labels))
    let gone = previous.keys.filter { !present.contains($0) }
    let writer = RuleWriter(appender: environment.appender, known: previous)
    let outcome = writer.write(samples, ending: gone.sorted(), atMs: sampleTimeMs)
    switch outcome {
    case .failure(let error):
      fail(&rule, RuleError(error.description))
    case .success(let written):
      rule.series = written.series
      report(written.rejections, of: &rule)
    }
  }

  private func report(_ rejections: [AppendError], of rule: inout RuleState) {
    guard let last = rejections.last else { return }
    rule.health = .error
    rule.lastError = last.text
    for (error, message) in RuleWriter.messages {
      let count = rejections.count { $0 == error }
      guard count > 0 else { continue }
      environment.log.with("group", group.definition.name).warning(
        message, ["name": rule.definition.name, "num_dropped": "\(count)"])
    }
  }

  private func endAbandoned() {
    let abandoned = group.current.abandoned
    guard !abandoned.isEmpty else { return }
    let writer = RuleWriter(appender: environment.appender, known: [:])
    if case .success = writer.write([], ending: abandoned, atMs: sampleTimeMs) {
      group.update { $0.abandoned = [] }
    }
  }
}
