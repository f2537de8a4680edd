internal import ApusSystem
internal import ApusTelemetry
internal import Synchronization

/// What the store counts beside the head, under Prometheus's names.
final class TSDBMetrics: Sendable {
  let wal: WALMetrics
  let wbl: WALMetrics
  let walTruncateDuration: Summary
  let checkpoints: Counter
  let checkpointsFailed: Counter
  let checkpointDeletions: Counter
  let checkpointDeletionsFailed: Counter
  let compactionsTriggered: Counter
  let compactionsFailed: Counter
  let compactionsSkipped: Counter
  let reloads: Counter
  let reloadsFailed: Counter
  let timeRetentions: Counter
  let sizeRetentions: Counter
  let tombstoneCleanup: Distribution
  let staleCompactions: Counter
  let staleCompactionsFailed: Counter
  let staleCompaction: Distribution
  private let blocksLoaded: Gauge
  private let blockBytes: Gauge
  private let symbolBytes: Gauge

  init(_ registry: MetricRegistry, clock: any WallClock) {
    func counter(_ name: String, _ help: String) -> Counter {
      registry.counter("prometheus_tsdb_" + name, help: help)
    }
    func gauge(_ name: String, _ help: String) -> Gauge {
      registry.gauge("prometheus_tsdb_" + name, help: help)
    }
    wal = WALMetrics(.wal, registry, clock: clock)
    wbl = WALMetrics(.outOfOrder, registry, clock: clock)
    walTruncateDuration = registry.summary(
      "prometheus_tsdb_wal_truncate_duration_seconds", help: "Duration of WAL truncation.",
      quantiles: [])
    checkpoints = counter(
      "checkpoint_creations_total", "Total number of checkpoint creations attempted.")
    checkpointsFailed = counter(
      "checkpoint_creations_failed_total", "Total number of checkpoint creations that failed.")
    checkpointDeletions = counter(
      "checkpoint_deletions_total", "Total number of checkpoint deletions attempted.")
    checkpointDeletionsFailed = counter(
      "checkpoint_deletions_failed_total", "Total number of checkpoint deletions that failed.")
    compactionsTriggered = counter(
      "compactions_triggered_total",
      "Total number of triggered compactions for the partition.")
    compactionsFailed = counter(
      "compactions_failed_total", "Total number of compactions that failed for the partition.")
    compactionsSkipped = counter(
      "compactions_skipped_total",
      "Total number of skipped compactions due to disabled auto compaction.")
    reloads = counter(
      "reloads_total", "Number of times the database reloaded block data from disk.")
    reloadsFailed = counter(
      "reloads_failures_total",
      "Number of times the database failed to reloadBlocks block data from disk.")
    timeRetentions = counter(
      "time_retentions_total",
      "The number of times that blocks were deleted because the maximum time limit was exceeded.")
    sizeRetentions = counter(
      "size_retentions_total",
      "The number of times that blocks were deleted because the maximum number of bytes was "
        + "exceeded.")
    tombstoneCleanup = registry.distribution(
      "prometheus_tsdb_tombstone_cleanup_seconds",
      help: "The time taken to recompact blocks to remove tombstones.",
      bounds: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10])
    staleCompactions = counter(
      "stale_series_compactions_triggered_total",
      "Total number of triggered stale series compactions.")
    staleCompactionsFailed = counter(
      "stale_series_compactions_failed_total",
      "Total number of stale series compactions that failed.")
    staleCompaction = registry.distribution(
      "prometheus_tsdb_stale_series_compaction_duration_seconds",
      help: "Duration of stale series compaction runs.",
      bounds: (0..<14).map { Double(1 << $0) })
    blocksLoaded = gauge("blocks_loaded", "Number of currently loaded data blocks")
    blockBytes = gauge(
      "storage_blocks_bytes",
      "The number of bytes that are currently used for local storage by all blocks.")
    symbolBytes = gauge(
      "symbol_table_size_bytes", "Size of symbol table in memory for loaded blocks")
  }

  func observe(_ blocks: [Block]) {
    blocksLoaded.set(Double(blocks.count))
    blockBytes.set(Double(blocks.reduce(0) { $0 + $1.sizeBytes }))
    symbolBytes.set(Double(blocks.reduce(0) { $0 + $1.index.symbolCount * 8 }))
  }

  /// Registers what is read from the store when it is asked for.
  func observe(_ store: TSDB, _ registry: MetricRegistry) {
    func gauge(_ name: String, _ help: String, _ read: @escaping @Sendable (TSDB) -> Double) {
      registry.gauge("prometheus_tsdb_" + name, help: help) { [weak store] in
        store.map(read) ?? 0
      }
    }
    gauge("lowest_timestamp", "Lowest timestamp value stored in the database.") {
      Double($0.oldestTimeMs ?? 0)
    }
    gauge("lowest_timestamp_seconds", "Lowest timestamp value stored in the database.") {
      Double(($0.oldestTimeMs ?? 0) / 1000)
    }
    gauge("retention_limit_seconds", "How long to retain samples in storage.") {
      Double($0.retention.withLock { $0.ageMs }) / 1000
    }
    gauge(
      "retention_limit_bytes",
      "Max number of bytes to be retained in the tsdb blocks, configured 0 means disabled"
    ) { Double($0.retentionBytesMax) }
    gauge(
      "retention_limit_percentage",
      "Max percentage of total storage space to be retained in the tsdb blocks, configured 0 "
        + "means disabled"
    ) { $0.retention.withLock { $0.percentage } }
    wal.observe(registry) { [weak store] in
      store?.head.log?.writer.segment ?? 0
    } sizeBytes: { [weak store] in
      store.map { $0.files.sizeBytes(under: $0.walDirectory) } ?? 0
    }
    wbl.observe(registry) { [weak store] in
      store?.head.outOfOrderWriter?.segment ?? 0
    } sizeBytes: { [weak store] in
      store.map { $0.files.sizeBytes(under: $0.wblDirectory) } ?? 0
    }
    gauge("head_chunks_storage_size_bytes", "Size of the chunks_head directory.") {
      Double($0.files.sizeBytes(under: $0.headChunksDirectory))
    }
    gauge(
      "clean_start",
      "-1: lockfile is disabled. 0: a lockfile from a previous execution was "
        + "replaced. 1: lockfile creation was clean"
    ) { $0.cleanStart }
  }
}
