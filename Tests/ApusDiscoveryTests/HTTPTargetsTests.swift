import ApusDiscovery
import ApusHTTP
import ApusModel
import ApusTelemetry
import ApusTesting
import Testing

struct HTTPTargetsTests {
  private let registry = MetricRegistry()

  private func first(
    _ count: Int, _ answers: [Result<FetchResponse, FetchError>]
  ) async throws -> (updates: [[TargetGroup]], requests: [FetchRequest]) {
    let fetcher = ScriptedFetcher(answers)
    let metrics = DiscoveryMetrics(registry)
    let targets = RefreshedTargets(
      HTTPTargets(
        url: "http://sd/", refreshIntervalMs: 1_500, fetcher: fetcher, metrics: metrics),
      kind: "http", config: "job", refreshIntervalMs: 1_500, clock: JumpingClock(),
      metrics: metrics, log: .none)
    let (stream, continuation) = AsyncStream<[TargetGroup]>.makeStream()
    let updates = try await running {
      try await targets.run { continuation.yield($0) }
    } _: {
      var updates: [[TargetGroup]] = []
      for await update in stream {
        updates.append(update)
        if updates.count == count { break }
      }
      return updates
    }
    return (updates, fetcher.requests)
  }

  @Test func `groups are read from the answer and carry the URL`() async throws {
    let result = try await first(
      1, [ScriptedFetcher.json(#"[{"targets":["a:1"],"labels":{"x":"y"}},{"targets":["b"]}]"#)])
    let groups = try #require(result.updates.first)
    #expect(groups.map(\.source) == ["http://sd/:0", "http://sd/:1"])
    #expect(groups[0].labels == ["__meta_url": "http://sd/", "x": "y"])
    let headers = result.requests[0].headers.map { "\($0.name): \($0.value)" }
    #expect(
      headers == [
        "Accept: application/json", "X-Prometheus-Refresh-Interval-Seconds: 1.5",
      ])
  }

  @Test func `groups that an answer does not list any more are taken away`() async throws {
    let result = try await first(
      2,
      [
        ScriptedFetcher.json(#"[{"targets":["a"]},{"targets":["b"]}]"#),
        ScriptedFetcher.json(#"[{"targets":["a"]}]"#, type: "application/json; charset=utf-8"),
      ])
    #expect(result.updates[1].map(\.addresses) == [["a"], []])
  }

  @Test func `an answer that is none is counted and changes nothing`() async throws {
    let refused = FetchError(.refused, url: "http://sd/", description: "refused")
    let result = try await first(
      2,
      [
        ScriptedFetcher.json(#"[{"targets":["a"]}]"#),
        .failure(refused),
        ScriptedFetcher.json("[]", status: 500),
        ScriptedFetcher.json("[]", type: "text/plain"),
        ScriptedFetcher.json("{]"),
        ScriptedFetcher.json(#"[{"targets":["b"]}]"#),
      ])
    #expect(result.updates.map { $0.map(\.addresses) } == [[["a"]], [["b"]]])
    #expect(value("prometheus_sd_http_failures_total", registry) == 4)
    #expect(value("prometheus_sd_refresh_failures_total", registry) == 4)
  }
}
