import ApusConfig
import ApusModel
import ApusScrape
import ApusTesting
import Testing

/// Classic histograms that become native ones with custom buckets.
@Suite struct ClassicConversionTests {
  private static func config(keepsClassic: Bool = false) -> ScrapeConfig {
    var config = ScrapeHarness.config()
    config.histograms.convertsClassic = true
    config.histograms.alwaysScrapesClassic = keepsClassic
    return config
  }

  private static func text(_ label: String, _ counts: (Int, Int, Int)) -> String {
    """
    h_bucket{a="\(label)",le="1"} \(counts.0)
    h_bucket{a="\(label)",le="2.5"} \(counts.1)
    h_bucket{a="\(label)",le="+Inf"} \(counts.2)
    h_sum{a="\(label)"} 7
    h_count{a="\(label)"} \(counts.2)

    """
  }

  @Test func `the series of a histogram become one sample`() async throws {
    let h = ScrapeHarness()
    try await h.run(Self.config()) {
      for round in 0..<3 {
        let body =
          "# TYPE h histogram\n" + Self.text("x", (1, 3, 4)) + Self.text("y", (round, 3, 3))
          + "# TYPE z gauge\nz 1\n"
        #expect(await h.scrape(body) == ["z 1"])
        #expect(
          h.storedHistograms == [
            #"h{a="x"} 4 7 schema -53 [1 2 1] bounds [1.0, 2.5]"#,
            #"h{a="y"} 3 7 schema -53"#
              + (round == 0 ? " [3]" : " [\(round) \(3 - round)]") + " bounds [1.0, 2.5]",
          ])
        #expect(h.report("scrape_samples_scraped") == 3)
        #expect(h.appender.resolvedCount == (round == 0 ? 8 : 0))
      }
      #expect(await h.scrape("z 1\n") == ["z 1", #"h{a="x"} stale"#, #"h{a="y"} stale"#])
    }
  }

  @Test func `classic series are kept beside it where that is asked for`() async throws {
    let h = ScrapeHarness()
    try await h.run(Self.config(keepsClassic: true)) {
      for _ in 0..<2 {
        let stored = await h.scrape("# TYPE h histogram\n" + Self.text("x", (1, 3, 4)))
        #expect(stored.count == 5 && stored[0] == #"h_bucket{a="x", le="1.0"} 1"#)
        #expect(h.storedHistograms.count == 1)
      }
    }
  }

  @Test(arguments: [
    "# TYPE h histogram\n" + text("x", (3, 1, 4)),
    "# TYPE h histogram\n"
      + text("x", (1, 3, 4)).replacing("h_count{a=\"x\"} 4", with: "h_count{a=\"x\"} 9"),
    "# TYPE h histogram\n" + text("x", (1, -3, 4)),
  ])
  func `series that contradict each other make none`(body: String) async throws {
    let h = ScrapeHarness()
    try await h.run(Self.config()) {
      #expect(await h.scrape(body) == [])
      #expect(h.storedHistograms == [])
      #expect(h.report("up") == 1)
      _ = await h.scrape("# TYPE h histogram\n" + Self.text("x", (1, 3, 4)))
      #expect(h.storedHistograms.count == 1)
    }
  }

  @Test func `what is not declared as a histogram stays as it is`() async throws {
    let h = ScrapeHarness()
    try await h.run(Self.config()) {
      #expect(await h.scrape(Self.text("x", (1, 3, 4))).count == 5)
      #expect(await h.scrape("# TYPE other histogram\n" + Self.text("y", (1, 3, 4))).count == 10)
      #expect(h.storedHistograms == [])
    }
  }

  @Test func `exemplars of buckets go to the histogram`() async throws {
    let h = ScrapeHarness()
    try await h.run(Self.config()) {
      _ = await h.scrape(
        "# TYPE h histogram\nh_bucket{le=\"1\"} 1 # {t=\"q\"} 0.5 9\nh_bucket{le=\"+Inf\"} 1\n"
          + "h_sum 1\nh_count 1\n# EOF\n", contentType: "application/openmetrics-text")
      #expect(h.storedHistograms == ["h 1 1 schema -53 [1] bounds [1.0]"])
      #expect(h.appender.exemplars.map { $0.labels.metricName } == ["h"])
    }
  }

  @Test func `series that the store forgot are made again`() async throws {
    let h = ScrapeHarness()
    try await h.run(Self.config()) {
      let body = "# TYPE h histogram\n" + Self.text("x", (1, 3, 4)) + "# TYPE z gauge\nz 1\n"
      _ = await h.scrape(body)
      h.appender.forgetSeries()
      #expect(await h.scrape(body) == ["z 1"])
      #expect(h.storedHistograms.count == 1)
    }
  }

  @Test func `relabelling chooses for one target`() async throws {
    let h = ScrapeHarness()
    var config = ScrapeHarness.config()
    config.relabelRules = [
      try RelabelRule(
        targetLabel: "__convert_classic_histograms_to_nhcb__", replacement: "true")
    ]
    try await h.run(config) {
      _ = await h.scrape("# TYPE h histogram\n" + Self.text("x", (1, 3, 4)))
      #expect(h.storedHistograms.count == 1)
    }
  }

  @Test func `more buckets than anybody means make no histogram, and take no time`() async throws {
    let h = ScrapeHarness()
    var config = Self.config()
    config.protocols = [.protobuf]
    try await h.run(config) {
      let metric = ProtobufBody.histogram {
        $0.number(1, 1)
        for i in 0..<100_000 { $0.bucket(Double(100_000 - i), 1) }
      }
      #expect(await h.scrape(ProtobufBody.family("h", .histogram, metric)) == [])
      #expect(h.storedHistograms == [] && h.report("up") == 1)
    }
  }

  @Test func `a label value beyond all measure is cut`() async throws {
    let h = ScrapeHarness()
    try await h.run(Self.config()) {
      let value = String(repeating: "a", count: (1 << 24) - 2) + "üü"
      for _ in 0..<2 {
        _ = await h.scrape("m{l=\"\(value)\"} 1\n")
        let stored = h.appender.samples.first { $0.labels.metricName == "m" }
        #expect(stored?.labels.value(of: "l").utf8.count == (1 << 24) - 2)
      }
    }
  }
}
