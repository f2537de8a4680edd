import ApusModel
import ApusNotify
import ApusRules
import ApusScrape
import ApusStorage
import ApusWeb
import Testing

struct StatusHandlersTests {
  private func answer(_ status: StatusBackend, _ path: String) async throws -> String {
    try await Fixture.handlers(Fixture.backends(status: status)).get("/api/v1/" + path).bodyText
  }

  private func data(_ text: String) -> String { #"{"status":"success","data":\#(text)}"# }

  private var scraped: StatusBackend {
    var up = TargetStatus(
      labels: ["instance": "h:1", "job": "j"], discoveredLabels: ["__address__": "h:1"],
      scrapePool: "j", scrapeURL: "http://h:1/metrics?a=b&c=d", globalURL: "http://g:1/metrics",
      intervalMs: 15_000, timeoutMs: 10_000)
    up.health = .up
    up.lastScrapeMs = Fixture.nowMs
    up.lastScrapeSeconds = 0.25
    up.metadata = [
      "up": MetricMetadata(kind: .gauge, unit: "", help: "<up>"),
      "c_total": MetricMetadata(kind: .counter, unit: "s", help: "c"),
    ]
    var status = ScrapeStatus()
    status.activeTargets = [up]
    status.droppedTargets = [
      DroppedTarget(discoveredLabels: ["__address__": "d"], scrapePool: "k")
    ]
    status.pools = ["j", "k"]
    status.droppedCounts = ["k": 1, "j": 0]
    var backend = StatusBackend()
    backend.scrape = { [status] in status }
    return backend
  }

  private let active =
    #"{"discoveredLabels":{"__address__":"h:1"},"labels":{"instance":"h:1","job":"j"},"#
    + #""scrapePool":"j","scrapeUrl":"http://h:1/metrics?a=b\u0026c=d","#
    + #""globalUrl":"http://g:1/metrics","lastError":"","lastScrape":"2026-01-01T00:00:00Z","#
    + #""lastScrapeDuration":0.25,"health":"up","scrapeInterval":"15s","scrapeTimeout":"10s"}"#
  private let dropped = #"{"discoveredLabels":{"__address__":"d"},"scrapePool":"k"}"#

  @Test func `targets, active and dropped`() async throws {
    #expect(
      try await answer(scraped, "targets")
        == data(
          #"{"activeTargets":[\#(active)],"droppedTargets":[\#(dropped)],"#
            + #""droppedTargetCounts":{"j":0,"k":1}}"#))
    #expect(
      try await answer(scraped, "targets?state=active")
        == data(
          #"{"activeTargets":[\#(active)],"droppedTargets":[],"droppedTargetCounts":null}"#))
    #expect(
      try await answer(scraped, "targets?scrapePool=k&state=DROPPED")
        == data(
          #"{"activeTargets":[],"droppedTargets":[\#(dropped)],"droppedTargetCounts":{"k":1}}"#))
    #expect(
      try await answer(scraped, "targets?state=other")
        == data(#"{"activeTargets":[],"droppedTargets":[],"droppedTargetCounts":null}"#))
    #expect(
      try await answer(scraped, "scrape_pools") == data(#"{"scrapePools":["j","k"]}"#))
  }

  @Test func `what targets say about their metrics`() async throws {
    let up = #"{"type":"gauge","help":"\u003cup\u003e","unit":""}"#
    let counter = #"{"type":"counter","help":"c","unit":"s"}"#
    #expect(
      try await answer(scraped, "metadata") == data(#"{"c_total":[\#(counter)],"up":[\#(up)]}"#))
    #expect(try await answer(scraped, "metadata?metric=up") == data(#"{"up":[\#(up)]}"#))
    #expect(
      try await answer(scraped, "metadata?limit=1") == data(#"{"c_total":[\#(counter)]}"#))
    #expect(try await answer(scraped, "metadata?limit=x").contains("limit must be a number"))
    #expect(
      try await answer(scraped, "targets/metadata?metric=up&match_target={job=%22j%22}")
        == data(#"[{"target":{"instance":"h:1","job":"j"},\#(up.dropFirst())]"#))
    #expect(
      try await answer(scraped, "targets/metadata?match_target={job=%22k%22}") == data("[]"))
    #expect(
      try await answer(scraped, "targets/metadata").contains(
        #""metric":"c_total","type":"counter""#))
  }

  @Test func `Alertmanagers`() async throws {
    var status = StatusBackend()
    status.notify = { NotifyStatus(active: ["http://a/api/v2/alerts"], dropped: []) }
    #expect(
      try await answer(status, "alertmanagers")
        == data(
          #"{"activeAlertmanagers":[{"url":"http://a/api/v2/alerts"}],"droppedAlertmanagers":[]}"#
        ))
  }

  @Test func `configuration, flags, build, runtime, replay and features`() async throws {
    var status = StatusBackend()
    status.configText = { "global:\n  a: <secret>\n" }
    status.flags = [("web.listen-address", "0.0.0.0:9090")]
    status.build.version = "3.12.0"
    status.features = [FeatureCategory(name: "api", features: [("admin", true), ("x", false)])]
    status.notifications = { [Notification(text: "t", dateMs: Fixture.nowMs, isActive: true)] }
    #expect(
      try await answer(status, "status/config")
        == data(#"{"yaml":"global:\n  a: \u003csecret\u003e\n"}"#))
    #expect(
      try await answer(status, "status/flags") == data(#"{"web.listen-address":"0.0.0.0:9090"}"#))
    #expect(
      try await answer(status, "status/buildinfo").hasPrefix(
        #"{"status":"success","data":{"version":"3.12.0","revision":"","branch":"","#))
    #expect(
      try await answer(status, "status/runtimeinfo").contains(
        #""serverTime":"2026-01-01T00:00:00Z","reloadConfigSuccess":true"#))
    #expect(
      try await answer(status, "status/walreplay")
        == data(#"{"min":0,"max":0,"current":0,"state":"done"}"#))
    #expect(
      try await answer(status, "features") == data(#"{"api":{"admin":true,"x":false}}"#))
    #expect(
      try await answer(status, "notifications")
        == data(#"[{"text":"t","date":"2026-01-01T00:00:00Z","active":true}]"#))
  }

  @Test func `counts of the store`() async throws {
    let handlers = try Fixture.handlers(Fixture.backends())
    let text = await handlers.get("/api/v1/status/tsdb?limit=7").bodyText
    #expect(text.contains(#""headStats":{"numSeries":0,"numLabelPairs":7,"chunkCount":0,"#))
    #expect(text.contains(#""seriesCountByMetricName":[{"name":"up","value":2}]"#))
    for (limit, why) in [
      ("0", "limit must be a positive number"), ("x", "limit must be a positive number"),
      ("10001", "limit must not exceed 10000"),
    ] {
      let response = await handlers.get("/api/v1/status/tsdb?limit=\(limit)")
      #expect(response.status == 400)
      #expect(response.bodyText.contains(why))
    }
    #expect(await handlers.get("/api/v1/status/tsdb/blocks").bodyText == data(#"{"blocks":[]}"#))
  }
}
