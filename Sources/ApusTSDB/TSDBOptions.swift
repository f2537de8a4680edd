/// Every knob of the local store. The defaults are Prometheus's.
package struct TSDBOptions: Sendable {
  /// Blocks whose end lies this long or longer before that of the newest are deleted; 0 keeps all.
  package var retentionMs: Int64 = 15 * 24 * 3_600_000
  /// Blocks, log and head chunks together take no more than this; 0 for no bound.
  package var retentionBytesMax: Int64 = 0
  /// Length of the blocks that the head is cut into.
  package var blockMinMs: Int64 = 2 * 3_600_000
  /// Length beyond which blocks are not merged; 0 for a tenth of the retention, 31 days at most.
  package var blockMaxMs: Int64 = 0
  package var walSegmentBytes = 128 << 20
  /// Whether log records are compressed by snappy.
  package var compressesWAL = true
  /// Time between two syncs of the log; 0 leaves it to the system, as Prometheus does.
  package var walSyncIntervalMs: Int64 = 0
  /// Exemplars kept in memory; 0 switches them off.
  package var exemplarsMax = 0
  package var storesHistograms = true
  /// How far behind the newest sample others may come out of order, ms; 0 for not at all.
  package var outOfOrderWindowMs: Int64 = 0
  /// Whether blocks that overlap are merged.
  package var mergesOverlappingBlocks = true
  /// Whether the directory is taken by a lock file.
  package var locksDirectory = true
  /// Whether blocks are cut and merged.
  package var compacts = true

  package init() {}

  /// Lengths of blocks: 2 h, 6 h, 18 h and so on.
  var blockRangesMs: [Int64] {
    let month: Int64 = 31 * 86_400_000
    let most = retentionMs > 0 ? min(retentionMs / 10, month) : month
    return CompactionPlan.exponentialRanges(
      minMs: blockMinMs, maxMs: blockMaxMs > 0 ? blockMaxMs : max(most, blockMinMs))
  }
}
