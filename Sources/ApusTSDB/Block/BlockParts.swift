internal import ApusModel
internal import ApusStorage
internal import ApusSystem

/// Whether the files of a block belong together: each may be whole in itself, and stand in the
/// directory of another block. A look at one series and one chunk, so that opening stays quick.
enum BlockParts {
  /// - Throws: `corrupt` where meta.json is that of another block.
  static func checkName(_ directory: String, _ meta: BlockMeta) throws(StorageError) {
    guard let name = ULID(FilePath.lastName(of: directory)), name != meta.ulid else { return }
    throw StorageError(
      .corrupt,
      "block meta file \(FilePath.join(directory, BlockMeta.fileName)): it is that of block "
        + "\(meta.ulid). Restore it, or give the directory that name.")
  }

  /// - Throws: `corrupt` where the index, or the chunks, hold nothing of the times that they
  ///   should. What cannot be read is told when it is asked for.
  static func check(
    _ directory: String, _ meta: BlockMeta, _ index: IndexReader, _ chunks: ChunkFileReader
  ) throws(StorageError) {
    guard let id = index.firstSeries, let entry = entry(id, index),
      let first = entry.chunks.first, let last = entry.chunks.last
    else { return }
    // A chunk may begin where the block ends: blocks of old versions have such.
    let whole = TimeRange(meta.minTimeMs, meta.maxTimeMs)
    let wanted = TimeRange(first.minTimeMs, last.maxTimeMs)
    guard wanted.overlaps(whole) else {
      throw mixed(directory, "the index", wanted, "meta.json", whole)
    }
    guard let found = times(of: first, chunks), !found.overlaps(first.range),
      !found.overlaps(whole)
    else { return }
    throw mixed(directory, "the chunk file", found, "the index", first.range)
  }

  private static func entry(_ id: UInt32, _ index: IndexReader) -> SeriesEntry? {
    var entry = SeriesEntry()
    do { try index.read(id, into: &entry) } catch { return nil }
    return entry
  }

  /// First and last time of the samples of a chunk; nil where it cannot be read.
  private static func times(of chunk: ChunkMeta, _ chunks: ChunkFileReader) -> TimeRange? {
    guard let location = try? chunks.chunk(chunk.ref),
      let encoding = ChunkEncoding(rawValue: location.encoding)
    else { return nil }
    var batch = SampleBatch()
    do throws(ChunkError) {
      try ChunkDecoder.decode(
        encoding, location.file.span.extracting(location.range), into: &batch)
    } catch {
      return nil
    }
    let times = encoding.isHistogram ? batch.histogramTimes : batch.times
    guard let first = times.first, let last = times.last else { return nil }
    return TimeRange(first, last)
  }

  private static func mixed(
    _ directory: String, _ part: String, _ found: TimeRange, _ other: String, _ wanted: TimeRange
  ) -> StorageError {
    StorageError(
      .corrupt,
      "block \(directory): \(part) holds samples of \(found.minMs) to \(found.maxMs), and \(other) "
        + "says \(wanted.minMs) to \(wanted.maxMs): files of two blocks are mixed. Restore the "
        + "block, or move its directory aside.")
  }
}
