internal import ApusTelemetry

/// What the head counts of its own doings, under Prometheus's names.
struct HeadActivity: Sendable {
  private let activeAppends: Gauge
  private let appends: Counter
  let gcDuration: Summary
  /// Head images that could not be taken.
  let imageFailures: Counter

  init(_ registry: MetricRegistry) {
    activeAppends = registry.gauge(
      "prometheus_tsdb_head_active_appenders",
      help: "Number of currently active appender transactions")
    appends = registry.counter(
      "prometheus_tsdb_head_appenders_created_total",
      help: "Total number of appender transactions created.")
    gcDuration = registry.summary(
      "prometheus_tsdb_head_gc_duration_seconds",
      help: "Runtime of garbage collection in the head block.", quantiles: [])
    imageFailures = registry.counter(
      "prometheus_tsdb_snapshot_replay_error_total",
      help: "Total number snapshot replays that failed.")
    registry.gauge(
      "prometheus_tsdb_isolation_high_watermark",
      help: "The highest TSDB append ID that has been given out."
    ) { [appends] in appends.value }
    registry.gauge(
      "prometheus_tsdb_isolation_low_watermark",
      help: "The lowest TSDB append ID that is still referenced."
    ) { [appends, activeAppends] in max(appends.value - activeAppends.value, 0) }
  }

  /// A batch is being stored, or waits for it.
  func beginAppend() {
    appends.increment()
    activeAppends.add(1)
  }

  func endAppend() { activeAppends.add(-1) }
}
