/// What a block says about itself: its meta.json.
package struct BlockMeta: Sendable, Equatable {
  package var ulid: ULID
  /// Oldest sample, or the start of the range the block was made for; ms since the epoch.
  package var minTimeMs: Int64
  /// Exclusive.
  package var maxTimeMs: Int64
  package var stats = Stats()
  package var compaction = Compaction()
  /// Members that Apus does not know, such as "thanos", kept when the file is rewritten.
  var unknown: [MetaJSON.Member] = []

  package init(ulid: ULID, minTimeMs: Int64, maxTimeMs: Int64) {
    self.ulid = ulid
    self.minTimeMs = minTimeMs
    self.maxTimeMs = maxTimeMs
  }

  package struct Stats: Sendable, Equatable {
    package var sampleCount: UInt64 = 0
    package var floatSampleCount: UInt64 = 0
    package var histogramSampleCount: UInt64 = 0
    package var seriesCount: UInt64 = 0
    package var chunkCount: UInt64 = 0
    package var tombstoneCount: UInt64 = 0

    package init() {}
  }

  package struct Compaction: Sendable, Equatable {
    /// 1 for a block made from the head.
    package var level = 1
    /// The blocks made from the head that are in this one, ascending.
    package var sources: [ULID] = []
    /// Nothing was left of the block when it was compacted.
    package var isDeletable = false
    /// The blocks from which this one was made. They are deleted once this one is loaded.
    package var parents: [Parent] = []
    /// A compaction of this block failed: it is not planned again.
    package var isFailed = false
    package var hints: [String] = []

    package init() {}

    package static let fromOutOfOrderHint = "from-out-of-order"
    package static let fromStaleSeriesHint = "from-stale-series"
    package static let fromSelectedSeriesHint = "from-selected-series"

    package var isFromOutOfOrder: Bool { hints.contains(Self.fromOutOfOrderHint) }
    package var isFromStaleSeries: Bool { hints.contains(Self.fromStaleSeriesHint) }
  }

  package struct Parent: Sendable, Equatable {
    package let ulid: ULID
    package let minTimeMs: Int64
    package let maxTimeMs: Int64

    package init(ulid: ULID, minTimeMs: Int64, maxTimeMs: Int64) {
      self.ulid = ulid
      self.minTimeMs = minTimeMs
      self.maxTimeMs = maxTimeMs
    }
  }

  /// The meta of the block that `parents` are merged into, with empty stats. (Prometheus,
  /// tsdb/compact.go, CompactBlockMetas.)
  package static func merging(_ parents: [BlockMeta], as ulid: ULID) -> BlockMeta {
    var meta = BlockMeta(
      ulid: ulid,
      minTimeMs: parents.map(\.minTimeMs).min() ?? 0,
      maxTimeMs: parents.map(\.maxTimeMs).max() ?? 0)
    meta.compaction.level = (parents.map(\.compaction.level).max() ?? 0) + 1
    meta.compaction.sources = Set(parents.flatMap(\.compaction.sources)).sorted()
    meta.compaction.parents = parents.map {
      Parent(ulid: $0.ulid, minTimeMs: $0.minTimeMs, maxTimeMs: $0.maxTimeMs)
    }
    if parents.contains(where: \.compaction.isFromStaleSeries) {
      meta.compaction.hints = [Compaction.fromStaleSeriesHint]
    }
    return meta
  }
}
