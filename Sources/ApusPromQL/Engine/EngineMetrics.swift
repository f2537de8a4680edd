internal import ApusTelemetry

/// What the engine counts of itself, under Prometheus's names.
struct EngineMetrics: Sendable {
  let running: Gauge
  private let samples: Counter
  private let seconds: MetricFamily<Distribution>
  private let sums: [String: (seconds: Counter, count: Counter)]

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
      help: "The total number of samples loaded by all queries.")
    seconds = registry.distributions(
      "prometheus_engine_query_duration_histogram_seconds",
      help: "The duration of various parts of PromQL query execution.", labels: ["slice"],
      bounds: [0.01, 0.1, 1, 10])
    let counters = EngineMetrics.slices.map { ($0, (seconds: Counter(), count: Counter())) }
    let sums = Dictionary(uniqueKeysWithValues: counters)
    self.sums = sums
    registry.register(
      "prometheus_engine_query_duration_seconds", help: "Query timings", kind: .summary
    ) {
      EngineMetrics.slices.flatMap { slice -> [MetricRegistry.Point] in
        let labels = [(name: "slice", value: slice)]
        return [
          .init(suffix: "_sum", labels: labels, value: sums[slice]?.seconds.value ?? 0),
          .init(suffix: "_count", labels: labels, value: sums[slice]?.count.value ?? 0),
        ]
      }
    }
  }

  func observe(_ statistics: QueryStatistics) {
    samples.increment(by: Double(statistics.totalQueryableSamples))
    observe("queue_time", statistics.execQueueSeconds)
    observe("prepare_time", statistics.queryPreparationSeconds)
    observe("inner_eval", statistics.innerEvalSeconds)
    observe("result_sort", statistics.resultSortSeconds)
  }

  private func observe(_ slice: String, _ duration: Double) {
    seconds.child([slice]).observe(duration)
    sums[slice]?.seconds.increment(by: duration)
    sums[slice]?.count.increment()
  }
}
