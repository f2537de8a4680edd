internal import ApusTelemetry
internal import ApusModel
internal import ApusStorage
internal import ApusSystem
internal import Synchronization

/// The newest hours of samples, in memory, with all series that have any.
///
/// Locks, always taken in this order:
///   1. `appendLock`: one writer at a time. Its holder alone changes anything here.
///   2. `stateLock`: held while memory changes and while a reader copies what it needs; never
///      during a write to disk. A batch is applied under one hold, so that readers see all of it
///      or nothing.
/// A reader also holds a lease (`Epochs`), which keeps what it copied addresses of readable.
final class Head: @unchecked Sendable {
  // Sound because all that changes does so under both locks, and readers either hold `stateLock`
  // or look only at memory that their lease keeps as it was.
  let options: HeadOptions
  let epochs = Epochs()
  let columns: SeriesColumns
  let values: HeadLabelValuesCache
  let ranks: LabelRanks
  let exemplars: ExemplarRing
  let metadata = MetadataStore()
  let outOfOrder = OutOfOrderHead()
  let metrics: HeadMetrics
  var histograms = HistogramSeries()
  let appendLock = Mutex(())
  let stateLock = Mutex(())
  var clock = HeadTimes()
  var log: HeadLog?
  var scratch = AppendScratch()
  /// chunks_head; nil where chunks stay in memory.
  var chunkFiles: HeadChunkFiles?
  /// Slots of series that have full chunks in memory.
  var fullSlots: [UInt32] = []
  /// Chunk files that end before a time are to go when readers as old as the stamp have gone.
  let fileDrop = Mutex<(before: Int64, stamp: UInt64)?>(nil)
  /// Deleted ranges by ordinal.
  var tombstones = Tombstones()

  init(options: HeadOptions, metrics: HeadMetrics) {
    self.options = options
    self.metrics = metrics
    columns = SeriesColumns(epochs: epochs)
    values = HeadLabelValuesCache()
    ranks = LabelRanks()
    exemplars = ExemplarRing(capacity: options.exemplarsMax)
  }

  /// Ends the log; durable on return.
  func close() throws(StorageError) {
    try appendLock.withLock { _ throws(StorageError) in
      do throws(WALError) {
        try log?.writer.close()
        try outOfOrder.log?.writer.close()
      } catch {
        throw .wal(error)
      }
      do throws(HeadChunkError) {
        try chunkFiles?.close()
      } catch {
        throw StorageError(.system, "\(error)")
      }
    }
  }

  var seriesCount: Int { stateLock.withLock { _ in columns.count } }

  /// Series whose newest sample in order is a native histogram, and how many buckets those have.
  var histogramCensus: (series: Int, buckets: Int) {
    let open = stateLock.withLock { _ in histograms.snapshot() }
    return (open.count, open.bucketCount)
  }

  /// Times of what is held in order, under `stateLock`.
  var times: HeadTimes { stateLock.withLock { _ in clock } }

  /// The writer of the out-of-order log, where there is one.
  var outOfOrderWriter: WALWriter? { appendLock.withLock { _ in outOfOrder.log?.writer } }

  /// First and last time of all that is held, late samples too; nil while there is nothing.
  var range: TimeRange? {
    stateLock.withLock { _ in
      guard !clock.isEmpty else { return outOfOrder.range }
      return TimeRange(
        min(clock.minTime, outOfOrder.range?.minMs ?? .max),
        max(clock.maxTime, outOfOrder.range?.maxMs ?? .min))
    }
  }
}

extension Head {
  /// Whether a ref is one of a series that is in the head.
  func has(_ ref: SeriesRef) -> Bool {
    stateLock.withLock { _ in columns.slot(ofRef: ref.number) != nil }
  }
}

/// What the head needs to know of the store's options.
struct HeadOptions: Sendable {
  /// Length of the blocks that the head is cut into.
  var chunkRangeMs: Int64
  /// Samples that a float chunk aims at, 1 or more.
  var samplesPerChunk: Int
  /// Exemplars kept; 0 for none.
  var exemplarsMax: Int
  var storesHistograms: Bool
}

/// Times that bound what the head holds and takes.
struct HeadTimes: Sendable {
  /// Oldest and newest sample; `.max` and `.min` while there is none.
  var minTime = Int64.max
  var maxTime = Int64.min
  /// What is older stands in blocks.
  var floor = Int64.min

  var isEmpty: Bool { maxTime == .min }

  mutating func extend(_ minTime: Int64, _ maxTime: Int64) {
    self.minTime = min(self.minTime, minTime)
    self.maxTime = max(self.maxTime, maxTime)
  }

  /// Whether there is enough for a block: the newest hours stay in memory.
  /// - Parameter soonMs: or will be in so long.
  func isCompactable(rangeMs: Int64, soonMs: Int64 = 0) -> Bool {
    guard !isEmpty else { return false }
    let (span, overflow) = maxTime.subtractingReportingOverflow(minTime)
    return overflow || span > rangeMs / 2 * 3 - soonMs
  }
}
