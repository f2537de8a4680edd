import ApusConfig
import ApusHTTP
import ApusModel
import ApusScrape
import ApusStorage
import ApusTelemetry
import ApusTesting
import Testing

@Suite struct ScrapeManagerTests {
  @Test func `scrapes come at the interval with regular timestamps`() async throws {
    let h = ScrapeHarness()
    try await h.run {
      _ = await h.scrape("a 1\n")
      let first = h.appender.samples[0].timeMs
      #expect(first % 10_000 >= 0)
      for i in 1...5 {
        _ = await h.scrape("a 1\n")
        #expect(h.appender.samples[0].timeMs == first + Int64(i) * 10_000)
      }
    }
  }

  @Test func `the request is Prometheus's`() async throws {
    let h = ScrapeHarness()
    var config = ScrapeHarness.config()
    config.parameters = [QueryParameter(name: "match[]", values: ["a b", "c"])]
    try await h.run(config) {
      await h.advance(byMs: 10_000)
      let request = try #require(h.fetcher.requests.first)
      #expect(request.url == "http://a:1/metrics?match%5B%5D=a+b&match%5B%5D=c")
      #expect(request.timeoutMs == 5_000)
      #expect(
        request.headers.map { "\($0.name): \($0.value)" } == [
          "Accept: application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
            + "application/openmetrics-text;version=0.0.1;q=0.5,"
            + "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,"
            + "text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
          "Accept-Encoding: gzip", "User-Agent: Prometheus/3.0",
          "X-Prometheus-Scrape-Timeout-Seconds: 5",
        ])
    }
  }

  @Test func `a target that went away ends two intervals later`() async throws {
    let h = ScrapeHarness()
    try await h.run {
      _ = await h.scrape("a 1\n")
      let last = h.appender.samples[0].timeMs
      h.appender.clear()
      await h.manager.update(["j": []])
      await h.advance(byMs: 19_000)
      #expect(h.appender.batches.isEmpty)
      await h.advance(byMs: 4_000)
      #expect(h.stored == ["a stale"])
      #expect(h.appender.samples.count == 6)
      #expect(h.appender.samples.allSatisfy { StaleMarker.isStale($0.value) })
      #expect(h.appender.samples.allSatisfy { $0.timeMs == last + 10_000 })
      h.appender.clear()
      await h.advance(byMs: 60_000)
      #expect(h.appender.batches.isEmpty)
    }
  }

  @Test func `a target that came back keeps its series`() async throws {
    let h = ScrapeHarness()
    try await h.run {
      _ = await h.scrape("a 1\nb 1\n")
      await h.manager.update(["j": []])
      await h.manager.update(["j": [ScrapeHarness.group("a:1")]])
      h.fetcher.answer(ScrapeHarness.url, .body("a 2\n"))
      h.appender.clear()
      await h.advance(byMs: 40_000)
      #expect(h.stored.contains("a 2"))
      #expect(!h.stored.contains("a stale"))
      #expect(h.stored.filter { $0 == "b stale" }.count == 1)
      #expect(
        h.appender.samples.filter { $0.labels.metricName == "up" }
          .allSatisfy { $0.value == 1 })
    }
  }

  @Test func `equal targets are scraped once`() async throws {
    let h = ScrapeHarness()
    try await h.run(targets: ScrapeHarness.group("a:1", "a:1", "b:1")) {
      await h.advance(byMs: 10_000)
      #expect(
        h.fetcher.requests.map(\.url).sorted() == [
          "http://a:1/metrics", "http://b:1/metrics",
        ])
      #expect(await h.manager.status().activeTargets.count == 2)
    }
  }

  @Test func `the target limit stops all targets of the job`() async throws {
    let h = ScrapeHarness()
    var config = ScrapeHarness.config()
    config.limits.targets = 1
    try await h.run(config, targets: ScrapeHarness.group("a:1", "b:1")) {
      await h.advance(byMs: 10_000)
      #expect(h.fetcher.requests.isEmpty)
      let targets = await h.manager.status().activeTargets
      #expect(
        targets.map(\.lastError) == [
          "target_limit exceeded (number of targets: 2, limit: 1)",
          "target_limit exceeded (number of targets: 2, limit: 1)",
        ])
      #expect(h.report("up") == 0)
      await h.manager.update(["j": [ScrapeHarness.group("a:1")]])
      #expect(await h.scrape("a 1\n") == ["a 1"])
    }
  }

  @Test func `dropped targets are kept up to their limit and counted`() async throws {
    let h = ScrapeHarness()
    var config = ScrapeHarness.config()
    config.limits.keptDroppedTargets = 2
    config.relabelRules = [
      try RelabelRule(action: .drop, sourceLabels: ["__address__"], regex: "b.*")
    ]
    try await h.run(config, targets: ScrapeHarness.group("a:1", "b:1", "b:2", "b:3")) {
      let status = await h.manager.status()
      #expect(status.pools == ["j"])
      #expect(status.activeTargets.map(\.scrapeURL) == ["http://a:1/metrics"])
      #expect(status.droppedCounts == ["j": 3])
      #expect(status.droppedTargets.count == 2)
      #expect(status.droppedTargets[0].discoveredLabels.value(of: "__address__") == "b:1")
      #expect(status.droppedTargets[0].discoveredLabels.value(of: "job") == "j")
    }
  }

  @Test func `an unchanged job goes on, a changed one starts over`() async throws {
    let h = ScrapeHarness()
    try await h.run {
      _ = await h.scrape("a 1\n")
      try await h.manager.apply([ScrapeHarness.config()], externalLabels: .empty)
      #expect(h.fetcher.configs.count == 1)
      #expect(await h.scrape("a 2\n") == ["a 2"])
      #expect(h.appender.resolveCalls == 0)

      var limited = ScrapeHarness.config()
      limited.limits.samples = 10
      try await h.manager.apply([limited], externalLabels: .empty)
      #expect(h.fetcher.configs.count == 2)
      #expect(await h.status()?.health == .up)
      #expect(await h.scrape("a 3\n") == ["a 3"])
      #expect(h.appender.resolveCalls == 0)

      var renamed = limited
      renamed.metricRelabelRules = [
        try RelabelRule(targetLabel: "extra", replacement: "1")
      ]
      try await h.manager.apply([renamed], externalLabels: .empty)
      #expect(await h.scrape("a 4\n") == [#"a{extra="1"} 4"#])
      h.appender.clear()
      await h.advance(byMs: 30_000)
      #expect(h.stored.filter { $0 == "a stale" }.count == 1)
      #expect(h.counter("prometheus_target_scrape_pool_reloads_total") == 2)
    }
  }

  @Test func `a job that cannot work is said, and the others run`() async throws {
    let h = ScrapeHarness()
    h.fetcher.refuse("unable to load specified CA cert /x")
    let error = await #expect(throws: ScrapeApplyError.self) {
      try await h.manager.apply([ScrapeHarness.config()], externalLabels: .empty)
    }
    #expect(error?.description.contains("unable to load specified CA cert /x") == true)
    #expect(h.counter("prometheus_target_scrape_pools_failed_total") == 1)
    h.fetcher.refuse(nil)
    try await h.run {
      #expect(await h.scrape("a 1\n") == ["a 1"])
    }
  }

  @Test func `a slow scrape delays the next one and skips those it missed`() async throws {
    let h = ScrapeHarness()
    try await h.run {
      _ = await h.scrape("a 1\n")
      let first = h.appender.samples[0].timeMs
      h.fetcher.delay(byMs: 25_000)
      _ = await h.scrape("a 2\n")
      #expect(h.appender.samples[0].timeMs == first + 10_000)
      #expect(
        h.appender.samples.contains {
          $0.labels.metricName == "scrape_duration_seconds" && $0.value == 25
        })
      await h.advance(byMs: 100)
      #expect(h.appender.samples.contains { $0.timeMs == first + 35_000 })
      _ = await h.scrape("a 3\n")
      #expect(h.appender.samples[0].timeMs == first + 40_000)
    }
  }

  @Test func `cancellation ends the run and stores nothing more`() async throws {
    let h = ScrapeHarness()
    try await h.run { _ = await h.scrape("a 1\n") }
    h.appender.clear()
    await h.clock.advance(byMs: 60_000)
    #expect(h.appender.batches.isEmpty)
  }

  @Test func `interval and sync metrics are kept`() async throws {
    let h = ScrapeHarness()
    try await h.run {
      for _ in 0..<3 { _ = await h.scrape("a 1\n") }
      let points =
        h.registry.snapshot()
        .first { $0.name == "prometheus_target_interval_length_seconds" }?.points ?? []
      #expect(points.first { $0.suffix == "_count" }?.value == 2)
      #expect(points.first { $0.suffix == "" }?.value == 10)
      #expect(points.first?.labels.first?.value == "10s")
      #expect(h.counter("prometheus_target_scrape_pool_targets") == 1)
      #expect(h.counter("prometheus_target_scrape_pool_sync_total") == 1)
    }
  }
}
