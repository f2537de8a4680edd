internal import ApusConfig
internal import ApusModel
internal import ApusPromQL
internal import ApusPromQLSyntax
internal import ApusRules
internal import ApusStorage
internal import ApusSystem
internal import ApusTSDB
internal import ApusTelemetry

/// One test: a store that fills as its time goes by, rules that are evaluated over it, and what is
/// expected of them.
struct RuleTestStage {
  private let test: RuleTestFile.Test
  private let groups: [GroupRunner]
  private let evaluationIntervalMs: Int64
  private let isFuzzy: Bool
  private let options: RuleTestOptions
  private let startMs: Int64
  private let store: TSDB
  private let engine: Engine
  private var input: RuleTestInput

  /// - Throws: what is wrong with the test's input.
  init(
    _ test: RuleTestFile.Test, groups: [RuleGroupDefinition], evaluationIntervalMs: Int64,
    isFuzzy: Bool, options: RuleTestOptions
  ) throws(CommandFailure) {
    self.test = test
    self.evaluationIntervalMs = evaluationIntervalMs
    self.isFuzzy = isFuzzy
    self.options = options
    startMs = try TimeText.value(test.start) ?? 0
    let clock = Console.current.clock
    do throws(StorageError) {
      store = try TSDB.open(
        directory: "/test", options: Self.storeOptions, files: MemoryFileSystem(), clock: clock,
        random: SystemRandomSource(), log: .none, metrics: MetricRegistry())
    } catch {
      throw CommandFailure(error.description)
    }
    let engine = Engine(
      options: options.features.engineOptions(subqueryIntervalMs: evaluationIntervalMs),
      clock: clock, pool: WorkerPool(name: "query", threadCount: 1), metrics: MetricRegistry())
    self.engine = engine
    input = try RuleTestInput(test, startMs: startMs, store: store)
    let context = RuleContext(
      externalLabels: Labels(test.externalLabels), externalURL: test.externalURL,
      queryOffsetMs: 0
    ) { [store] expression, timeMs throws(RuleError) in
      do throws(QueryError) {
        return try Self.vector(expression, timeMs, engine, store)
      } catch {
        throw RuleError(error.description)
      }
    }
    let environment = RuleEnvironment(
      appender: store, store: store, alerts: NoAlerts(), clock: clock, log: .none,
      metrics: RuleMetrics(MetricRegistry()))
    self.groups = groups.map { GroupRunner($0, context: context, environment: environment) }
  }

  private static var storeOptions: TSDBOptions {
    var options = TSDBOptions()
    options.compacts = false
    options.retentionMs = 0
    options.walSegmentBytes = 1 << 20
    options.headImageIntervalMs = 0
    return options
  }

  /// - Returns: what was not as expected.
  mutating func run() -> [String] {
    if let nameless = test.alerts.first(where: { $0.alertName.isEmpty }) {
      let place = test.name.isEmpty ? "" : " (in TestGroup \(test.name))"
      return [
        "an item under alert_rule_test misses required attribute alertname at eval_time "
          + DurationText.text(ms: nameless.evaluationMs) + place
      ]
    }
    var problems: [String] = []
    let lastMs =
      (test.alerts.map(\.evaluationMs) + test.expressions.map(\.evaluationMs)).max() ?? 0
    for elapsedMs in stride(from: 0, through: lastMs, by: Int64.Stride(evaluationIntervalMs)) {
      do throws(CommandFailure) {
        try input.append(untilMs: startMs + elapsedMs, to: store)
      } catch {
        return problems + [error.description]
      }
      let failures = evaluate(elapsedMs)
      problems += failures
      // What rules cannot evaluate now they could not check either.
      if !failures.isEmpty { return problems }
      let due = test.alerts.filter {
        elapsedMs <= $0.evaluationMs && $0.evaluationMs < elapsedMs + evaluationIntervalMs
      }
      for check in due.sorted(by: { $0.evaluationMs < $1.evaluationMs }) {
        if let problem = self.check(check) { problems.append(problem) }
      }
    }
    problems += test.expressions.compactMap(check)
    if options.isDebugging { dump(lastMs) }
    return problems
  }

  private func evaluate(_ elapsedMs: Int64) -> [String] {
    groups.flatMap { group -> [String] in
      group.evaluate(atMs: startMs + elapsedMs)
      return group.status.rules.filter { !$0.lastError.isEmpty }.map { rule in
        let time = GoDuration.text(ms: startMs + elapsedMs)
        return "    rule: \(rule.name), time: \(time), err: \(rule.lastError)"
      }
    }
  }

  private func check(_ check: RuleTestFile.AlertCase) -> String? {
    let found = groups.flatMap(\.status.rules).filter { $0.name == check.alertName }
      .flatMap { rule -> [ActiveAlert] in
        guard case .alerting(let alerting) = rule.kind else { return [] }
        return alerting.alerts.filter { $0.state == .firing }
      }
      .map { ShownAlert(labels: $0.labels, annotations: $0.annotations) }.sorted()
    let expected = check.expected.map { alert in
      ShownAlert(
        labels: Labels(alert.labels + [Label(LabelNames.alertName, check.alertName)]),
        annotations: Labels(alert.annotations))
    }.sorted()
    if expected == found { return nil }
    let head =
      (test.name.isEmpty ? "" : "    name: \(test.name),\n")
      + "    alertname: \(check.alertName), "
      + "time: \(DurationText.text(ms: check.evaluationMs)), \n"
    if options.showsDiff {
      return head + "        diff: " + AlertDiff(expected, found).text(indent: "            ")
    }
    return head + "        exp:\(ShownAlert.text(expected)), \n"
      + "        got:\(ShownAlert.text(found))"
  }

  private func check(_ check: RuleTestFile.ExpressionCase) -> String? {
    let head =
      "    expr: \(GoQuote.quote(check.expression)), "
      + "time: \(DurationText.text(ms: check.evaluationMs)),"
    let found: [ShownSample]
    do throws(QueryError) {
      found = try Self.vector(
        check.expression, startMs + check.evaluationMs, engine, store
      ).map { ShownSample($0.labels, $0.value) }.sorted()
    } catch {
      return "\(head) err: \(error)"
    }
    let expected: [ShownSample]
    do throws(CommandFailure) {
      expected = try ShownSample.expected(check.expected).sorted()
    } catch {
      return "\(head) err: \(error)"
    }
    if ShownSample.areEqual(expected, found, isFuzzy: isFuzzy) { return nil }
    return "\(head)\n        exp: \(ShownSample.text(expected))\n"
      + "        got: \(ShownSample.text(found))"
  }

  private static func vector(
    _ expression: String, _ timeMs: Int64, _ engine: Engine, _ store: TSDB
  ) throws(QueryError) -> [InstantSeries] {
    let request = QueryRequest(expression: expression, time: .instant(timeMs: timeMs))
    switch try engine.evaluate(request, on: store).value {
    case .vector(let elements): return elements
    case .scalar(let timeMs, let value):
      return [InstantSeries(labels: .empty, timeMs: timeMs, value: .float(value))]
    case .string, .matrix:
      throw QueryError.execution("rule result is not a vector or scalar")
    }
  }

  /// Everything that is in the store at the end, on standard error.
  private func dump(_ lastMs: Int64) {
    // A whole second: PromQL knows no shorter ones here.
    let length = (lastMs / 1_000 + 1) * 1_000
    let text = GoDuration.text(ms: length)
    let expression = "{__name__=~\".+\"}[\(text)]"
    let request = QueryRequest(
      expression: expression, time: .instant(timeMs: startMs + length))
    do throws(QueryError) {
      guard case .matrix(let rows) = try engine.evaluate(request, on: store).value else { return }
      Output.errorLine("DEBUG: Dump of all data (input_series and rules) at \(text):")
      for row in rows.sorted(by: { $0.labels < $1.labels }) {
        Output.errorLine("\(row.labels) =>")
        for (time, value) in zip(row.times, row.values) {
          Output.errorLine("\(FloatText.f(value)) @[\(time)]")
        }
        for (time, histogram) in zip(row.histogramTimes, row.histograms) {
          Output.errorLine("\(histogram) @[\(time)]")
        }
      }
    } catch {
      Output.errorLine(
        "DEBUG: Failed query exec, expr: \(GoQuote.quote(expression)), err: \(error)")
    }
  }
}

/// Alerts of a test go nowhere.
private struct NoAlerts: AlertSink {
  func send(_ alerts: [Alert]) {}
}
