import ApusConfig
import ApusHTTP
import ApusModel
import ApusScrape
import ApusStorage
import ApusTelemetry
import ApusTesting
import Testing

@Suite struct SampleRulesTests {
  @Test func `conflicting labels are renamed until they are free`() async throws {
    let h = ScrapeHarness()
    try await h.run {
      let body = "a{job=\"x\",exported_job=\"y\",instance=\"z\"} 1\n"
      _ = await h.scrape(body)
      #expect(
        h.appender.samples[0].labels == [
          "__name__": "a", "exported_exported_job": "x", "exported_instance": "z",
          "exported_job": "y", "instance": "a:1", "job": "j",
        ])
    }
  }

  @Test func `honor_labels keeps the exposed ones`() async throws {
    let h = ScrapeHarness()
    var config = ScrapeHarness.config()
    config.honorsLabels = true
    try await h.run(config) {
      _ = await h.scrape("a{job=\"x\"} 1\n")
      #expect(
        h.appender.samples[0].labels == ["__name__": "a", "instance": "a:1", "job": "x"])
    }
  }

  /// As a Pushgateway does, so that what it was pushed is not said to be its own.
  @Test func `with honor_labels an empty label keeps that of the target away`() async throws {
    let h = ScrapeHarness()
    var config = ScrapeHarness.config()
    config.honorsLabels = true
    try await h.run(config) {
      _ = await h.scrape("a{instance=\"\",job=\"x\"} 1\nb 2\n")
      #expect(
        h.appender.samples.prefix(2).map(\.labels) == [
          ["__name__": "a", "job": "x"], ["__name__": "b", "instance": "a:1", "job": "j"],
        ])
    }
  }

  @Test func `without honor_labels an empty label says nothing`() async throws {
    let h = ScrapeHarness()
    try await h.run {
      _ = await h.scrape("a{instance=\"\",job=\"x\"} 1\n")
      #expect(
        h.appender.samples[0].labels == [
          "__name__": "a", "exported_job": "x", "instance": "a:1", "job": "j",
        ])
    }
  }

  @Test func `metric relabelling drops and changes series`() async throws {
    let h = ScrapeHarness()
    var config = ScrapeHarness.config()
    config.metricRelabelRules = [
      try RelabelRule(action: .drop, sourceLabels: ["__name__"], regex: "go_.*"),
      try RelabelRule(
        sourceLabels: ["__name__"], regex: "old_(.*)", targetLabel: "__name__",
        replacement: "new_$1"),
    ]
    try await h.run(config) {
      for value in 1...2 {
        #expect(await h.scrape("go_x \(value)\nold_y \(value)\n") == ["new_y \(value)"])
        #expect(h.report("scrape_samples_scraped") == 2)
        #expect(h.report("scrape_samples_post_metric_relabeling") == 1)
      }
      #expect(await h.scrape("old_y 3\n") == ["new_y 3"])
    }
  }

  @Test func `a series without a name fails the scrape`() async throws {
    let h = ScrapeHarness()
    var config = ScrapeHarness.config()
    config.metricRelabelRules = [
      try RelabelRule(action: .labeldrop, regex: "__name__")
    ]
    try await h.run(config) {
      #expect(await h.scrape("a 1\n") == [])
      #expect(await h.status()?.lastError == "missing metric name (__name__ label)")
    }
  }

  @Test func `legacy validation refuses UTF-8 names`() async throws {
    let h = ScrapeHarness()
    var config = ScrapeHarness.config()
    config.nameValidation = .legacy
    try await h.run(config) {
      _ = await h.scrape("{\"my.metric\"} 1\n")
      #expect(
        await h.status()?.lastError
          == #"invalid metric name or label names: {__name__="my.metric", instance="a:1", job="j"}"#
      )
    }
  }

  @Test func `the sample limit refuses all of the scrape but counts it`() async throws {
    let h = ScrapeHarness()
    var config = ScrapeHarness.config()
    config.limits.samples = 2
    try await h.run(config) {
      #expect(await h.scrape("a 1\nb 1\n") == ["a 1", "b 1"])
      let stored = await h.scrape("a 1\nb 1\nc 1\nd 1\n")
      #expect(stored == ["a stale", "b stale"])
      #expect(await h.status()?.lastError == "sample limit exceeded")
      #expect(h.report("up") == 0)
      #expect(h.report("scrape_samples_scraped") == 4)
      #expect(h.report("scrape_samples_post_metric_relabeling") == 4)
      #expect(h.counter("prometheus_target_scrapes_exceeded_sample_limit_total") == 1)
      #expect(await h.scrape("a 1\nb 1\n") == ["a 1", "b 1"])
      #expect(h.appender.resolveCalls == 0)
    }
  }

  @Test(arguments: [
    (2, 0, 0, "label_limit exceeded (metric: a, number of labels: 5, limit: 2)"),
    (
      0, 8, 0,
      "label_name_length_limit exceeded (metric: a, label name: long_label, length: 10, limit: 8)"
    ),
    (
      0, 0, 4,
      #"label_value_length_limit exceeded (metric: a, label name: x, value:"#
        + #" "12345", length: 5, limit: 4)"#
    ),
  ])
  func `label limits fail the scrape`(
    labels: Int, name: Int, value: Int, error: String
  ) async throws {
    let h = ScrapeHarness()
    var config = ScrapeHarness.config()
    config.limits.labels = labels
    config.limits.labelNameBytes = name
    config.limits.labelValueBytes = value
    try await h.run(config) {
      let body = name > 0 ? "a{long_label=\"1\"} 1\n" : "a{x=\"12345\",y=\"1\"} 1\n"
      _ = await h.scrape(body)
      #expect(await h.status()?.lastError == error)
      #expect(h.report("scrape_samples_scraped") == 1)
      #expect(h.counter("prometheus_target_scrape_pool_exceeded_label_limits_total") == 1)
    }
  }

  @Test func `a body over its limit reports minus one byte`() async throws {
    let h = ScrapeHarness()
    var config = ScrapeHarness.config()
    config.limits.bodyBytes = 100
    config.hasExtraScrapeMetrics = true
    try await h.run(config) {
      _ = await h.scrape("a 1\n")
      #expect(h.report("scrape_body_size_bytes") == 4)
      #expect(h.report("scrape_timeout_seconds") == 5)
      #expect(h.report("scrape_sample_limit") == 0)
      _ = await h.scrape(.error(.bodyTooLarge, "body size limit exceeded"))
      #expect(h.report("scrape_body_size_bytes") == -1)
      #expect(await h.status()?.lastError == "body size limit exceeded")
      #expect(h.counter("prometheus_target_scrapes_exceeded_body_size_limit_total") == 1)
      #expect(h.fetcher.requests[0].bodyBytesMax == 99)
    }
  }
}
