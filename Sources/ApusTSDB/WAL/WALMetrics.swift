package import ApusSystem
package import ApusTelemetry

/// What a log counts, under the names that Prometheus gives it (tsdb/wlog/wlog.go).
package final class WALMetrics: Sendable {
  /// Which log it is: the first part of the names.
  package enum Prefix: String, Sendable {
    case wal = "prometheus_tsdb_wal_"
    case outOfOrder = "prometheus_tsdb_out_of_order_wbl_"
  }

  private let prefix: Prefix
  private let clock: any WallClock
  private let fsyncDuration: Summary
  private let pageFlushes: Counter
  private let completedPages: Counter
  package let truncations: Counter
  package let truncationsFailed: Counter
  private let writesFailed: Counter
  private let partWrites: Counter
  private let partBytes: Counter
  private let bytesSaved: MetricFamily<Counter>

  package init(_ prefix: Prefix, _ registry: MetricRegistry, clock: any WallClock) {
    self.prefix = prefix
    self.clock = clock
    func counter(_ name: String, _ help: String) -> Counter {
      registry.counter(prefix.rawValue + name, help: help)
    }
    fsyncDuration = registry.summary(
      prefix.rawValue + "fsync_duration_seconds", help: "Duration of write log fsync.",
      quantiles: [0.5, 0.9, 0.99])
    pageFlushes = counter("page_flushes_total", "Total number of page flushes.")
    completedPages = counter("completed_pages_total", "Total number of completed pages.")
    truncations = counter(
      "truncations_total", "Total number of write log truncations attempted.")
    truncationsFailed = counter(
      "truncations_failed_total", "Total number of write log truncations that failed.")
    writesFailed = counter(
      "writes_failed_total", "Total number of write log writes that failed.")
    partWrites = counter(
      "record_part_writes_total", "Total number of record parts written before flushing.")
    partBytes = counter(
      "record_parts_bytes_written_total",
      "Total number of record part bytes written before flushing, including"
        + " CRC and compression headers.")
    bytesSaved = registry.counters(
      prefix.rawValue + "record_bytes_saved_total",
      help: "Total number of bytes saved by the optional record compression."
        + " Use this metric to learn about the effectiveness compression.",
      labels: ["compression"])
  }

  /// Registers what is read from a log when it is asked for.
  package func observe(
    _ registry: MetricRegistry, segment: @escaping @Sendable () -> Int,
    sizeBytes: @escaping @Sendable () -> Int
  ) {
    registry.gauge(
      prefix.rawValue + "segment_current",
      help: "Write log segment index that TSDB is currently writing to."
    ) { Double(segment()) }
    registry.gauge(
      prefix.rawValue + "storage_size_bytes", help: "Size of the write log directory."
    ) { Double(sizeBytes()) }
  }

  /// What one call of a writer did.
  struct Tally {
    var flushes = 0
    var pages = 0
    var parts = 0
    var partBytes = 0
    var savedBytes = 0
  }

  func count(_ tally: Tally, _ compression: WALCompression) {
    if tally.flushes > 0 { pageFlushes.increment(by: Double(tally.flushes)) }
    if tally.pages > 0 { completedPages.increment(by: Double(tally.pages)) }
    if tally.parts > 0 { partWrites.increment(by: Double(tally.parts)) }
    if tally.partBytes > 0 { partBytes.increment(by: Double(tally.partBytes)) }
    if tally.savedBytes > 0 {
      bytesSaved[compression.rawValue].increment(by: Double(tally.savedBytes))
    }
  }

  func countFailure() { writesFailed.increment() }

  /// Times a sync.
  func sync(_ body: () throws(WALError) -> Void) throws(WALError) {
    let start = clock.monotonicNs
    defer { fsyncDuration.observe(Double(clock.monotonicNs &- start) / 1e9) }
    try body()
  }
}
