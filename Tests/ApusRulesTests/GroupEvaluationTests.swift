import ApusModel
import ApusPromQL
import ApusStorage
import ApusTelemetry
import ApusTesting
import Testing

@testable import ApusRules

@Suite struct GroupEvaluationTests {
  private let store = RecordingStore()
  private let sink = RecordingSink()
  private let answers = AnswerTable()
  private let registry = MetricRegistry()

  private func recording(_ name: String, _ expression: String, _ labels: [Label] = [])
    -> RuleDefinition
  {
    RuleDefinition(name: name, expression: expression, labels: labels, kind: .recording)
  }

  private func alerting(
    _ name: String, _ expression: String, forMs: Int64 = 0, labels: [Label] = []
  ) -> RuleDefinition {
    RuleDefinition(
      name: name, expression: expression, labels: labels,
      kind: .alerting(
        forMs: forMs, keepFiringForMs: 0, annotations: [Label("summary", "it is down")]))
  }

  private func group(
    _ rules: RuleDefinition..., limit: Int = 0, offsetMs: Int64? = nil, isRestored: Bool = true
  ) -> RuleGroup {
    RuleGroup(
      RuleGroupDefinition(
        name: "g", file: "f", intervalMs: 1_000, queryOffsetMs: offsetMs, limit: limit,
        rules: rules),
      isRestored: isRestored)
  }

  private func evaluate(_ group: RuleGroup, atMs timeMs: Int64) {
    let answers = answers
    let context = RuleContext(
      externalLabels: [:], externalURL: "http://apus", queryOffsetMs: 0
    ) { expression, timeMs throws(RuleError) in try answers.answer(expression, timeMs) }
    let environment = RuleEnvironment(
      appender: store, store: store, alerts: sink, clock: StoppedClock(nowMs: timeMs),
      log: .none, metrics: RuleMetrics(registry))
    GroupEvaluation(group: group, context: context, environment: environment, timeMs: timeMs)
      .run()
  }

  private func written(_ labels: Labels, _ timeMs: Int64, _ value: Double)
    -> RecordingStore.Written
  {
    .init(labels: labels, timeMs: timeMs, bits: value.bitPattern)
  }

  @Test func `queries of a group are known as its own`() {
    let answers = answers
    answers.set("f/g: sum(x)", [([:], 7)])
    var context = RuleContext(externalLabels: [:], externalURL: "", queryOffsetMs: 0) {
      _, _ throws(RuleError) in throw RuleError("nobody knows whose query this is")
    }
    context.queryOfGroup = { file, name in
      return { expression, timeMs throws(RuleError) in
        try answers.answer("\(file)/\(name): \(expression)", timeMs)
      }
    }
    let environment = RuleEnvironment(
      appender: store, store: store, alerts: sink, clock: StoppedClock(nowMs: 1_000),
      log: .none, metrics: RuleMetrics(registry))
    let group = group(recording("y", "sum(x)"))
    GroupEvaluation(group: group, context: context, environment: environment, timeMs: 1_000)
      .run()
    #expect(group.status.rules[0].lastError == "")
    #expect(store.written == [written(["__name__": "y"], 1_000, 7)])
  }

  @Test func `a recording rule writes its result under its own name and labels`() {
    answers.set("sum(x)", [(["__name__": "x", "job": "a", "gone": "1"], 7)])
    let group = group(
      recording("job:x:sum", "sum(x)", [Label("gone", ""), Label("team", "ops")]))
    evaluate(group, atMs: 5_000)
    #expect(
      store.written == [
        written(["__name__": "job:x:sum", "job": "a", "team": "ops"], 5_000, 7)
      ])
    #expect(group.status.rules[0].health == .ok)
  }

  @Test func `a series that is no longer in the result gets a stale marker`() {
    answers.set("e", [(["i": "1"], 1), (["i": "2"], 2)])
    let group = group(recording("r", "e"))
    evaluate(group, atMs: 1_000)
    store.clear()
    answers.set("e", [(["i": "2"], 3)])
    evaluate(group, atMs: 2_000)
    #expect(
      store.written == [
        written(["__name__": "r", "i": "2"], 2_000, 3),
        written(["__name__": "r", "i": "1"], 2_000, StaleMarker.value),
      ])
    store.clear()
    evaluate(group, atMs: 3_000)
    #expect(store.written.count == 1)
  }

  @Test func `known series are not resolved again`() {
    answers.set("e", [(["i": "1"], 1)])
    let group = group(recording("r", "e"))
    evaluate(group, atMs: 1_000)
    evaluate(group, atMs: 2_000)
    #expect(store.resolvedCount == 1)
  }

  @Test func `a series that the store forgot is resolved again and nothing is lost`() {
    answers.set("e", [(["i": "1"], 1)])
    let group = group(recording("r", "e"))
    evaluate(group, atMs: 1_000)
    store.refuse(["__name__": "r", "i": "1"], with: .unknownSeries)
    evaluate(group, atMs: 2_000)
    #expect(store.written.map(\.timeMs) == [1_000, 2_000])
    #expect(group.status.rules[0].health == .ok)
  }

  @Test func `two results in one series fail the rule and write nothing`() {
    answers.set("e", [(["i": "1"], 1), (["i": "2"], 2)])
    let group = group(recording("r", "e", [Label("i", "")]))
    evaluate(group, atMs: 1_000)
    #expect(store.written.isEmpty)
    #expect(group.status.rules[0].health == .error)
    #expect(
      group.status.rules[0].lastError
        == "vector contains metrics with the same labelset after applying rule labels")
  }

  @Test func `more series than the limit fail the rule`() {
    answers.set("e", [(["i": "1"], 1), (["i": "2"], 2)])
    let group = group(recording("r", "e"), limit: 1)
    evaluate(group, atMs: 1_000)
    #expect(group.status.rules[0].lastError == "exceeded limit of 1 with 2 series")
    #expect(store.written.isEmpty)
  }

  @Test func `a failed query leaves the series of the last evaluation alone`() {
    answers.set("e", [(["i": "1"], 1)])
    let group = group(recording("r", "e"), recording("s", "e"))
    evaluate(group, atMs: 1_000)
    store.clear()
    answers.fail("e", "boom")
    evaluate(group, atMs: 2_000)
    #expect(store.written.isEmpty)
    #expect(group.status.rules.map(\.lastError) == ["boom", "boom"])
    answers.set("e", [])
    evaluate(group, atMs: 3_000)
    #expect(store.written.count == 2, "both series end once the query answers again")
  }

  @Test func `a refused sample is the rule's error and its series counts as not written`() {
    answers.set("e", [(["i": "1"], 1)])
    let group = group(recording("r", "e"))
    store.refuse(["__name__": "r", "i": "1"], with: .outOfOrder)
    evaluate(group, atMs: 1_000)
    #expect(group.status.rules[0].health == .error)
    #expect(group.status.rules[0].lastError == "out of order sample")
    #expect(group.writtenSeries.isEmpty)
  }

  @Test func `a store that fails is the rule's error`() {
    answers.set("e", [([:], 1)])
    let group = group(recording("r", "e"))
    store.fail(with: StorageError(.system, "no space left on device"))
    evaluate(group, atMs: 1_000)
    #expect(group.status.rules[0].lastError == "no space left on device")
  }

  @Test func `a query offset moves query and samples into the past`() {
    answers.set("e", [([:], 1)])
    evaluate(group(recording("r", "e"), offsetMs: 700), atMs: 5_000)
    #expect(answers.times == [4_300])
    #expect(store.written.map(\.timeMs) == [4_300])
  }

  @Test func `an alert fires, is sent, and is told in ALERTS and ALERTS_FOR_STATE`() {
    answers.set("up == 0", [(["__name__": "up", "job": "a"], 0)])
    evaluate(group(alerting("Down", "up == 0", labels: [Label("sev", "page")])), atMs: 8_500)
    let alert: Labels = ["alertname": "Down", "job": "a", "sev": "page"]
    #expect(
      store.written == [
        written(
          [
            "__name__": "ALERTS", "alertname": "Down", "alertstate": "firing", "job": "a",
            "sev": "page",
          ], 8_500, 1),
        written(
          ["__name__": "ALERTS_FOR_STATE", "alertname": "Down", "job": "a", "sev": "page"],
          8_500, 8),
      ])
    #expect(sink.batches.count == 1)
    #expect(sink.batches.first?.first?.labels == alert)
    #expect(sink.batches.first?.first?.startsAtMs == 8_500)
    #expect(sink.batches.first?.first?.endsAtMs == 248_500)
    #expect(sink.batches.first?.first?.annotations == ["summary": "it is down"])
    #expect(
      sink.batches.first?.first?.generatorURL
        == "http://apus/graph?g0.expr=up+%3D%3D+0&g0.tab=1")
  }

  @Test func `when an alert changes from pending to firing its pending series ends`() {
    answers.set("e", [([:], 1)])
    let group = group(alerting("A", "e", forMs: 1_000))
    evaluate(group, atMs: 1_000)
    #expect(sink.batches.isEmpty)
    store.clear()
    evaluate(group, atMs: 2_000)
    let pending: Labels = ["__name__": "ALERTS", "alertname": "A", "alertstate": "pending"]
    #expect(store.written.contains(written(pending, 2_000, StaleMarker.value)))
    #expect(sink.batches.count == 1)
  }

  @Test func `a resolved alert is sent with its end and its series end`() {
    answers.set("e", [([:], 1)])
    let group = group(alerting("A", "e"))
    evaluate(group, atMs: 1_000)
    store.clear()
    answers.set("e", [])
    evaluate(group, atMs: 2_000)
    #expect(sink.batches.last?.first?.endsAtMs == 2_000)
    #expect(store.written.allSatisfy { $0.bits == StaleMarker.bits })
    #expect(store.written.count == 2)
  }

  @Test func `before the past is restored alerts are evaluated but not written`() {
    answers.set("e", [([:], 1)])
    let group = group(alerting("A", "e"), isRestored: false)
    evaluate(group, atMs: 1_000)
    #expect(store.written.isEmpty)
    guard case .alerting(let status) = group.status.rules[0].kind else {
      Issue.record("not an alert")
      return
    }
    #expect(status.state == .firing)
  }

  @Test func `too many alerts fail the rule and forget all of them`() {
    answers.set("e", [(["i": "1"], 1), (["i": "2"], 1)])
    let group = group(alerting("A", "e"), limit: 1)
    evaluate(group, atMs: 1_000)
    #expect(group.status.rules[0].lastError == "exceeded limit of 1 with 2 alerts")
    #expect(sink.batches.isEmpty)
  }

  @Test func `a changed group hands over alerts and ends the series of rules that are gone`() {
    answers.set("e", [([:], 1)])
    let old = group(alerting("A", "e", forMs: 60_000), recording("r", "e"))
    evaluate(old, atMs: 1_000)
    store.clear()
    let new = group(alerting("A", "e", forMs: 2_000))
    new.adopt(old)
    evaluate(new, atMs: 3_000)
    #expect(store.written.contains(written(["__name__": "r"], 3_000, StaleMarker.value)))
    #expect(sink.batches.count == 1, "active since 1 s, so it fires at 3 s")
  }

  @Test func `a rule that was never evaluated is of unknown health and state`() {
    let status = group(alerting("A", "e")).status.rules[0]
    #expect(status.health == .unknown)
    guard case .alerting(let alerting) = status.kind else {
      Issue.record("not an alert")
      return
    }
    #expect(alerting.state == .unknown)
  }
}
