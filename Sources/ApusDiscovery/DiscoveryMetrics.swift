package import ApusTelemetry

/// Prometheus's `prometheus_sd_*`, shared by all managers of a process.
package struct DiscoveryMetrics: Sendable {
  let discovered: MetricFamily<Gauge>
  let failedConfigs: MetricFamily<Gauge>
  let received: MetricFamily<Counter>
  let delayed: MetricFamily<Counter>
  let sent: MetricFamily<Counter>
  let lastUpdates: MetricFamily<Gauge>
  let refreshFailures: MetricFamily<Counter>
  let refreshes: MetricFamily<Distribution>
  let fileReadErrors: Counter
  let fileScans: Distribution
  let httpFailures: Counter
  let refreshDurations: MetricFamily<Summary>
  let lookups: LookupMetrics
  let kubernetes: KubernetesMetrics

  package init(_ registry: MetricRegistry) {
    discovered = registry.gauges(
      "prometheus_sd_discovered_targets", help: "Current number of discovered targets.",
      labels: ["name", "config"])
    failedConfigs = registry.gauges(
      "prometheus_sd_failed_configs",
      help: "Current number of service discovery configurations that failed to load.",
      labels: ["name"])
    received = registry.counters(
      "prometheus_sd_received_updates_total",
      help: "Total number of update events received from the SD providers.", labels: ["name"])
    delayed = registry.counters(
      "prometheus_sd_updates_delayed_total",
      help: "Total number of update events that couldn't be sent immediately.",
      labels: ["name"])
    sent = registry.counters(
      "prometheus_sd_updates_total",
      help: "Total number of update events sent to the SD consumers.", labels: ["name"])
    lastUpdates = registry.gauges(
      "prometheus_sd_last_update_timestamp_seconds",
      help: "Timestamp of the last update sent to the SD consumers.",
      labels: ["name", "config"])
    refreshFailures = registry.counters(
      "prometheus_sd_refresh_failures_total",
      help: "Number of refresh failures for the given SD mechanism.",
      labels: ["mechanism", "config"])
    refreshes = registry.distributions(
      "prometheus_sd_refresh_duration_histogram_seconds",
      help: "The duration of a refresh for the given SD mechanism.", labels: ["mechanism"],
      bounds: [0.01, 0.1, 1, 10])
    fileReadErrors = registry.counter(
      "prometheus_sd_file_read_errors_total", help: "The number of File-SD read errors.")
    let scans = Distribution(bounds: [])
    fileScans = scans
    registry.register(
      "prometheus_sd_file_scan_duration_seconds",
      help: "The duration of the File-SD scan in seconds.", kind: .summary
    ) {
      let reading = scans.reading
      return [
        .init(suffix: "_sum", labels: [], value: reading.sum),
        .init(suffix: "_count", labels: [], value: Double(reading.count)),
      ]
    }
    httpFailures = registry.counter(
      "prometheus_sd_http_failures_total",
      help: "Number of HTTP service discovery refresh failures.")
    refreshDurations = registry.summaries(
      "prometheus_sd_refresh_duration_seconds",
      help: "The duration of a refresh in seconds for the given SD mechanism.",
      labels: ["mechanism", "config"], quantiles: Self.quantiles)
    lookups = LookupMetrics(registry)
    kubernetes = KubernetesMetrics(registry)
  }

  static let quantiles = [0.5, 0.9, 0.99]

  /// Takes away what was counted for a job that is no more.
  func forget(job: String, manager: String) {
    discovered.remove(manager, job)
    lastUpdates.remove(manager, job)
    for (values, _) in refreshFailures.all where values.last == job {
      refreshFailures.remove(values[0], job)
    }
    for (values, _) in refreshDurations.all where values.last == job {
      refreshDurations.remove(values[0], job)
    }
  }
}
