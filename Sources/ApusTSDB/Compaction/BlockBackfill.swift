package import ApusModel
package import ApusStorage
internal import ApusSystem

/// Samples of many series, in the order in which they come, on their way into one block.
///
/// They are encoded as they are added, so that what is held is about as large as the block.
package final class BlockBackfill: SeriesSource {
  /// Samples of a chunk, as Prometheus cuts them.
  private static let samplesPerChunk = 120

  private var numbers: [Labels: Int] = [:]
  private var series: [BackfillSeries] = []
  /// Counts the commits; what a series holds is settled at the first sample after one.
  private var generation = 0
  /// Of all samples, both ends included; nil before the first.
  package private(set) var range: TimeRange?

  // What the block is written from.
  private var labels: [[UInt32]] = []
  private var order: [Int] = []
  private var next = 0

  package init() {}

  package var seriesCount: Int { series.count }

  /// Whether a block can hold a sample of a time.
  package static func canHold(_ timeMs: Int64) -> Bool { AppendRules.canBeStored(timeMs) }

  /// The number of a series, for `append`.
  package func number(of labels: Labels) -> Int {
    if let number = numbers[labels] { return number }
    numbers[labels] = series.count
    series.append(BackfillSeries())
    return series.count - 1
  }

  /// Adds a sample of a series.
  ///
  /// As in Prometheus's appender, what is wrong with it depends on whether the newer sample that
  /// it meets has been committed: if so it is refused, if not it is left out.
  /// - Throws: `outOfBounds`, `outOfOrder` or `duplicate`.
  package func append(_ number: Int, timeMs: Int64, value: Double) throws(AppendError) {
    guard Self.canHold(timeMs) else { throw .outOfBounds }
    let one = series[number]
    if one.generation != generation {
      one.generation = generation
      one.committed = one.newest
    }
    if let committed = one.committed {
      if timeMs < committed.timeMs { throw .outOfOrder }
      if timeMs == committed.timeMs {
        if value.bitPattern != committed.bits { throw .duplicate }
        return
      }
    }
    if let newest = one.newest, timeMs <= newest.timeMs { return }
    if one.open.count == Self.samplesPerChunk { one.closeChunk() }
    if one.open.count == 0 { one.openMinMs = timeMs }
    one.newest = .init(timeMs: timeMs, bits: value.bitPattern)
    one.open.append(timeMs: timeMs, value: value)
    let known = range ?? TimeRange(timeMs, timeMs)
    range = TimeRange(min(known.minMs, timeMs), max(known.maxMs, timeMs))
  }

  /// Settles what was added so far.
  package func commit() { generation += 1 }

  package func symbols() -> SymbolList {
    let list = SymbolList(of: numbers.keys)
    let symbolNumbers = SymbolNumbers(list)
    labels = [[UInt32]](repeating: [], count: series.count)
    for (key, number) in numbers { symbolNumbers.encode(key, into: &labels[number]) }
    order = series.indices.sorted { IndexWriter.compare(labels[$0], labels[$1]) < 0 }
    next = 0
    return list
  }

  package func next(_ out: inout SourceSeries) throws(StorageError) -> Bool {
    out.removeAll()
    guard next < order.count else { return false }
    let one = series[order[next]]
    out.labels = labels[order[next]]
    next += 1
    one.closeChunk()
    // What is written is not needed any more.
    var chunks = SeriesChunks()
    swap(&chunks, &one.closed)
    for chunk in chunks.chunks {
      out.chunks.append(
        encoding: chunk.encoding, minTimeMs: chunk.minTimeMs, maxTimeMs: chunk.maxTimeMs,
        chunks.span(of: chunk))
    }
    return true
  }
}

/// The chunks of one series.
private final class BackfillSeries {
  struct Sample {
    let timeMs: Int64
    let bits: UInt64
  }

  var newest: Sample?
  /// The newest sample of the last commit.
  var committed: Sample?
  var generation = 0
  var open = XORChunk(capacityBytes: 64)
  var openMinMs: Int64 = 0
  var closed = SeriesChunks()

  func closeChunk() {
    guard open.count > 0, let newest else { return }
    var chunk = XORChunk(capacityBytes: 64)
    swap(&chunk, &open)
    closed.append(
      encoding: ChunkEncoding.xor.rawValue, minTimeMs: openMinMs, maxTimeMs: newest.timeMs,
      chunk.span)
  }
}
