internal import ApusModel
package import ApusStorage
package import ApusSystem
package import ApusTelemetry

/// Writes blocks: from the head, from blocks that are merged, from one without what is deleted.
///
/// Blocking, and busy for as long as there are samples: call it on a worker. It holds the symbols
/// of its input, four bytes a series, and one series at a time.
package final class BlockCompactor: Sendable {
  package struct Options: Sendable {
    /// Of blocks that are merged. What comes from the head keeps its chunks.
    package var chunking = BlockChunking.denseDefault
    package var segmentBytesMax = ChunkFile.segmentBytesMax

    package init() {}
  }

  private let dataDirectory: String
  private let files: any FileSystem
  private let clock: any WallClock
  private let random: any RandomSource
  private let log: Log
  private let metrics: CompactionMetrics
  private let options: Options

  package init(
    dataDirectory: String, files: any FileSystem, clock: any WallClock,
    random: any RandomSource, log: Log, metrics: MetricRegistry, options: Options = Options()
  ) {
    self.dataDirectory = dataDirectory
    self.files = files
    self.clock = clock
    self.random = random
    self.log = log
    self.metrics = CompactionMetrics(metrics)
    self.options = options
  }

  /// Writes a block of the samples in a range of time, such as two hours of the head.
  ///
  /// - Parameters:
  ///   - minTimeMs: where the block begins.
  ///   - maxTimeMs: where it ends, exclusive.
  ///   - hints: such as `BlockMeta.Compaction.fromOutOfOrderHint`.
  ///   - isCancelled: asked from time to time; when true, the work is given up.
  /// - Returns: the meta of the block, which is then in the data directory; nil if there was no
  ///   sample.
  package func write(
    _ source: any SeriesSource, minTimeMs: Int64, maxTimeMs: Int64, hints: [String] = [],
    isCancelled: () -> Bool = { false }
  ) throws(StorageError) -> BlockMeta? {
    var meta = BlockMeta(ulid: newULID(), minTimeMs: minTimeMs, maxTimeMs: maxTimeMs)
    meta.compaction.sources = [meta.ulid]
    meta.compaction.hints = hints
    return try write(source, meta, isCancelled)
  }

  /// Merges blocks into one.
  ///
  /// - Returns: the meta of the new block, which names the others as its parents: they can go
  ///   once it is loaded. Nil if nothing was left of them: they are then marked as deletable.
  package func compact(
    _ blocks: [Block], isCancelled: () -> Bool = { false }
  ) throws(StorageError) -> BlockMeta? {
    precondition(!blocks.isEmpty, "no blocks to compact")
    let sorted = blocks.sorted { ($0.meta.minTimeMs, $0.ulid) < ($1.meta.minTimeMs, $1.ulid) }
    let meta = BlockMeta.merging(sorted.map(\.meta), as: newULID())
    if Self.overlap(sorted.map(\.meta)) {
      metrics.vertical.increment()
      log.info("Found overlapping blocks during compaction", ["ulid": "\(meta.ulid)"])
    }
    do throws(StorageError) {
      // Of two samples at one time that which came in order stays.
      let source = try MergedSeriesSource(
        sorted.filter { !$0.meta.compaction.isFromOutOfOrder }
          + sorted.filter(\.meta.compaction.isFromOutOfOrder))
      guard let written = try write(source, meta, isCancelled) else {
        for block in sorted { try block.markDeletable() }
        return nil
      }
      return written
    } catch {
      // A full disk may have room again; wrong bytes stay wrong.
      if error.reason == .corrupt {
        for block in sorted { try? block.markCompactionFailed() }
      }
      throw error
    }
  }

  /// Writes a block again without what is deleted of it.
  ///
  /// - Returns: as `compact`.
  package func clean(
    _ block: Block, isCancelled: () -> Bool = { false }
  ) throws(StorageError) -> BlockMeta? {
    let old = block.meta
    var meta = BlockMeta(
      ulid: newULID(), minTimeMs: old.minTimeMs, maxTimeMs: old.maxTimeMs)
    meta.compaction.sources = [meta.ulid]
    meta.compaction.parents = [
      .init(ulid: old.ulid, minTimeMs: old.minTimeMs, maxTimeMs: old.maxTimeMs)
    ]
    meta.compaction.hints = old.compaction.hints
    let written = try write(MergedSeriesSource([block]), meta, isCancelled)
    if written == nil { try block.markDeletable() }
    return written
  }

  /// The series of blocks as one sequence in label order, chunks as they stand on disk.
  package static func source(
    of blocks: [Block]
  ) throws(StorageError) -> any SeriesSource {
    try MergedSeriesSource(blocks)
  }

  private func newULID() -> ULID { ULID(timeMs: clock.nowMs, random: random) }

  private static func overlap(_ sorted: [BlockMeta]) -> Bool {
    var endMs = Int64.min
    for meta in sorted {
      if meta.minTimeMs < endMs { return true }
      endMs = max(endMs, meta.maxTimeMs)
    }
    return false
  }

  private func write(
    _ source: any SeriesSource, _ meta: BlockMeta, _ isCancelled: () -> Bool
  ) throws(StorageError) -> BlockMeta? {
    let startNs = clock.monotonicNs
    metrics.populating.set(1)
    defer {
      metrics.populating.set(0)
      metrics.total.increment()
      metrics.duration.observe(Double(clock.monotonicNs - startNs) / 1e9)
    }
    let writer = try BlockWriter(
      dataDirectory: dataDirectory, meta: meta, symbols: try source.symbols(), files: files,
      segmentBytesMax: options.segmentBytesMax)
    do throws(StorageError) {
      try populate(writer, from: source, isCancelled)
      let written = try writer.finish()
      logEnd(written ?? meta, isEmpty: written == nil, startNs: startNs)
      return written
    } catch {
      writer.abandon()
      throw error
    }
  }

  private func populate(
    _ writer: BlockWriter, from source: any SeriesSource, _ isCancelled: () -> Bool
  ) throws(StorageError) {
    let meta = writer.meta
    var merge = ChunkMerge(
      range: TimeRange(meta.minTimeMs, meta.maxTimeMs - 1),
      chunking: meta.compaction.level > 1 ? options.chunking : .prometheus)
    var series = SourceSeries()
    var chunks = SeriesChunks()
    var count = 0
    while try source.next(&series) {
      if count & 1023 == 0, isCancelled() {
        throw StorageError(.cancelled, "compaction was cancelled")
      }
      count += 1
      chunks.removeAll()
      try merge.merge(series, into: &chunks)
      if meta.compaction.level == 1 { metrics.observe(chunks) }
      try writer.add(series.labels, chunks)
    }
  }

  private func logEnd(_ meta: BlockMeta, isEmpty: Bool, startNs: UInt64) {
    let seconds = Double(clock.monotonicNs - startNs) / 1e9
    if isEmpty {
      log.info(
        "write block resulted in empty block",
        ["mint": "\(meta.minTimeMs)", "maxt": "\(meta.maxTimeMs)", "duration": "\(seconds)s"])
    } else {
      log.info(
        "write block completed",
        [
          "mint": "\(meta.minTimeMs)", "maxt": "\(meta.maxTimeMs)", "ulid": "\(meta.ulid)",
          "level": "\(meta.compaction.level)", "series": "\(meta.stats.seriesCount)",
          "samples": "\(meta.stats.sampleCount)", "duration": "\(seconds)s",
        ])
    }
  }
}
