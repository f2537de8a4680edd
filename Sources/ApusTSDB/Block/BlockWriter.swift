package import ApusStorage
package import ApusSystem

/// Writes a block: series in label order with their encoded chunks, into a directory that gets its
/// name only when everything in it is durable. A crash at any step leaves no block or a whole one.
///
///     <ULID>.tmp-for-creation/ -> chunks, index, meta.json, tombstones, synced -> <ULID>/
package final class BlockWriter {
  package static let creationSuffix = ".tmp-for-creation"
  package static let deletionSuffix = ".tmp-for-deletion"

  /// The block as it will be; its stats grow with the series.
  package private(set) var meta: BlockMeta
  private let dataDirectory: String
  private let directory: String
  private let files: any FileSystem
  private let chunks: ChunkFileWriter
  private let index: IndexWriter
  private var metas: [ChunkMeta] = []

  /// - Parameters:
  ///   - meta: with everything but stats.
  ///   - symbols: all label names and values that will come; others may be among them.
  package init(
    dataDirectory: String, meta: BlockMeta, symbols: SymbolList, files: any FileSystem,
    segmentBytesMax: Int = ChunkFile.segmentBytesMax
  ) throws(StorageError) {
    self.meta = meta
    self.meta.stats = BlockMeta.Stats()
    self.dataDirectory = dataDirectory
    self.files = files
    let directory = FilePath.join(dataDirectory, meta.ulid.description + Self.creationSuffix)
    self.directory = directory
    try withFiles("create block") { () throws(PosixError) in
      try files.remove(directory)
      try files.makeDirectory(directory)
    }
    chunks = try ChunkFileWriter(
      directory: FilePath.join(directory, ChunkFile.directoryName), files: files,
      segmentBytesMax: segmentBytesMax)
    index = try IndexWriter(
      path: FilePath.join(directory, IndexFormat.fileName), symbols: symbols, files: files)
  }

  /// Adds a series; one without chunks is left out.
  ///
  /// - Parameter labels: symbol numbers of name and value in turn, names ascending; greater than
  ///   those of the series before.
  package func add(_ labels: [UInt32], _ series: borrowing SeriesChunks) throws(StorageError) {
    guard !series.isEmpty else { return }
    metas.removeAll(keepingCapacity: true)
    for chunk in series.chunks {
      let reference = try chunks.add(encoding: chunk.encoding, series.span(of: chunk))
      metas.append(
        ChunkMeta(minTimeMs: chunk.minTimeMs, maxTimeMs: chunk.maxTimeMs, ref: reference))
      count(UInt64(series.sampleCount(of: chunk)), encoding: chunk.encoding)
    }
    try index.add(labels, metas)
    meta.stats.seriesCount += 1
    meta.stats.chunkCount += UInt64(metas.count)
  }

  /// Publishes the block and returns its meta. A block without samples is not written: nil.
  package func finish() throws(StorageError) -> BlockMeta? {
    guard meta.stats.sampleCount > 0 else {
      abandon()
      return nil
    }
    _ = try chunks.finish()
    _ = try index.finish()
    try meta.write(directory, files: files)
    let target = FilePath.join(dataDirectory, meta.ulid.description)
    try withFiles("publish block") { () throws(PosixError) in
      try files.write(
        FilePath.join(directory, TombstoneFile.name), TombstoneFile.encode(Tombstones()))
      try files.syncDirectory(directory)
      try files.rename(directory, to: target)
      do throws(PosixError) {
        // The new name is durable only with the directory that holds it.
        try files.syncDirectory(dataDirectory)
      } catch {
        // Nobody would know of a block that is there although it could not be written: it goes
        // back to what `abandon` removes.
        try? files.rename(target, to: directory)
        throw error
      }
    }
    return meta
  }

  /// Gives the block up and removes what was written of it.
  package func abandon() {
    chunks.abandon()
    index.abandon()
    try? files.remove(directory)
  }

  private func count(_ samples: UInt64, encoding: UInt8) {
    meta.stats.sampleCount += samples
    if ChunkEncoding(rawValue: encoding)?.isHistogram ?? false {
      meta.stats.histogramSampleCount += samples
    } else {
      meta.stats.floatSampleCount += samples
    }
  }
}
