internal import ApusModel
package import ApusStorage
internal import ApusSystem

/// How full the chunks of some series of a block are: one number for each chunk.
package struct ChunkCensus: Sendable, Equatable {
  package var floatSamples: [Int] = []
  /// Encoded, without the frame of the file.
  package var floatBytes: [Int] = []
  package var histogramSamples: [Int] = []
  package var histogramBytes: [Int] = []
  /// Buckets of all samples of a chunk together.
  package var histogramBuckets: [Int] = []

  /// Chunks of any encoding.
  package private(set) var chunkCount = 0

  package init() {}

  /// Counts the chunks of one series.
  package mutating func add(_ entry: SeriesEntry, of block: Block) throws(StorageError) {
    var batch = SampleBatch()
    for meta in entry.chunks {
      let location = try block.chunks.chunk(meta.ref)
      let bytes = location.file.span.extracting(location.range)
      chunkCount += 1
      guard let encoding = ChunkEncoding(rawValue: location.encoding) else { continue }
      let samples = ChunkDecoder.sampleCount(encoding, bytes)
      guard encoding.isHistogram else {
        floatSamples.append(samples)
        floatBytes.append(bytes.count)
        continue
      }
      histogramSamples.append(samples)
      histogramBytes.append(bytes.count)
      batch.removeAll()
      do throws(ChunkError) {
        try ChunkDecoder.decode(encoding, bytes, into: &batch)
      } catch {
        throw StorageError(.corrupt, "chunk \(meta.ref) of block \(block.ulid): \(error)")
      }
      histogramBuckets.append(
        batch.histograms.reduce(0) { $0 + $1.positiveBuckets.count + $1.negativeBuckets.count })
    }
  }
}
