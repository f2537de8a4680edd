package import ApusModel
internal import ApusSystem

/// The encoded chunks of one series, in order of time: bytes in one buffer, the rest in a list.
/// Reused from series to series.
package struct SeriesChunks: ~Copyable {
  package struct Chunk: Sendable, Equatable {
    package let minTimeMs: Int64
    /// Inclusive.
    package let maxTimeMs: Int64
    /// The encoding's byte on disk.
    package let encoding: UInt8
    /// Where the chunk stands in the buffer.
    package let bytes: Range<Int>

    package var range: TimeRange { TimeRange(minTimeMs, maxTimeMs) }
  }

  package private(set) var chunks: [Chunk] = []
  private var bytes = ByteWriter()

  package init() {}

  package var isEmpty: Bool { chunks.isEmpty }

  package mutating func removeAll() {
    chunks.removeAll(keepingCapacity: true)
    bytes.removeAll()
  }

  package mutating func append(
    encoding: UInt8, minTimeMs: Int64, maxTimeMs: Int64, _ chunk: Span<UInt8>
  ) {
    let start = bytes.count
    bytes.append(chunk)
    chunks.append(
      Chunk(
        minTimeMs: minTimeMs, maxTimeMs: maxTimeMs, encoding: encoding, bytes: start..<bytes.count))
  }

  /// The encoded bytes of a chunk.
  @_lifetime(borrow self)
  package func span(of chunk: Chunk) -> Span<UInt8> { bytes.span.extracting(chunk.bytes) }

  /// Number of samples in a chunk; 0 where the encoding is unknown.
  package func sampleCount(of chunk: Chunk) -> Int {
    ChunkEncoding(rawValue: chunk.encoding).map {
      ChunkDecoder.sampleCount($0, span(of: chunk))
    } ?? 0
  }
}
