internal import ApusTelemetry
internal import Synchronization

/// What /metrics tells of scraping, under Prometheus's names.
final class ScrapeMetrics: Sendable {
  let exceededSampleLimit: Counter
  let exceededBodyLimit: Counter
  let exceededBucketLimit: Counter
  let duplicates: Counter
  let outOfOrder: Counter
  let outOfBounds: Counter
  let exceededLabelLimits: Counter
  let exceededTargetLimit: Counter
  let poolsCreated: Counter
  let poolsFailed: Counter
  let reloads: Counter
  let reloadsFailed: Counter
  let pools: PoolMetrics
  let intervals: MetricFamily<DurationSummary>
  let intervalHistogram: MetricFamily<Distribution>
  let duration: Distribution
  let reloadSeconds: MetricFamily<DurationSummary>

  init(_ registry: MetricRegistry) {
    let prefix = "prometheus_target_"
    func counter(_ name: String, _ help: String) -> Counter {
      registry.counter(prefix + name, help: help)
    }
    exceededSampleLimit = counter(
      "scrapes_exceeded_sample_limit_total",
      "Total number of scrapes that hit the sample limit and were rejected.")
    exceededBodyLimit = counter(
      "scrapes_exceeded_body_size_limit_total",
      "Total number of scrapes that hit the body size limit")
    duplicates = counter(
      "scrapes_sample_duplicate_timestamp_total",
      "Total number of samples rejected due to duplicate timestamps but different values.")
    outOfOrder = counter(
      "scrapes_sample_out_of_order_total",
      "Total number of samples rejected due to not being out of the expected order.")
    outOfBounds = counter(
      "scrapes_sample_out_of_bounds_total",
      "Total number of samples rejected due to timestamp falling outside of the time bounds.")
    exceededLabelLimits = counter(
      "scrape_pool_exceeded_label_limits_total",
      "Total number of times scrape pools hit the label limits, during sync or config reload.")
    exceededTargetLimit = counter(
      "scrape_pool_exceeded_target_limit_total",
      "Total number of times scrape pools hit the target limit, during sync or config reload.")
    poolsCreated = counter(
      "scrape_pools_total", "Total number of scrape pool creation attempts.")
    poolsFailed = counter(
      "scrape_pools_failed_total", "Total number of scrape pool creations that failed.")
    reloads = counter("scrape_pool_reloads_total", "Total number of scrape pool reloads.")
    reloadsFailed = counter(
      "scrape_pool_reloads_failed_total", "Total number of failed scrape pool reloads.")
    // Never counted: caches hold what the last good scrape had, and exemplars are judged by the
    // store. Dashboards look for the names.
    _ = counter(
      "scrapes_exemplar_out_of_order_total",
      "Total number of exemplar rejected due to not being out of the expected order.")
    exceededBucketLimit = counter(
      "scrapes_exceeded_native_histogram_bucket_limit_total",
      "Total number of scrapes that hit the native histogram bucket limit and were rejected.")
    _ = counter(
      "scrapes_cache_flush_forced_total",
      "How many times a scrape cache was flushed due to getting big while scrapes are failing.")
    pools = PoolMetrics(registry)
    intervals = registry.summaries(
      prefix + "interval_length_seconds", help: "Actual intervals between scrapes.",
      labels: ["interval"])
    intervalHistogram = registry.distributions(
      prefix + "interval_length_histogram_seconds", help: "Actual intervals between scrapes.",
      labels: ["interval"], bounds: [0.01, 0.1, 1, 10, 100, 1000])
    reloadSeconds = registry.summaries(
      prefix + "reload_length_seconds",
      help: "Actual interval to reload the scrape pool with a given configuration.",
      labels: ["interval"])
    duration = registry.distribution(
      prefix + "scrape_duration_seconds",
      help: "Total duration of the scrape from start to commit completion in seconds.",
      bounds: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10])
  }

  /// Counts what one scrape could not store.
  func count(_ counts: ScrapeBatch.Counts) {
    if counts.duplicates > 0 { duplicates.increment(by: Double(counts.duplicates)) }
    if counts.outOfOrder > 0 { outOfOrder.increment(by: Double(counts.outOfOrder)) }
    if counts.outOfBounds > 0 { outOfBounds.increment(by: Double(counts.outOfBounds)) }
  }
}

/// The metrics that each job has.
final class PoolMetrics: Sendable {
  let syncs: MetricFamily<Counter>
  let syncFailures: MetricFamily<Counter>
  let targets: MetricFamily<Gauge>
  let targetLimit: MetricFamily<Gauge>
  let metadataEntries: MetricFamily<Gauge>
  let metadataBytes: MetricFamily<Gauge>
  let syncSeconds: MetricFamily<DurationSummary>
  let syncHistogram: MetricFamily<Distribution>

  init(_ registry: MetricRegistry) {
    let prefix = "prometheus_target_"
    let labels = ["scrape_job"]
    syncs = registry.counters(
      prefix + "scrape_pool_sync_total",
      help: "Total number of syncs that were executed on a scrape pool.", labels: labels)
    syncFailures = registry.counters(
      prefix + "sync_failed_total", help: "Total number of target sync failures.", labels: labels)
    targets = registry.gauges(
      prefix + "scrape_pool_targets", help: "Current number of targets in this scrape pool.",
      labels: labels)
    targetLimit = registry.gauges(
      prefix + "scrape_pool_target_limit",
      help: "Maximum number of targets allowed in this scrape pool.", labels: labels)
    metadataEntries = registry.gauges(
      prefix + "metadata_cache_entries",
      help: "Total number of metric metadata entries in the cache", labels: labels)
    metadataBytes = registry.gauges(
      prefix + "metadata_cache_bytes", help: "Total number of bytes in the metadata cache",
      labels: labels)
    syncSeconds = registry.summaries(
      prefix + "sync_length_seconds", help: "Actual interval to sync the scrape pool.",
      labels: labels)
    syncHistogram = registry.distributions(
      prefix + "sync_length_histogram_seconds",
      help: "Actual interval to sync the scrape pool.", labels: labels,
      bounds: [0.01, 0.1, 1, 10])
  }

  func remove(_ job: String) {
    syncs.remove(job)
    syncFailures.remove(job)
    targets.remove(job)
    targetLimit.remove(job)
    metadataEntries.remove(job)
    metadataBytes.remove(job)
    syncSeconds.remove(job)
    syncHistogram.remove(job)
  }
}

/// Quantiles of the newest observations, with sum and count of all: what Prometheus calls a
/// summary.
final class DurationSummary: Sendable {
  private struct State {
    var newest: [Double] = []
    var next = 0
    var sum = 0.0
    var count = 0
  }

  private static let observationsMax = 500
  private static let quantiles = [0.01, 0.05, 0.5, 0.9, 0.99]
  private let state = Mutex(State())

  init() {}

  func observe(_ value: Double) {
    state.withLock { state in
      state.sum += value
      state.count += 1
      if state.newest.count < Self.observationsMax {
        state.newest.append(value)
      } else {
        state.newest[state.next] = value
        state.next = (state.next + 1) % Self.observationsMax
      }
    }
  }

  func points(_ labels: [(name: String, value: String)]) -> [MetricRegistry.Point] {
    let now = state.withLock { $0 }
    let sorted = now.newest.sorted()
    var points = Self.quantiles.map { quantile in
      let rank = Int((quantile * Double(sorted.count)).rounded(.up))
      return MetricRegistry.Point(
        labels: labels + [(name: "quantile", value: "\(quantile)")],
        value: sorted.isEmpty ? .nan : sorted[max(0, rank - 1)])
    }
    points.append(.init(suffix: "_sum", labels: labels, value: now.sum))
    points.append(.init(suffix: "_count", labels: labels, value: Double(now.count)))
    return points
  }
}

extension MetricRegistry {
  func summaries(
    _ name: String, help: String, labels: [String]
  ) -> MetricFamily<DurationSummary> {
    let family = MetricFamily(labelNames: labels) { DurationSummary() }
    register(name, help: help, kind: .summary) {
      family.all.flatMap { child in
        child.instrument.points(zip(labels, child.values).map { (name: $0, value: $1) })
      }
    }
    return family
  }
}
