// prometheus.ChunkedReadResponse, one in each frame:
//
//     | length uvarint | crc 4, big endian | data |     the crc (Castagnoli) covers data only
//     ChunkedReadResponse  1 ChunkedSeries (repeated), 2 query_index int64
//     ChunkedSeries        1 Label (repeated), 2 Chunk (repeated)
//     Chunk                1 min_time_ms, 2 max_time_ms int64, 3 type enum, 4 data bytes
//
// Source: Prometheus, storage/remote/chunked.go and codec.go.

internal import ApusModel
package import ApusStorage
internal import ApusSystem

/// A streamed answer, made frame by frame: a frame holds chunks of one series.
package final class ReadFrames: @unchecked Sendable {
  // Sound because an answer is made by one task at a time, piece after piece.
  private let request: ReadRequest
  private let store: any Queryable
  private let external: Labels
  private let frameBytesMax: Int
  private let encode: @Sendable (SampleBatch) -> [WireChunk]

  /// The query under way, by number.
  private var number = -1
  private var query: ReadQuery?
  private var cursor: any SeriesCursor = EmptySeriesCursor()
  private var batch = SampleBatch()
  /// Chunks of the current series that are still to be sent, the next one last.
  private var waiting: [WireChunk] = []
  private var labels = Labels.empty

  /// Set where the store could not be read: the answer must not seem to be whole.
  package private(set) var failure: StorageError?

  init(
    _ request: ReadRequest, store: any Queryable, external: Labels, frameBytesMax: Int,
    encode: @escaping @Sendable (SampleBatch) -> [WireChunk]
  ) {
    self.request = request
    self.store = store
    self.external = external
    self.frameBytesMax = max(1, frameBytesMax)
    self.encode = encode
  }

  /// The next frame; nil at the end, and where the store could not be read.
  package func next() -> [UInt8]? {
    do throws(StorageError) {
      while waiting.isEmpty {
        guard try advance() else { return nil }
      }
      return frame()
    } catch {
      failure = error
      return nil
    }
  }

  /// Moves to the next series with samples; false at the end of all queries.
  private func advance() throws(StorageError) -> Bool {
    while true {
      if let query, try cursor.next() {
        batch.removeAll()
        try cursor.read(into: &batch)
        if batch.isEmpty { continue }
        labels = query.labels(cursor.labels)
        waiting = encode(batch).reversed()
        return true
      }
      number += 1
      guard number < request.queries.count else { return false }
      let next = ReadQuery(request.queries[number], external: external)
      query = next
      cursor = try next.select(from: store)
    }
  }

  private func frame() -> [UInt8] {
    var bytesLeft = frameBytesMax - labels.bytes.count
    var series = ProtobufWriter()
    ReadWire.labels(labels, 1, to: &series)
    repeat {
      guard let chunk = waiting.popLast() else { break }
      bytesLeft -= chunk.bytes.count
      series.message(2) {
        $0.int64(1, chunk.minTimeMs)
        $0.int64(2, chunk.maxTimeMs)
        $0.uint64(3, UInt64(chunk.encoding))
        $0.bytes(4, chunk.bytes.span)
      }
    } while bytesLeft > 0 && !waiting.isEmpty
    var response = ProtobufWriter()
    response.bytes(1, series.span)
    if number > 0 { response.int64(2, Int64(number)) }
    let data = response.array()
    var frame = ByteWriter()
    frame.uvarint(UInt64(data.count))
    frame.be32(CRC32C.of(data.span))
    frame.append(data.span)
    return frame.array()
  }
}
