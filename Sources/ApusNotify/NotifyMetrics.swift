internal import ApusTelemetry

/// Prometheus's `prometheus_notifications_*`.
struct NotifyMetrics: Sendable {
  let sent: MetricFamily<Counter>
  let errors: MetricFamily<Counter>
  let dropped: MetricFamily<Counter>
  let queueLengths: MetricFamily<Gauge>
  let latencies: MetricFamily<Distribution>
  let discovered: Gauge

  init(_ registry: MetricRegistry, queueCapacity: Int) {
    let label = ["alertmanager"]
    sent = registry.counters(
      "prometheus_notifications_sent_total", help: "Total number of alerts sent.", labels: label)
    errors = registry.counters(
      "prometheus_notifications_errors_total",
      help: "Total number of sent alerts affected by errors.", labels: label)
    dropped = registry.counters(
      "prometheus_notifications_dropped_total",
      help: "Total number of alerts dropped due to errors when sending to Alertmanager.",
      labels: label)
    queueLengths = registry.gauges(
      "prometheus_notifications_queue_length",
      help: "The number of alert notifications in the queue.", labels: label)
    registry.gauge(
      "prometheus_notifications_queue_capacity",
      help: "The capacity of the alert notifications queue."
    ) { Double(queueCapacity) }
    discovered = registry.gauge(
      "prometheus_notifications_alertmanagers_discovered",
      help: "The number of alertmanagers discovered and active.")
    let latencies = registry.distributions(
      "prometheus_notifications_latency_histogram_seconds",
      help: "Latency histogram for sending alert notifications.", labels: label,
      bounds: [0.01, 0.1, 1, 10])
    self.latencies = latencies
    registry.register(
      "prometheus_notifications_latency_seconds",
      help: "Latency quantiles for sending alert notifications.", kind: .summary
    ) {
      latencies.all.flatMap { child -> [MetricRegistry.Point] in
        let labels = [(name: "alertmanager", value: child.values[0])]
        let reading = child.instrument.reading
        return [
          .init(suffix: "_sum", labels: labels, value: reading.sum),
          .init(suffix: "_count", labels: labels, value: Double(reading.count)),
        ]
      }
    }
  }

  /// Makes all children of an Alertmanager, so that they are shown before anything happens.
  func begin(_ url: String) {
    _ = sent[url]
    _ = errors[url]
    _ = dropped[url]
    _ = queueLengths[url]
    _ = latencies[url]
  }

  func end(_ url: String) {
    sent.remove(url)
    errors.remove(url)
    dropped.remove(url)
    queueLengths.remove(url)
    latencies.remove(url)
  }
}
