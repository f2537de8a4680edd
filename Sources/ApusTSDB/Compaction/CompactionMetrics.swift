internal import ApusTelemetry

/// What compactions show of themselves, under Prometheus's names.
struct CompactionMetrics: Sendable {
  let total: Counter
  let vertical: Counter
  let populating: Gauge
  let duration: Distribution
  private let chunkBytes: Distribution
  private let chunkSamples: Distribution
  private let chunkSeconds: Distribution

  init(_ registry: MetricRegistry) {
    total = registry.counter(
      "prometheus_tsdb_compactions_total",
      help: "Total number of compactions that were executed for the partition.")
    vertical = registry.counter(
      "prometheus_tsdb_vertical_compactions_total",
      help: "Total number of compactions done on overlapping blocks.")
    populating = registry.gauge(
      "prometheus_tsdb_compaction_populating_block",
      help: "Set to 1 when a block is currently being written to the disk.")
    duration = registry.distribution(
      "prometheus_tsdb_compaction_duration_seconds", help: "Duration of compaction runs",
      bounds: Self.bounds(1, factor: 2, count: 14))
    chunkBytes = registry.distribution(
      "prometheus_tsdb_compaction_chunk_size_bytes",
      help: "Final size of chunks on their first compaction",
      bounds: Self.bounds(32, factor: 1.5, count: 12))
    chunkSamples = registry.distribution(
      "prometheus_tsdb_compaction_chunk_samples",
      help: "Final number of samples on their first compaction",
      bounds: Self.bounds(4, factor: 1.5, count: 12))
    chunkSeconds = registry.distribution(
      "prometheus_tsdb_compaction_chunk_range_seconds",
      help: "Final time range of chunks on their first compaction",
      bounds: Self.bounds(100, factor: 4, count: 10))
  }

  func observe(_ series: borrowing SeriesChunks) {
    for chunk in series.chunks {
      chunkBytes.observe(Double(chunk.bytes.count))
      chunkSamples.observe(Double(series.sampleCount(of: chunk)))
      // Milliseconds, in spite of the name: Prometheus's own unit here.
      chunkSeconds.observe(Double(chunk.maxTimeMs) - Double(chunk.minTimeMs))
    }
  }

  private static func bounds(_ start: Double, factor: Double, count: Int) -> [Double] {
    var bounds = [start]
    while bounds.count < count { bounds.append(bounds[bounds.count - 1] * factor) }
    return bounds
  }
}
