import ApusConfig
import ApusHTTP
import ApusModel
import ApusScrape
import ApusStorage
import ApusTesting
import Testing

@Suite struct ProtobufScrapeTests {
  private static func config(
    native: Bool = true, converts: Bool = false, keepsClassic: Bool = false
  ) -> ScrapeConfig {
    var config = ScrapeHarness.config()
    config.protocols = [.protobuf] + config.protocols
    config.histograms.scrapesNative = native
    config.histograms.convertsClassic = converts
    config.histograms.alwaysScrapesClassic = keepsClassic
    return config
  }

  /// Four observations in buckets of schema 3, and the same in two classic buckets.
  private static func histogram(
    _ labels: [(String, String)] = [], classic: Bool = false, deltas: [Int64] = [1, 1]
  ) -> ProtobufBody.Fields {
    ProtobufBody.histogram(labels) {
      $0.number(1, 4)
      $0.double(2, 9)
      if classic { $0.bucket(1, 3) }
      $0.signed(5, 3)
      $0.double(6, 0.001)
      $0.number(7, 1)
      $0.span(12, 0, 2)
      $0.deltas(13, deltas)
    }
  }

  private func gauges(_ values: [(String, Double)]) -> [UInt8] {
    var family = ProtobufFields()
    family.text(1, "g")
    family.number(3, 1)
    for (label, value) in values {
      family.message(4, ProtobufBody.value(2, value, [("i", label)]))
    }
    return [UInt8(family.bytes.count & 0x7F | 0x80), UInt8(family.bytes.count >> 7)] + family.bytes
  }

  @Test func `it is asked for first, with the weights of Prometheus`() async throws {
    let h = ScrapeHarness()
    try await h.run(Self.config()) {
      _ = await h.scrape(gauges([("a", 1)]))
      let accept = h.fetcher.requests.first?.headers.first { $0.name == "Accept" }?.value
      #expect(
        accept == "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily"
          + ";encoding=delimited;q=0.6,"
          + "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,"
          + "application/openmetrics-text;version=0.0.1;q=0.4,"
          + "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,text/plain;version=0.0.4;q=0.2,"
          + "*/*;q=0.1")
    }
  }

  @Test func `known series are not resolved again, whatever comes, goes or moves`() async throws {
    let h = ScrapeHarness()
    try await h.run(Self.config()) {
      let first = await h.scrape(gauges([("a", 1), ("b", 2), ("c", 3)]))
      #expect(first == [#"g{i="a"} 1"#, #"g{i="b"} 2"#, #"g{i="c"} 3"#])
      _ = await h.scrape(gauges([("a", 4), ("b", 5), ("c", 6)]))
      #expect(h.appender.resolvedCount == 0)
      let third = await h.scrape(gauges([("c", 7), ("n", 8), ("a", 9)]))
      #expect(third == [#"g{i="c"} 7"#, #"g{i="n"} 8"#, #"g{i="a"} 9"#, #"g{i="b"} stale"#])
      #expect(h.appender.resolvedCount == 1)
      #expect(h.report("scrape_series_added") == 1)
    }
  }

  @Test func `a series that repeats itself is a duplicate`() async throws {
    let h = ScrapeHarness()
    try await h.run(Self.config()) {
      for _ in 0..<2 {
        let stored = await h.scrape(gauges([("a", 1), ("a", 2), ("b", 3)]))
        #expect(stored == [#"g{i="a"} 1"#, #"g{i="b"} 3"#])
        #expect(h.report("scrape_samples_scraped") == 3)
      }
    }
  }

  @Test func `a native histogram is one sample, and stale when it is gone`() async throws {
    let h = ScrapeHarness()
    try await h.run(Self.config()) {
      let body = ProtobufBody.family("h", .histogram, Self.histogram([("a", "b")], classic: true))
      _ = await h.scrape(body)
      #expect(h.storedHistograms == [#"h{a="b"} 4 9 schema 3 [1 2]"#])
      #expect(h.report("scrape_samples_scraped") == 1)
      _ = await h.scrape(body)
      #expect(h.appender.resolvedCount == 0)
      #expect(await h.scrape(gauges([("a", 1)])) == [#"g{i="a"} 1"#, #"h{a="b"} stale"#])
    }
  }

  @Test func `classic series stand in where native histograms are not wanted`() async throws {
    let body = ProtobufBody.family("h", .histogram, Self.histogram(classic: true))
    let classic = ["h_count 4", "h_sum 9", #"h_bucket{le="1.0"} 3"#, #"h_bucket{le="+Inf"} 4"#]
    for (config, hasNative) in [
      (Self.config(native: false), false), (Self.config(keepsClassic: true), true),
    ] {
      let h = ScrapeHarness()
      try await h.run(config) {
        #expect(await h.scrape(body) == classic)
        #expect(h.storedHistograms.count == (hasNative ? 1 : 0))
      }
    }
  }

  @Test func `a histogram that contradicts itself fails the scrape`() async throws {
    let h = ScrapeHarness()
    try await h.run(Self.config()) {
      let body = ProtobufBody.family("h", .histogram, Self.histogram(deltas: [1, 9]))
      #expect(await h.scrape(body) == [])
      #expect(h.report("up") == 0)
      #expect(
        await h.status()?.lastError
          == "12 observations found in buckets, but the Count field is 4: histogram's observation"
          + " count should equal the number of observations found in the buckets (in absence of"
          + " NaN)")
    }
  }

  @Test func `too many buckets become fewer, or fail the scrape`() async throws {
    let h = ScrapeHarness()
    var config = Self.config()
    config.limits.nativeHistogramBuckets = 1
    try await h.run(config) {
      let side = ProtobufBody.histogram {
        $0.number(1, 3)
        $0.double(2, 9)
        $0.signed(5, 3)
        $0.span(12, 1, 2)
        $0.deltas(13, [1, 1])
      }
      _ = await h.scrape(ProtobufBody.family("h", .histogram, side))
      #expect(h.storedHistograms == ["h 3 9 schema 2 [3]"])
      let apart = ProtobufBody.histogram {
        $0.number(1, 2)
        $0.double(2, 9)
        $0.span(12, -9, 1)
        $0.span(12, 99, 1)
        $0.deltas(13, [1, 0])
      }
      _ = await h.scrape(ProtobufBody.family("h", .histogram, apart))
      #expect(h.report("up") == 0)
      #expect(await h.status()?.lastError == "histogram bucket limit exceeded")
      #expect(
        h.counter("prometheus_target_scrapes_exceeded_native_histogram_bucket_limit_total") == 1)
    }
  }

  @Test func `the least growth of buckets bounds the resolution`() async throws {
    let h = ScrapeHarness()
    var config = Self.config()
    config.limits.nativeHistogramMinBucketFactor = 2
    try await h.run(config) {
      _ = await h.scrape(ProtobufBody.family("h", .histogram, Self.histogram()))
      #expect(h.storedHistograms == ["h 4 9 schema 0 [1 2]"])
    }
  }

  @Test func `exemplars of native histograms need a time`() async throws {
    let h = ScrapeHarness()
    try await h.run(Self.config()) {
      let metric = ProtobufBody.histogram {
        $0.number(1, 1)
        $0.span(12, 0, 1)
        $0.deltas(13, [1])
        $0.message(16) { $0.labels([("t", "none")]) }
        $0.message(16) {
          $0.labels([("t", "some")])
          $0.message(3) { $0.number(1, 7) }
        }
      }
      _ = await h.scrape(ProtobufBody.family("h", .histogram, metric))
      #expect(h.appender.exemplars.map { $0.exemplar.labels } == [["t": "some"]])
      #expect(h.appender.exemplars.first?.exemplar.timeMs == 7000)
    }
  }

  @Test func `series that the store forgot are made again`() async throws {
    let h = ScrapeHarness()
    try await h.run(Self.config()) {
      let body = ProtobufBody.family("h", .histogram, Self.histogram([("a", "b")]))
      _ = await h.scrape(gauges([("a", 1), ("b", 2)]), body)
      h.appender.forgetSeries()
      #expect(
        await h.scrape(gauges([("a", 3), ("b", 4)]), body) == [#"g{i="a"} 3"#, #"g{i="b"} 4"#])
      #expect(h.storedHistograms.count == 1)
    }
  }

  @Test func `a target may change its format`() async throws {
    let h = ScrapeHarness()
    try await h.run(Self.config()) {
      _ = await h.scrape(gauges([("a", 1)]))
      let text = await h.scrape("g{i=\"a\"} 2\n")
      #expect(text.first == #"g{i="a"} 2"#)
      #expect(await h.scrape(gauges([("a", 3)])).first == #"g{i="a"} 3"#)
    }
  }

  /// Small steps of a linear congruential generator: the same on every run.
  private struct Dice {
    var state: UInt64
    mutating func roll(_ sides: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(state >> 33) % max(1, sides)
    }
  }

  @Test func `after broken bodies a good one is read as ever`() async throws {
    let h = ScrapeHarness()
    var dice = Dice(state: 3)
    try await h.run(Self.config(converts: true, keepsClassic: true)) {
      let good =
        gauges([("a", 1), ("b", 2)])
        + ProtobufBody.family(
          "h", .histogram, help: "x", Self.histogram([("a", "b")], classic: true))
      for _ in 0..<300 {
        var body = good
        for _ in 0...dice.roll(3) {
          let place = dice.roll(body.count)
          if dice.roll(2) == 0 {
            body[place] = UInt8(dice.roll(256))
          } else {
            body.remove(at: place)
          }
        }
        _ = await h.scrape(body)
      }
      _ = await h.scrape(good)
      let stored = await h.scrape(good)
      #expect(stored.filter { !$0.hasSuffix("stale") }.count == 6)
      #expect(h.storedHistograms.count == 1)
      #expect(h.appender.resolvedCount == 0)
    }
  }
}
