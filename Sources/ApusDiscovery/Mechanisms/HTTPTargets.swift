internal import ApusConfig
package import ApusHTTP
package import ApusModel
package import ApusSystem
package import ApusTelemetry

/// Targets listed by an HTTP server, asked again after every refresh interval.
package struct HTTPTargets: Discoverer {
  private let url: String
  private let refreshIntervalMs: Int64
  private let fetcher: any HTTPFetcher
  private let clock: any WallClock
  private let metrics: DiscoveryMetrics
  private let log: Log

  package init(
    url: String, refreshIntervalMs: Int64, fetcher: any HTTPFetcher, clock: any WallClock,
    metrics: DiscoveryMetrics, log: Log
  ) {
    self.url = url
    self.refreshIntervalMs = refreshIntervalMs
    self.fetcher = fetcher
    self.clock = clock
    self.metrics = metrics
    self.log = log.with("discovery", "http")
  }

  package func run(_ send: @escaping @Sendable ([TargetGroup]) async -> Void) async throws {
    var known: Set<String> = []
    while true {
      let startNs = clock.monotonicNs
      do {
        let groups = try await refresh()
        let gone = known.subtracting(groups.map(\.source))
        known = Set(groups.map(\.source))
        await send(
          groups + gone.sorted().map { TargetGroup(source: $0, targets: [], labels: .empty) })
      } catch is CancellationError {
        throw CancellationError()
      } catch {
        metrics.httpFailures.increment()
        metrics.refreshFailures["http"].increment()
        log.error("Unable to refresh target groups", ["url": url, "err": "\(error)"])
      }
      let seconds = Double(clock.monotonicNs - startNs) / 1e9
      metrics.refreshes["http"].observe(seconds)
      try await clock.sleep(forMs: refreshIntervalMs)
    }
  }

  private func refresh() async throws -> [TargetGroup] {
    var request = FetchRequest(
      url: url, timeoutMs: min(max(refreshIntervalMs, 1), Limits.answerTimeoutMsMax),
      bodyBytesMax: Limits.answerBytesMax)
    request.headers = [
      (name: "Accept", value: "application/json"),
      (
        name: "X-Prometheus-Refresh-Interval-Seconds",
        value: FloatText.f(Double(refreshIntervalMs) / 1_000)
      ),
    ]
    let answer = try await fetcher.fetch(request)
    guard answer.status == 200 else {
      throw HTTPTargetsError(text: "server returned HTTP status \(answer.status)")
    }
    let type = answer.header("Content-Type") ?? ""
    guard isJSON(type) else {
      throw HTTPTargetsError(text: "unsupported content type \(GoQuote.quote(type))")
    }
    return try TargetFile.decode(answer.body, source: url, label: Label("__meta_url", url))
  }

  /// `application/json`, with or without `charset=utf-8`.
  private func isJSON(_ type: String) -> Bool {
    let parts = type.lowercased().split(separator: ";").map { $0.filter { $0 != " " } }
    guard parts.first == "application/json" else { return false }
    return parts.dropFirst().allSatisfy { $0 == "charset=utf-8" || $0 == "charset=\"utf-8\"" }
  }
}

/// An answer that lists no targets.
struct HTTPTargetsError: Error, CustomStringConvertible {
  let text: String
  var description: String { text }
}
