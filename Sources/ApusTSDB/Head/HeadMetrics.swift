internal import ApusModel
internal import ApusSystem
internal import ApusStorage
internal import ApusTelemetry

/// What the head counts, under Prometheus's names.
final class HeadMetrics: Sendable {
  let seriesCreated: Counter
  let seriesRemoved: Counter
  let seriesNotFound: Counter
  let staleSeries: Gauge
  let activity: HeadActivity
  let chunksCreated: Counter
  let chunksRemoved: Counter
  let mmapChunks: Counter
  let mmapCorruptions: Counter
  let floatsAppended: Counter
  let histogramsAppended: Counter
  /// Refused for want of a window, by type.
  private let outOfOrder: MetricFamily<Counter>
  private let tooOld: MetricFamily<Counter>
  private let outOfBounds: MetricFamily<Counter>
  private let lateAppended: MetricFamily<Counter>
  /// How far behind the newest sample of the head late ones are, seconds.
  let outOfOrderDelta: Distribution
  let exemplarsAppended: Counter
  let exemplarsOutOfOrder: Counter
  let truncations: Counter
  let truncationsFailed: Counter
  let replaySeconds: Gauge
  let walCorruptions: Counter
  let replayUnknownRefs: MetricFamily<Counter>
  /// The same of the out-of-order log.
  let lateReplayUnknownRefs: MetricFamily<Counter>

  init(_ registry: MetricRegistry) {
    func counter(_ name: String, _ help: String) -> Counter {
      registry.counter("prometheus_tsdb_" + name, help: help)
    }
    seriesCreated = counter(
      "head_series_created_total", "Total number of series created in the head")
    seriesRemoved = counter(
      "head_series_removed_total", "Total number of series removed in the head")
    seriesNotFound = counter(
      "head_series_not_found_total", "Total number of requests for series that were not found.")
    staleSeries = registry.gauge(
      "prometheus_tsdb_head_stale_series", help: "Total number of stale series in the head block.")
    activity = HeadActivity(registry)
    chunksCreated = counter(
      "head_chunks_created_total", "Total number of chunks created in the head")
    chunksRemoved = counter(
      "head_chunks_removed_total", "Total number of chunks removed in the head")
    mmapChunks = counter("mmap_chunks_total", "Total number of chunks that were memory-mapped.")
    mmapCorruptions = counter(
      "mmap_chunk_corruptions_total", "Total number of memory-mapped chunk corruptions.")
    let appended = registry.counters(
      "prometheus_tsdb_head_samples_appended_total", help: "Total number of appended samples.",
      labels: ["type"])
    floatsAppended = appended["float"]
    histogramsAppended = appended["histogram"]
    outOfOrder = registry.counters(
      "prometheus_tsdb_out_of_order_samples_total",
      help: "Total number of out of order samples ingestion failed attempts due to out of order "
        + "being disabled.", labels: ["type"])
    tooOld = registry.counters(
      "prometheus_tsdb_too_old_samples_total",
      help: "Total number of out of order samples ingestion failed attempts with out of support "
        + "enabled, but sample outside of time window.", labels: ["type"])
    lateAppended = registry.counters(
      "prometheus_tsdb_head_out_of_order_samples_appended_total",
      help: "Total number of appended out of order samples.", labels: ["type"])
    outOfOrderDelta = registry.distribution(
      "prometheus_tsdb_sample_ooo_delta",
      help: "Delta in seconds by which a sample is considered out of order (reported regardless "
        + "of OOO time window and whether sample is accepted or not).",
      bounds: [600, 1800, 3600, 7200, 10_800, 21_600, 43_200])
    outOfBounds = registry.counters(
      "prometheus_tsdb_out_of_bound_samples_total",
      help: "Total number of out of bound samples ingestion failed attempts with out of order "
        + "support disabled.", labels: ["type"])
    for type in ["float", "histogram"] {
      for family in [outOfOrder, tooOld, outOfBounds, lateAppended] { _ = family[type] }
    }
    exemplarsAppended = counter(
      "exemplar_exemplars_appended_total", "Total number of appended exemplars.")
    exemplarsOutOfOrder = counter(
      "exemplar_out_of_order_exemplars_total",
      "Total number of out of order exemplar ingestion failed attempts.")
    truncations = counter("head_truncations_total", "Total number of head truncations attempted.")
    truncationsFailed = counter(
      "head_truncations_failed_total", "Total number of head truncations that failed.")
    replaySeconds = registry.gauge(
      "prometheus_tsdb_data_replay_duration_seconds",
      help: "Time taken to replay the data on disk.")
    walCorruptions = counter("wal_corruptions_total", "Total number of WAL corruptions.")
    replayUnknownRefs = registry.counters(
      "prometheus_tsdb_wal_replay_unknown_refs_total",
      help: "Total number of unknown series references encountered during WAL replay.",
      labels: ["type"])
    lateReplayUnknownRefs = registry.counters(
      "prometheus_tsdb_wbl_replay_unknown_refs_total",
      help: "Total number of unknown series references encountered during WBL replay.",
      labels: ["type"])
  }

  /// - Parameters:
  ///   - floats: stored in order, as are `histograms`.
  ///   - late: what was stored out of order.
  func count(
    floats: Int, histograms: Int, _ late: OutOfOrderPlan, _ outcome: AppendOutcome
  ) {
    let allFloats = floats + late.floatCount
    if allFloats > 0 { floatsAppended.increment(by: Double(allFloats)) }
    let allHistograms = histograms + late.histogramCount
    if allHistograms > 0 { histogramsAppended.increment(by: Double(allHistograms)) }
    if late.floatCount > 0 { lateAppended["float"].increment(by: Double(late.floatCount)) }
    if late.histogramCount > 0 {
      lateAppended["histogram"].increment(by: Double(late.histogramCount))
    }
    for rejection in outcome.rejections {
      let type = rejection.isHistogram ? "histogram" : "float"
      switch rejection.error {
      case .outOfOrder: outOfOrder[type].increment()
      case .tooOld: tooOld[type].increment()
      case .outOfBounds: outOfBounds[type].increment()
      case .unknownSeries: seriesNotFound.increment()
      default: continue
      }
    }
  }

  /// Registers what is read from the head when it is asked for.
  func observe(_ head: Head, _ registry: MetricRegistry) {
    func gauge(_ name: String, _ help: String, _ read: @escaping @Sendable (Head) -> Double) {
      registry.gauge("prometheus_tsdb_" + name, help: help) { [weak head] in
        head.map(read) ?? 0
      }
    }
    gauge("head_series", "Total number of series in the head block.") { Double($0.seriesCount) }
    gauge("head_chunks", "Total number of chunks in the head block.") {
      $0.metrics.chunksCreated.value - $0.metrics.chunksRemoved.value
    }
    gauge("head_min_time", "Minimum time bound of the head block.") { Double($0.times.minTime) }
    gauge("head_max_time", "Maximum timestamp of the head block.") { Double($0.times.maxTime) }
    gauge("head_min_time_seconds", "Minimum time bound of the head block.") {
      Double($0.times.minTime / 1000)
    }
    gauge("head_max_time_seconds", "Maximum timestamp of the head block.") {
      Double($0.times.maxTime / 1000)
    }
    gauge(
      "head_native_histogram_series",
      "Number of series whose most recent in-order sample is a native histogram."
    ) { Double($0.histogramCensus.series) }
    gauge(
      "head_native_histogram_buckets",
      "Number of positive and negative bucket entries in the most recent in-order native "
        + "histogram sample of each series, including entries carried by staleness markers."
    ) { Double($0.histogramCensus.buckets) }
    gauge("exemplar_exemplars_in_storage", "Number of exemplars currently in circular storage.") {
      Double($0.exemplars.count)
    }
    gauge("exemplar_max_exemplars", "Total number of exemplars the exemplar storage can store.") {
      Double($0.exemplars.capacity)
    }
    gauge(
      "exemplar_series_with_exemplars_in_storage",
      "Number of series with exemplars currently in circular storage."
    ) { Double($0.exemplars.seriesCount) }
    gauge(
      "exemplar_last_exemplars_timestamp_seconds",
      "The timestamp of the oldest exemplar stored in circular storage."
    ) { Double($0.exemplars.oldestTimeMs ?? 0) / 1000 }
  }
}
