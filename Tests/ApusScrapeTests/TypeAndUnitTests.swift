import ApusModel
import ApusTesting
import Testing

/// Type and unit of the metric family as labels.
@Suite struct TypeAndUnitTests {
  private let openMetrics = "application/openmetrics-text; version=1.0.0"

  @Test func `series get what their family says, whatever they say themselves`() async throws {
    let h = ScrapeHarness(addsTypeAndUnit: true)
    try await h.run {
      let stored = await h.scrape(
        "plain 1\n# TYPE a counter\na{__type__=\"own\",__unit__=\"own\"} 5\n"
          + "# TYPE h histogram\nh_bucket{le=\"+Inf\"} 2\nh_sum 3\nh_count 2\n"
          + "# TYPE u untyped\nu 7\n")
      #expect(
        stored == [
          "plain 1", #"a{__type__="counter"} 5"#,
          #"h_bucket{__type__="histogram", le="+Inf"} 2"#, #"h_sum{__type__="histogram"} 3"#,
          #"h_count{__type__="histogram"} 2"#, "u 7",
        ])
      #expect(h.report("up") == 1)
    }
  }

  @Test func `units come from OpenMetrics, and known lines keep their series`() async throws {
    let h = ScrapeHarness(addsTypeAndUnit: true)
    try await h.run {
      for value in 1...2 {
        let body =
          "# TYPE run_seconds counter\n# UNIT run_seconds seconds\nrun_seconds_total \(value)\n"
          + "# TYPE temp gauge\ntemp \(value)\n# EOF\n"
        #expect(
          await h.scrape(body, contentType: openMetrics) == [
            #"run_seconds_total{__type__="counter", __unit__="seconds"} \#(value)"#,
            #"temp{__type__="gauge"} \#(value)"#,
          ])
      }
      #expect(h.appender.resolveCalls == 0)
    }
  }

  @Test func `a family of another type is other series`() async throws {
    let h = ScrapeHarness(addsTypeAndUnit: true)
    try await h.run {
      _ = await h.scrape("# TYPE a counter\na 1\n# TYPE b gauge\nb 1\n")
      #expect(
        await h.scrape("# TYPE a gauge\na 2\n# TYPE b gauge\nb 2\n") == [
          #"a{__type__="gauge"} 2"#, #"b{__type__="gauge"} 2"#, #"a{__type__="counter"} stale"#,
        ])
      #expect(h.appender.resolvedCount == 1)
    }
  }

  @Test func `nothing is added unless asked for`() async throws {
    let h = ScrapeHarness()
    try await h.run {
      #expect(await h.scrape("# TYPE a counter\na 5\n") == ["a 5"])
    }
  }
}
