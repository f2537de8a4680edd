import ApusConfig
import ApusHTTP
import ApusModel
import ApusScrape
import ApusStorage
import ApusSystem
import ApusTelemetry
import ApusTesting
import Testing

@Suite struct ScrapeLoopTests {
  @Test func `a scrape stores samples, then its report, at one time`() async throws {
    let h = ScrapeHarness()
    try await h.run {
      let stored = await h.scrape("# TYPE a counter\na{x=\"1\"} 5\nb 2.5\n")
      #expect(stored == [#"a{x="1"} 5"#, "b 2.5"])
      #expect(h.appender.batches.count == 1)
      #expect(Set(h.appender.samples.map(\.timeMs)).count == 1)
      #expect(h.appender.samples[0].labels.value(of: "instance") == "a:1")
      #expect(h.appender.samples[0].labels.value(of: "job") == "j")
      #expect(h.report("up") == 1)
      #expect(h.report("scrape_samples_scraped") == 2)
      #expect(h.report("scrape_samples_post_metric_relabeling") == 2)
      #expect(h.report("scrape_series_added") == 2)
      #expect(h.report("scrape_duration_seconds") == 0)
      #expect(h.appender.samples.count == 7)
    }
  }

  @Test func `known series are not resolved again`() async throws {
    let h = ScrapeHarness()
    try await h.run {
      _ = await h.scrape("a 1\nb 2\n")
      #expect(h.appender.resolvedCount == 7)
      #expect(await h.scrape("a 3\nb 4\n") == ["a 3", "b 4"])
      #expect(h.appender.resolveCalls == 0)
      #expect(h.report("scrape_series_added") == 0)
    }
  }

  @Test func `lines may come, go and move`() async throws {
    let h = ScrapeHarness()
    try await h.run {
      _ = await h.scrape("# HELP a x\na 1\nb{l=\"1\"} 2\nc 3\nd 4\n")
      let moved = await h.scrape("d 14\n# HELP a y\na 11\nnew 15\nc 13\n\nb{l=\"1\"} 12\n")
      #expect(moved == ["d 14", "a 11", "new 15", "c 13", #"b{l="1"} 12"#])
      #expect(h.appender.resolvedCount == 1)
      #expect(h.report("scrape_series_added") == 1)
      let fewer = await h.scrape("# HELP a y\na 21\nb{l=\"1\"} 22\n")
      #expect(fewer.prefix(2) == ["a 21", #"b{l="1"} 22"#])
      #expect(Set(fewer.dropFirst(2)) == ["c stale", "d stale", "new stale"])
      #expect(h.appender.resolvedCount == 0)
      #expect(await h.scrape("aa 1\na 2\nab 3\n").prefix(3) == ["aa 1", "a 2", "ab 3"])
    }
  }

  @Test func `a name that gets labels is another series`() async throws {
    let h = ScrapeHarness()
    try await h.run {
      _ = await h.scrape("a 1\n")
      #expect(await h.scrape("a {x=\"1\"} 1\n") == [#"a{x="1"} 1"#, "a stale"])
      #expect(await h.scrape("a{x=\"1\"} 2\n").first == #"a{x="1"} 2"#)
    }
  }

  @Test func `a series that comes back is known no more, and new again`() async throws {
    let h = ScrapeHarness()
    try await h.run {
      _ = await h.scrape("a 1\nb 1\n")
      _ = await h.scrape("a 1\n")
      #expect(await h.scrape("a 1\n") == ["a 1"])
      #expect(await h.scrape("a 1\nb 2\n") == ["a 1", "b 2"])
      #expect(h.report("scrape_series_added") == 1)
    }
  }

  @Test func `a failed scrape ends all series and says why`() async throws {
    let h = ScrapeHarness()
    try await h.run {
      _ = await h.scrape("a 1\nb 2\n")
      let error = "Get \"http://a:1/metrics\": context deadline exceeded"
      #expect(await h.scrape(.error(.timedOut, error)) == ["a stale", "b stale"])
      #expect(h.report("up") == 0)
      #expect(h.report("scrape_samples_scraped") == 0)
      let status = await h.status()
      #expect(status?.lastError == error)
      #expect(status?.health == .down)
      #expect(await h.scrape(.error(.timedOut, error)) == [])
      #expect(h.report("up") == 0)
      #expect(await h.scrape("a 3\nb 4\n") == ["a 3", "b 4"])
      #expect(h.appender.resolveCalls == 0)
      #expect(h.report("scrape_series_added") == 0)
      #expect(await h.status()?.lastError == "")
      #expect(await h.status()?.health == .up)
    }
  }

  @Test(arguments: [
    (
      "a 1\nb x\n", "text/plain",
      "strconv.ParseFloat: parsing \"x\": invalid syntax while parsing: \"b x\""
    ),
    ("a 1\n", "application/openmetrics-text", "data does not end with # EOF"),
    (
      "a 1\n", "",
      "non-compliant scrape target sending blank Content-Type"
        + " and no fallback_scrape_protocol specified for target"
    ),
  ])
  func `a broken body stores nothing but the report`(
    body: String, contentType: String, error: String
  ) async throws {
    let h = ScrapeHarness()
    try await h.run {
      _ = await h.scrape("a 1\n")
      #expect(await h.scrape(body, contentType: contentType) == ["a stale"])
      #expect(h.report("up") == 0)
      #expect(await h.status()?.lastError == error)
      #expect(h.appender.resolveCalls == 0)
    }
  }

  @Test func `a status other than 200 is a failure`() async throws {
    let h = ScrapeHarness()
    try await h.run {
      _ = await h.scrape(.status(404))
      #expect(await h.status()?.lastError == "server returned HTTP status 404 Not Found")
      _ = await h.scrape(.status(599))
      #expect(await h.status()?.lastError == "server returned HTTP status 599")
    }
  }

  @Test func `an empty body is a good scrape without samples`() async throws {
    let h = ScrapeHarness()
    try await h.run {
      _ = await h.scrape("a 1\n")
      #expect(await h.scrape("", contentType: "") == ["a stale"])
      #expect(h.report("up") == 1)
    }
  }

  @Test func `the second of two equal series is a duplicate`() async throws {
    let h = ScrapeHarness()
    try await h.run {
      for value in 1...2 {
        #expect(await h.scrape("a \(value)\nb 1\na 7\n") == ["a \(value)", "b 1"])
        #expect(h.report("scrape_samples_post_metric_relabeling") == 3)
        #expect(
          h.counter("prometheus_target_scrapes_sample_duplicate_timestamp_total")
            == Double(value))
      }
      #expect(await h.scrape("a 1 1000\na 2 2000\n").prefix(2) == ["a 1", "a 2"])
      #expect(h.report("up") == 1)
    }
  }

  @Test func `explicit timestamps are kept and are not marked stale`() async throws {
    let h = ScrapeHarness()
    try await h.run {
      _ = await h.scrape("a 1 5000\nb 1\n")
      #expect(h.appender.samples[0].timeMs == 5000)
      #expect(await h.scrape("c 1\n") == ["c 1", "b stale"])
    }
  }

  @Test func `track_timestamps_staleness marks them stale`() async throws {
    let h = ScrapeHarness()
    var config = ScrapeHarness.config()
    config.tracksTimestampsStaleness = true
    try await h.run(config) {
      _ = await h.scrape("a 1 5000\n")
      #expect(await h.scrape("c 1\n") == ["c 1", "a stale"])
    }
  }

  @Test func `honor_timestamps false ignores them`() async throws {
    let h = ScrapeHarness()
    var config = ScrapeHarness.config()
    config.honorsTimestamps = false
    try await h.run(config) {
      _ = await h.scrape("a 1 5000\n")
      #expect(h.appender.samples[0].timeMs > 1_700_000_000_000)
      #expect(await h.scrape("c 1\n") == ["c 1", "a stale"])
    }
  }

  @Test func `samples far in the future are out of bounds`() async throws {
    let h = ScrapeHarness()
    try await h.run {
      let later = h.clock.nowMs + 3_600_000
      #expect(await h.scrape("a 1 \(later)\nb 1\n") == ["b 1"])
      #expect(h.report("up") == 1)
      #expect(h.counter("prometheus_target_scrapes_sample_out_of_bounds_total") == 1)
    }
  }

  @Test func `what the store refuses is counted and the scrape goes on`() async throws {
    let h = ScrapeHarness()
    try await h.run {
      _ = await h.scrape("a 1\nb 1\n")
      let a: Labels = ["__name__": "a", "instance": "a:1", "job": "j"]
      h.appender.reject(a, with: .outOfOrder)
      #expect(await h.scrape("a 2\nb 2\n") == ["b 2"])
      #expect(h.report("up") == 1)
      #expect(h.counter("prometheus_target_scrapes_sample_out_of_order_total") == 1)
    }
  }

  @Test func `series that the store forgot are made again`() async throws {
    let h = ScrapeHarness()
    try await h.run {
      _ = await h.scrape("# TYPE h histogram\nh_bucket{le=\"1\"} 1\nb 1\n")
      h.appender.forgetSeries()
      let stored = await h.scrape("# TYPE h histogram\nh_bucket{le=\"1\"} 2\nb 2\n")
      #expect(Set(stored) == [#"h_bucket{le="1.0"} 2"#, "b 2"])
      #expect(h.report("up") == 1)
      #expect(h.appender.resolvedCount == 7)
      _ = await h.scrape("# TYPE h histogram\nh_bucket{le=\"1\"} 3\nb 3\n")
      #expect(h.appender.resolveCalls == 0)
    }
  }

  @Test func `a store that fails is said on the target, and the next scrape works`() async throws {
    let h = ScrapeHarness()
    try await h.run {
      _ = await h.scrape("a 1\n")
      h.appender.fail(with: StorageError(.system, "disk full"))
      h.fetcher.answer(ScrapeHarness.url, .body("a 2\nb 2\n"))
      await h.advance(byMs: 10_000)
      #expect(await h.status()?.lastError == "disk full")
      h.appender.fail(with: nil)
      #expect(await h.scrape("a 3\nb 3\n") == ["a 3", "b 3"])
      #expect(h.report("up") == 1)
    }
  }

  @Test func `exemplars ride along`() async throws {
    let h = ScrapeHarness()
    try await h.run {
      for value in 1...2 {
        _ = await h.scrape(
          "a_total \(value) # {trace_id=\"x\"} 0.5 1.5\n# EOF\n",
          contentType: "application/openmetrics-text; version=1.0.0")
        let exemplars = h.appender.exemplars
        #expect(exemplars.count == 1)
        #expect(exemplars[0].labels.metricName == "a_total")
        #expect(exemplars[0].exemplar.timeMs == 1500)
        #expect(exemplars[0].exemplar.labels.value(of: "trace_id") == "x")
      }
      let long = String(repeating: "x", count: 200)
      _ = await h.scrape(
        "a_total 3 # {trace_id=\"\(long)\"} 0.5\n# EOF\n",
        contentType: "application/openmetrics-text; version=1.0.0")
      #expect(h.appender.exemplars.isEmpty)
      #expect(h.report("up") == 1)
    }
  }

  @Test func `an exemplar knows whether its time is its own`() async throws {
    let h = ScrapeHarness()
    try await h.run {
      var found: [Exemplar] = []
      for (body, time) in [("a 1 # {} 0.5", ""), ("a 2 # {} 0.5", ""), ("a 3 # {} 0.5", " 9.5")] {
        _ = await h.scrape(
          "\(body)\(time)\n# EOF\n", contentType: "application/openmetrics-text; version=1.0.0")
        found += h.appender.exemplars.map(\.exemplar)
      }
      #expect(found.map(\.hasOwnTime) == [false, false, true])
      #expect(found[0].timeMs != found[1].timeMs)
      #expect(found[1].repeats(found[0]))
      #expect(!found[2].repeats(found[1]))
    }
  }

  @Test func `a time beyond all stores is out of bounds and no reason to lose the rest`()
    async throws
  {
    let h = ScrapeHarness()
    try await h.run {
      let stored = await h.scrape(
        "a 1 1e300\nb 2\n# EOF\n", contentType: "application/openmetrics-text; version=1.0.0")
      #expect(stored.contains("b 2"))
      #expect(h.report("up") == 1)
    }
  }

  @Test func `failed scrapes are logged to the job's file`() async throws {
    let h = ScrapeHarness()
    var config = ScrapeHarness.config()
    config.scrapeFailureLogFile = "/failures.json"
    try await h.run(config) {
      _ = await h.scrape("a 1\n")
      _ = await h.scrape(.status(500))
      let lines = try h.files.readText("/failures.json").split(separator: "\n")
      #expect(lines.count == 1)
      #expect(lines[0].hasPrefix("{\"time\":\"2023-11-14T22:"))
      #expect(
        lines[0].hasSuffix(
          #""msg":"server returned HTTP status 500 Internal Server Error","job_name":"j","#
            + #""target":"http://a:1/metrics"}"#))
    }
  }

  @Test func `the job's gauges sum the metadata of its targets`() async throws {
    let h = ScrapeHarness()
    try await h.run {
      _ = await h.scrape("# HELP a Help.\n# TYPE a counter\na 1\n")
      #expect(h.counter("prometheus_target_metadata_cache_entries") == 1)
      #expect(h.counter("prometheus_target_metadata_cache_bytes") == 12)
      await h.manager.update(["j": []])
      await h.advance(byMs: 30_000)
      #expect(h.counter("prometheus_target_metadata_cache_entries") == 0)
    }
  }

  @Test func `metadata is kept by family, and for ten scrapes after it went`() async throws {
    let h = ScrapeHarness()
    try await h.run {
      let text = "# HELP a Help.\n# TYPE a counter\na 1\n"
      _ = await h.scrape(text)
      _ = await h.scrape(text)
      #expect(
        await h.status()?.metadata == ["a": MetricMetadata(kind: .counter, help: "Help.")])
      for _ in 0..<10 { _ = await h.scrape("b 1\n") }
      #expect(await h.status()?.metadata["a"] != nil)
      _ = await h.scrape("b 1\n")
      #expect(await h.status()?.metadata == [:])
    }
  }
}
