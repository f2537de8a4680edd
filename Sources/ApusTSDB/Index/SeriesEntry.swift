internal import ApusSystem

/// Where a chunk of a series stands and what time it covers.
package struct ChunkMeta: Sendable, Equatable, BitwiseCopyable {
  package var minTimeMs: Int64
  /// Inclusive.
  package var maxTimeMs: Int64
  /// Number of the segment file, from 0, in the upper and offset in the lower 32 bits.
  package var ref: UInt64

  package init(minTimeMs: Int64, maxTimeMs: Int64, ref: UInt64) {
    self.minTimeMs = minTimeMs
    self.maxTimeMs = maxTimeMs
    self.ref = ref
  }
}

/// One series in an index. Reused from series to series.
///
///     | labels uvarint | labels * (name uvarint, value uvarint) | chunks uvarint |
///     first chunk: | min time varint | max - min uvarint | ref uvarint |
///     the others:  | min - max before uvarint | max - min uvarint | ref - ref before varint |
package struct SeriesEntry: Sendable, Equatable {
  /// Name and value of each label in turn, as symbol references.
  package var symbols: [UInt32] = []
  package var chunks: [ChunkMeta] = []

  package init() {}

  /// - Parameter body: the entry without its length and checksum.
  mutating func decode(_ body: Span<UInt8>, wantsChunks: Bool) throws(ByteReaderError) {
    symbols.removeAll(keepingCapacity: true)
    chunks.removeAll(keepingCapacity: true)
    var reader = ByteReader(body)
    let labelCount = try reader.length()
    for _ in 0..<labelCount {
      symbols.append(UInt32(truncatingIfNeeded: try reader.uvarint()))
      symbols.append(UInt32(truncatingIfNeeded: try reader.uvarint()))
    }
    guard wantsChunks else { return }
    let chunkCount = try reader.length()
    guard chunkCount > 0 else { return }
    var minTime = try reader.varint()
    var maxTime = minTime &+ Int64(truncatingIfNeeded: try reader.uvarint())
    var ref = try reader.uvarint()
    chunks.append(ChunkMeta(minTimeMs: minTime, maxTimeMs: maxTime, ref: ref))
    for _ in 1..<chunkCount {
      minTime = maxTime &+ Int64(truncatingIfNeeded: try reader.uvarint())
      maxTime = minTime &+ Int64(truncatingIfNeeded: try reader.uvarint())
      ref = ref &+ UInt64(bitPattern: try reader.varint())
      chunks.append(ChunkMeta(minTimeMs: minTime, maxTimeMs: maxTime, ref: ref))
    }
  }

  /// Writes what `decode` reads.
  static func encode(_ symbols: [UInt32], _ chunks: [ChunkMeta], into out: inout ByteWriter) {
    out.uvarint(UInt64(symbols.count / 2))
    for symbol in symbols { out.uvarint(UInt64(symbol)) }
    out.uvarint(UInt64(chunks.count))
    guard var before = chunks.first else { return }
    out.varint(before.minTimeMs)
    out.uvarint(UInt64(bitPattern: before.maxTimeMs &- before.minTimeMs))
    out.uvarint(before.ref)
    for chunk in chunks.dropFirst() {
      out.uvarint(UInt64(bitPattern: chunk.minTimeMs &- before.maxTimeMs))
      out.uvarint(UInt64(bitPattern: chunk.maxTimeMs &- chunk.minTimeMs))
      out.varint(Int64(bitPattern: chunk.ref &- before.ref))
      before = chunk
    }
  }
}
