internal import ApusTelemetry

/// Counts requests under Prometheus's own metric names.
struct RequestMetrics: Sendable {
  private let requests: MetricFamily<Counter>
  private let seconds: MetricFamily<Distribution>
  private let bytes: MetricFamily<Distribution>

  init(_ registry: MetricRegistry) {
    requests = registry.counters(
      "prometheus_http_requests_total", help: "Counter of HTTP requests.",
      labels: ["code", "handler"])
    seconds = registry.distributions(
      "prometheus_http_request_duration_seconds",
      help: "Histogram of latencies for HTTP requests.", labels: ["handler"],
      bounds: [0.1, 0.2, 0.4, 1, 3, 8, 20, 60, 120])
    bytes = registry.distributions(
      "prometheus_http_response_size_bytes", help: "Histogram of response size for HTTP requests.",
      labels: ["handler"],
      bounds: [100, 1000, 10_000, 100_000, 1_000_000, 1e7, 1e8, 1e9])
  }

  /// - Parameter handler: the route's pattern, never the path that was asked for.
  func observe(handler: String, status: Int, seconds: Double, bytes: Int) {
    requests.child([String(status), handler]).increment()
    self.seconds.child([handler]).observe(seconds)
    self.bytes.child([handler]).observe(Double(bytes))
  }
}
