import ApusConfig
import ApusHTTP
import ApusModel
import ApusNotify
import ApusSystem
import ApusTelemetry
import ApusTesting
import Testing

struct NotifierTests {
  private let registry = MetricRegistry()

  private func notifier(
    _ managers: FakeAlertmanagers, _ change: (inout NotifierOptions) -> Void = { _ in }
  ) -> Notifier {
    var options = NotifierOptions()
    change(&options)
    return Notifier(
      options: options, fetchers: managers, clock: JumpingClock(), metrics: registry, log: .none)
  }

  private func alerting(_ count: Int = 1) -> AlertingConfig {
    var config = AlertingConfig()
    for index in 0..<count {
      var manager = AlertmanagerConfig()
      // Entries that are the same would be taken for one another over a reload.
      manager.timeoutMs = 5_000 + Int64(index)
      config.alertmanagers.append(manager)
    }
    return config
  }

  private func metric(_ name: String, _ url: String = "http://a/api/v2/alerts") -> Double? {
    registry.snapshot().first { $0.name == "prometheus_notifications_\(name)" }?.points
      .first { $0.labels.isEmpty || $0.labels.contains { $0.value == url } }?.value
  }

  private func text(_ request: FetchRequest?) -> String {
    String(decoding: request?.body ?? [], as: UTF8.self)
  }

  @Test func `alerts are posted with external labels and after relabelling`() async throws {
    let managers = FakeAlertmanagers()
    let notifier = notifier(managers)
    var config = alerting()
    config.relabelRules = [try RelabelRule(action: .labeldrop, regex: "secret")]
    config.alertmanagers[0].alertRelabelRules = [
      try RelabelRule(targetLabel: "to", replacement: "a")
    ]
    try notifier.apply(config, externalLabels: ["region": "eu", "job": "outside"])
    notifier.update(["config-0": [group("a")]])
    let request = try await running {
      try await notifier.run()
    } _: {
      notifier.send([alert("A", ["job": "inside", "secret": "x"])])
      var requests = managers.requests.makeAsyncIterator()
      return await requests.next()
    }
    #expect(request?.url == "http://a/api/v2/alerts")
    #expect(request?.method == "POST")
    #expect(request?.timeoutMs == 5_000)
    #expect(
      request?.headers.map { "\($0.name): \($0.value)" } == [
        "Content-Type: application/json"
      ])
    #expect(
      text(request).hasSuffix(
        #""labels":{"alertname":"A","job":"inside","region":"eu","to":"a"}}]"#))
  }

  @Test func `an alert that relabelling drops or strips of all labels is not sent`() async throws {
    let managers = FakeAlertmanagers()
    let notifier = notifier(managers)
    var config = alerting()
    config.relabelRules = [
      try RelabelRule(action: .drop, sourceLabels: ["alertname"], regex: "Dropped"),
      try RelabelRule(action: .labeldrop, regex: "bare|.*bare"),
    ]
    try notifier.apply(config, externalLabels: .empty)
    notifier.update(["config-0": [group("a")]])
    let request = try await running {
      try await notifier.run()
    } _: {
      let bare = Alert(
        labels: ["bare": "x"], annotations: .empty, startsAtMs: 0, endsAtMs: 0,
        generatorURL: "")
      notifier.send([alert("Dropped"), bare])
      notifier.send([alert("Kept")])
      var requests = managers.requests.makeAsyncIterator()
      return await requests.next()
    }
    #expect(text(request).contains("Kept"))
    #expect(!text(request).contains("Dropped"))
    #expect(!text(request).contains(#""labels":{}"#))
  }

  @Test func `every Alertmanager gets every alert`() async throws {
    let managers = FakeAlertmanagers()
    let notifier = notifier(managers)
    try notifier.apply(alerting(2), externalLabels: .empty)
    notifier.update(["config-0": [group("a", "b")], "config-1": [group("c")]])
    let urls = try await running {
      try await notifier.run()
    } _: {
      notifier.send([alert("A")])
      var urls: Set<String> = []
      for await request in managers.requests {
        urls.insert(request.url)
        if urls.count == 3 { break }
      }
      return urls.sorted()
    }
    #expect(urls == ["a", "b", "c"].map { "http://\($0)/api/v2/alerts" })
    #expect(notifier.status().active.sorted() == urls)
    #expect(metric("alertmanagers_discovered") == 3)
  }

  @Test func `alerts are sent in batches of at most the batch size`() async throws {
    let managers = FakeAlertmanagers()
    let notifier = notifier(managers) { $0.batchSize = 2 }
    try notifier.apply(alerting(), externalLabels: .empty)
    notifier.update(["config-0": [group("a")]])
    notifier.send((0..<5).map { alert("A\($0)") })
    let counts = try await running {
      try await notifier.run()
    } _: {
      var counts: [Int] = []
      for await request in managers.requests {
        counts.append(
          String(decoding: request.body, as: UTF8.self).split(separator: "alertname").count - 1)
        if counts.count == 3 { break }
      }
      return counts
    }
    #expect(counts == [2, 2, 1])
  }

  @Test func `a slow Alertmanager does not hold up another, and its queue drops the oldest`()
    async throws
  {
    let (gate, open) = AsyncStream<Void>.makeStream()
    let managers = FakeAlertmanagers(gate: gate)
    let notifier = notifier(managers) { $0.queueCapacity = 3 }
    try notifier.apply(alerting(), externalLabels: .empty)
    notifier.update(["config-0": [group("a")]])
    let second = try await running {
      try await notifier.run()
    } _: {
      var requests = managers.requests.makeAsyncIterator()
      notifier.send([alert("first")])
      _ = await requests.next()
      // The first request hangs; what comes now waits in the queue.
      for i in 0..<5 { notifier.send([alert("A\(i)")]) }
      open.yield()
      return await requests.next()
    }
    open.finish()
    #expect(!text(second).contains("A1"))
    for name in ["A2", "A3", "A4"] { #expect(text(second).contains(name)) }
    #expect(metric("dropped_total") == 2)
    #expect(metric("queue_capacity") == 3)
  }

  @Test func `a batch that is refused is counted and not sent again`() async throws {
    let managers = FakeAlertmanagers(status: 500)
    let notifier = notifier(managers)
    try notifier.apply(alerting(), externalLabels: .empty)
    notifier.update(["config-0": [group("a")]])
    let request = try await running {
      try await notifier.run()
    } _: { [self] in
      var requests = managers.requests.makeAsyncIterator()
      notifier.send([alert("lost"), alert("too")])
      _ = await requests.next()
      while metric("errors_total") != 2 { await Task.yield() }
      managers.answer(status: 204)
      notifier.send([alert("next")])
      let next = await requests.next()
      while metric("sent_total") != 3 { await Task.yield() }
      return next
    }
    #expect(!text(request).contains("lost"))
    #expect(metric("errors_total") == 2)
    #expect(metric("dropped_total") == 2)
  }

  @Test func `what waits at the end is sent before the run ends`() async throws {
    let managers = FakeAlertmanagers()
    let notifier = notifier(managers) { $0.batchSize = 1 }
    try notifier.apply(alerting(), externalLabels: .empty)
    notifier.update(["config-0": [group("a")]])
    notifier.send((0..<10).map { alert("A\($0)") })
    let run = Task { try await notifier.run() }
    var requests = managers.requests.makeAsyncIterator()
    _ = await requests.next()
    run.cancel()
    _ = await run.result
    #expect(metric("sent_total") == 10)
    #expect(metric("dropped_total") == 0)
  }

  @Test func `a batch that fails while draining does not keep the next from being sent`()
    async throws
  {
    let (gate, open) = AsyncStream<Void>.makeStream()
    let managers = FakeAlertmanagers(status: 500, gate: gate)
    let notifier = notifier(managers) { $0.batchSize = 1 }
    try notifier.apply(alerting(), externalLabels: .empty)
    notifier.update(["config-0": [group("a")]])
    notifier.send((0..<3).map { alert("A\($0)") })
    let run = Task { try await notifier.run() }
    var requests = managers.requests.makeAsyncIterator()
    _ = await requests.next()
    run.cancel()
    for _ in 0..<2 {
      open.yield()
      _ = await requests.next()
    }
    open.finish()
    _ = await run.result
    #expect(metric("errors_total") == 3)
    #expect(metric("queue_length") == nil || metric("queue_length") == 0)
  }

  @Test func `draining can be turned off, and what is lost is counted`() async throws {
    let (gate, open) = AsyncStream<Void>.makeStream()
    let managers = FakeAlertmanagers(gate: gate)
    let notifier = notifier(managers) {
      $0.batchSize = 1
      $0.drainsOnShutdown = false
    }
    try notifier.apply(alerting(), externalLabels: .empty)
    notifier.update(["config-0": [group("a")]])
    notifier.send((0..<10).map { alert("A\($0)") })
    let run = Task { try await notifier.run() }
    var requests = managers.requests.makeAsyncIterator()
    _ = await requests.next()
    run.cancel()
    open.finish()
    _ = await run.result
    #expect(metric("sent_total") == 1)
    #expect(metric("dropped_total") == 9)
  }

  @Test func `an entry that stays the same keeps its queue over a reload`() async throws {
    let managers = FakeAlertmanagers()
    let notifier = notifier(managers)
    try notifier.apply(alerting(2), externalLabels: .empty)
    notifier.update(["config-0": [group("a")], "config-1": [group("b")]])
    notifier.send([alert("before")])
    var config = alerting(2)
    config.alertmanagers.removeFirst()
    try notifier.apply(config, externalLabels: .empty)
    #expect(notifier.status().active == ["http://b/api/v2/alerts"])
    notifier.update(["config-0": [group("b")]])
    let request = try await running {
      try await notifier.run()
    } _: { () -> FetchRequest in
      var requests = managers.requests.makeAsyncIterator()
      while let request = await requests.next() {
        if request.url == "http://b/api/v2/alerts" { return request }
      }
      throw CancellationError()
    }
    #expect(text(request).contains("before"))
  }

  @Test func `an Alertmanager that discovery loses is not sent to any more`() async throws {
    let managers = FakeAlertmanagers()
    let notifier = notifier(managers)
    try notifier.apply(alerting(), externalLabels: .empty)
    notifier.update(["config-0": [group("a", "b")]])
    notifier.update(["config-0": [group("b")]])
    #expect(notifier.status().active == ["http://b/api/v2/alerts"])
    notifier.update(["config-0": []])
    notifier.send([alert("nobody")])
    #expect(notifier.status().active.isEmpty)
    #expect(metric("alertmanagers_discovered") == 0)
  }

  @Test func `an entry that cannot work is told, and the others are in use`() throws {
    let notifier = notifier(FakeAlertmanagers(refusesTLS: true))
    var config = alerting(2)
    config.alertmanagers[0].client.tls.caFile = "none.pem"
    #expect(throws: NotifyApplyError.self) {
      try notifier.apply(config, externalLabels: .empty)
    }
    notifier.update(["config-0": [group("a")], "config-1": [group("b")]])
    #expect(notifier.status().active == ["http://b/api/v2/alerts"])
  }

  @Test func `discovery is asked under the names that updates come by`() {
    var config = alerting(2)
    config.alertmanagers[1].discovery.staticGroups = [group("x")]
    let wanted = Notifier.discovery(config)
    #expect(wanted.keys.sorted() == ["config-0", "config-1"])
    #expect(wanted["config-1"]?.staticGroups == [group("x")])
  }
}
