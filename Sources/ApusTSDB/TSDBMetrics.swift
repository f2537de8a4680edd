internal import ApusTelemetry

/// What the store counts beside the head, under Prometheus's names.
final class TSDBMetrics: Sendable {
  let walWritesFailed: Counter
  let registry: MetricRegistry

  init(_ registry: MetricRegistry) {
    self.registry = registry
    walWritesFailed = registry.counter(
      "prometheus_tsdb_wal_writes_failed_total",
      help: "Total number of write log writes that failed.")
  }
}
