internal import ApusModel
internal import ApusStorage
internal import ApusSystem

/// Walks the series of a block in label order; decodes whole chunks into columns.
final class BlockSeriesCursor: SeriesCursor {
  private let block: Block
  private let ids: [UInt32]
  private let range: TimeRange
  private let tombstones: Tombstones
  private let limit: Int

  private var at = 0
  private var found = 0
  private var entry = SeriesEntry()
  /// The chunks of the series that lie in the range and are not deleted.
  private var wanted: [ChunkMeta] = []
  private var deleted: DeletedIntervals?
  private var scratch = SampleBatch()

  /// - Parameter limit: at most this many series; 0 for no bound.
  init(
    _ block: Block, ids: [UInt32], range: TimeRange, tombstones: Tombstones, limit: Int
  ) {
    self.block = block
    self.ids = ids
    self.range = range
    self.tombstones = tombstones
    self.limit = limit
  }

  var seriesCount: Int? { ids.count }

  func next() throws(StorageError) -> Bool {
    while at < ids.count, limit == 0 || found < limit {
      let id = ids[at]
      at += 1
      try block.index.read(id, into: &entry)
      deleted = tombstones.isEmpty ? nil : tombstones[id]
      wanted.removeAll(keepingCapacity: true)
      for chunk in entry.chunks where chunk.range.overlaps(range) {
        if deleted?.covers(chunk.range) ?? false { continue }
        wanted.append(chunk)
      }
      if !wanted.isEmpty {
        found += 1
        return true
      }
    }
    wanted.removeAll()
    entry.symbols.removeAll()
    return false
  }

  var labels: Labels {
    // `IndexReader.read` checked that the symbols are there.
    (try? block.index.labels(of: entry)) ?? .empty
  }

  func labels(keeping names: [String]) -> Labels {
    (try? block.index.labels(of: entry, keeping: names)) ?? .empty
  }

  func read(into batch: inout SampleBatch) throws(StorageError) {
    for chunk in wanted { try decode(chunk, range, into: &batch) }
  }

  func latest(
    atMs: Int64, newerThanMs oldestMs: Int64
  ) throws(StorageError) -> LatestSample? {
    guard oldestMs < atMs else { return nil }
    let window = TimeRange(max(oldestMs + 1, range.minMs), min(atMs, range.maxMs))
    for chunk in wanted.reversed() where chunk.range.overlaps(window) {
      scratch.removeAll()
      try decode(chunk, window, into: &scratch)
      if let sample = scratch.latest { return sample }
    }
    return nil
  }

  private func decode(
    _ chunk: ChunkMeta, _ range: TimeRange, into batch: inout SampleBatch
  ) throws(StorageError) {
    let location = try block.chunks.chunk(chunk.ref)
    let mark = batch.mark
    do throws(ChunkError) {
      guard let encoding = ChunkEncoding(rawValue: location.encoding) else {
        throw .unknownEncoding(location.encoding)
      }
      let isInside = range.minMs <= chunk.minTimeMs && chunk.maxTimeMs <= range.maxMs
      try ChunkDecoder.decode(
        encoding, location.file.span.extracting(location.range),
        range: isInside ? .all : range, into: &batch)
    } catch {
      throw StorageError(
        .corrupt,
        "block \(block.ulid), series \(labels): \(error). Restore the block, or move its "
          + "directory aside.")
    }
    if let deleted { batch.remove(deleted, behind: mark) }
  }
}

extension SampleBatch {
  /// The last sample, float or histogram.
  var latest: LatestSample? {
    let float = times.last ?? .min
    let histogram = histogramTimes.last ?? .min
    if let last = histograms.last, histogram >= float {
      return LatestSample(timeMs: histogram, value: .histogram(last))
    }
    guard let last = values.last else { return nil }
    return LatestSample(timeMs: float, value: .float(last))
  }
}
