internal import ApusConfig
package import ApusHTTP
package import ApusModel
internal import ApusSystem
internal import ApusTelemetry

/// Targets listed by an HTTP server.
package struct HTTPTargets: TargetSource {
  private let url: String
  private let refreshIntervalMs: Int64
  private let fetcher: any HTTPFetcher
  private let metrics: DiscoveryMetrics

  /// - Parameter refreshIntervalMs: told to the server, and its time to answer.
  package init(
    url: String, refreshIntervalMs: Int64, fetcher: any HTTPFetcher, metrics: DiscoveryMetrics
  ) {
    self.url = url
    self.refreshIntervalMs = refreshIntervalMs
    self.fetcher = fetcher
    self.metrics = metrics
  }

  package func groups() async throws -> [TargetGroup] {
    do {
      return try await listed()
    } catch {
      if !Task.isCancelled { metrics.httpFailures.increment() }
      throw error
    }
  }

  private func listed() async throws -> [TargetGroup] {
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
      throw TargetSourceError("server returned HTTP status \(answer.status)")
    }
    let type = answer.header("Content-Type") ?? ""
    guard ContentType.isJSON(type) else {
      throw TargetSourceError("unsupported content type \(GoQuote.quote(type))")
    }
    return try TargetFile.decode(answer.body, source: url, label: Label("__meta_url", url))
  }
}

enum ContentType {
  /// `application/json`, with or without `charset=utf-8`.
  static func isJSON(_ type: String) -> Bool {
    let parts = type.lowercased().split(separator: ";").map { $0.filter { $0 != " " } }
    guard parts.first == "application/json" else { return false }
    return parts.dropFirst().allSatisfy { $0 == "charset=utf-8" || $0 == "charset=\"utf-8\"" }
  }
}
