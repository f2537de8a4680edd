/// Every knob of the local store. The defaults are Prometheus's.
package struct TSDBOptions: Sendable {
  /// Blocks whose end lies this long or longer before that of the newest are deleted; 0 keeps all.
  package var retentionMs: Int64 = 15 * 24 * 3_600_000
  /// Blocks, log and head chunks together take no more than this; 0 for no bound.
  package var retentionBytesMax: Int64 = 0
  /// The same as a share of the volume, in percent; goes before it. 0 for no bound.
  package var retentionPercentage = 0.0
  /// Length of the blocks that the head is cut into.
  package var blockMinMs: Int64 = 2 * 3_600_000
  /// Length beyond which blocks are not merged; 0 for a tenth of the retention, 31 days at most.
  package var blockMaxMs: Int64 = 0
  /// Whether blocks that overlap are merged, or left to somebody else.
  package var mergesOverlapping = true
  /// Samples that a float chunk of the head aims at; it is cut at twice as many.
  package var samplesPerChunk = Limits.samplesPerChunkTarget
  /// How blocks that are merged lay out their chunks.
  package var chunking = BlockChunking.denseDefault
  /// Largest chunk file of a block.
  package var chunkFileBytesMax = ChunkFile.segmentBytesMax
  /// File that says which blocks are uploaded (`UploadedBlocks`); those that are not are not
  /// compacted. Empty for no such file.
  package var uploadedBlocksPath = ""
  /// Time between two looks at which blocks there are, ms; no less than a second.
  package var blockReloadIntervalMs: Int64 = 60_000
  package var walSegmentBytes = 128 << 20
  package var walCompression = WALCompression.snappy
  /// Time between two syncs of the log; 0 syncs before an append is acknowledged.
  package var walSyncIntervalMs: Int64 = 1_000
  /// Exemplars kept in memory; 0 switches them off.
  package var exemplarsMax = 0
  package var storesHistograms = true
  /// How far behind the newest sample others may come out of order, ms; 0 for not at all.
  package var outOfOrderWindowMs: Int64 = 0
  /// Share of ended series, 0...1, from which on they leave the head early; 0 for never.
  package var staleSeriesThreshold = 0.0
  /// Whether the directory is taken by a lock file.
  package var locksDirectory = true
  /// Time between two images of the head, which make the next start quick; 0 for none.
  package var headImageIntervalMs: Int64 = 300_000
  /// Bytes that must have been logged since the last image for one to be written at the end: a stop
  /// is waited for, and less is replayed in no time. 0 for one at every end.
  package var headImageLogBytesMin = 32 << 20
  /// The same, right after a start that has replayed so much: who crashes again replays less, and
  /// who stops soon stops at once.
  package var headImageReplayBytesMin = 4 << 20
  /// Whether blocks are cut and merged.
  package var compacts = true

  package init() {}

  /// With nothing in it that no store can live with: as in Prometheus, the default stands for it.
  var usable: TSDBOptions {
    var usable = self
    if blockMinMs <= 0 { usable.blockMinMs = TSDBOptions().blockMinMs }
    if samplesPerChunk <= 0 { usable.samplesPerChunk = TSDBOptions().samplesPerChunk }
    return usable
  }

  var retention: Retention {
    Retention(ageMs: retentionMs, bytesMax: retentionBytesMax, percentage: retentionPercentage)
  }

  /// Lengths of blocks: 2 h, 6 h, 18 h and so on.
  var blockRangesMs: [Int64] {
    let month: Int64 = 31 * 86_400_000
    let most = retentionMs > 0 ? min(retentionMs / 10, month) : month
    return CompactionPlan.exponentialRanges(
      minMs: blockMinMs, maxMs: blockMaxMs > 0 ? blockMaxMs : max(most, blockMinMs))
  }
}

/// How long blocks are kept; 0 for no bound, as in `TSDBOptions`.
struct Retention: Sendable, Equatable {
  var ageMs: Int64
  var bytesMax: Int64
  var percentage: Double
}
