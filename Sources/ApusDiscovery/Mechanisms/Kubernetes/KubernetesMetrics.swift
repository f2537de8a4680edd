internal import ApusTelemetry

/// What Kubernetes discovery counts, `prometheus_sd_kubernetes_*`.
struct KubernetesMetrics: Sendable {
  let events: MetricFamily<Counter>
  let failures: Counter
  let requests: MetricFamily<Counter>
  let requestDurations: MetricFamily<Summary>

  init(_ registry: MetricRegistry) {
    events = registry.counters(
      "prometheus_sd_kubernetes_events_total",
      help: "The number of Kubernetes events handled.", labels: ["role", "event"])
    failures = registry.counter(
      "prometheus_sd_kubernetes_failures_total",
      help: "The number of failed WATCH/LIST requests.")
    requests = registry.counters(
      "prometheus_sd_kubernetes_http_request_total",
      help: "Total number of HTTP requests to the Kubernetes API by status code.",
      labels: ["status_code"])
    requestDurations = registry.summaries(
      "prometheus_sd_kubernetes_http_request_duration_seconds",
      help: "Summary of latencies for HTTP requests to the Kubernetes API by endpoint.",
      labels: ["endpoint"], quantiles: [])
    let roles = ["endpointslice", "endpoints", "node", "pod", "service", "ingress"]
    for role in roles {
      for event in ["add", "delete", "update"] { _ = events[role, event] }
    }
  }
}
