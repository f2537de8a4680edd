internal import ApusTelemetry

/// What the engine counts of itself, under Prometheus's names.
struct EngineMetrics: Sendable {
  let running: Gauge
  private let samples: Counter
  private let samplesRead: Counter
  private let distributions: MetricFamily<Distribution>
  private let summaries: MetricFamily<Summary>

  private static let slices = ["queue_time", "prepare_time", "inner_eval", "result_sort"]

  init(_ registry: MetricRegistry, maxConcurrency: Int) {
    running = registry.gauge(
      "prometheus_engine_queries",
      help: "The current number of queries being executed or waiting.")
    registry.gauge(
      "prometheus_engine_queries_concurrent_max", help: "The max number of concurrent queries."
    ).set(Double(maxConcurrency))
    samples = registry.counter(
      "prometheus_engine_query_samples_total",
      help: "The total number of samples loaded by all queries (full window per step for "
        + "range-vector).")
    samplesRead = registry.counter(
      "prometheus_engine_query_samples_read_total",
      help: "The total number of samples read by all queries (only new points per step for "
        + "range-vector).")
    distributions = registry.distributions(
      "prometheus_engine_query_duration_histogram_seconds",
      help: "The duration of various parts of PromQL query execution.", labels: ["slice"],
      bounds: [0.01, 0.1, 1, 10])
    summaries = registry.summaries(
      "prometheus_engine_query_duration_seconds", help: "Query timings", labels: ["slice"],
      quantiles: [0.5, 0.9, 0.99])
    // They are there before the first query.
    for slice in EngineMetrics.slices {
      _ = distributions.child([slice])
      _ = summaries.child([slice])
    }
  }

  func observe(_ statistics: QueryStatistics) {
    samples.increment(by: Double(statistics.totalQueryableSamples))
    samplesRead.increment(by: Double(statistics.samplesRead))
    observe("queue_time", statistics.execQueueSeconds)
    observe("prepare_time", statistics.queryPreparationSeconds)
    observe("inner_eval", statistics.innerEvalSeconds)
    observe("result_sort", statistics.resultSortSeconds)
  }

  private func observe(_ slice: String, _ seconds: Double) {
    distributions.child([slice]).observe(seconds)
    summaries.child([slice]).observe(seconds)
  }
}
