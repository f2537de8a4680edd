import ApusModel
import ApusStorage
import ApusSystem
import ApusTSDB

/// An index of version 1, as Prometheus 2.0 wrote it: entries without alignment, named by their
/// position, symbols named by theirs, and an offset table in any order.
enum IndexV1 {
  /// The index of a block again in version 1; chunk references stay as they are.
  static func encode(_ block: Block) throws -> [UInt8] {
    var series: [(labels: [(name: String, value: String)], chunks: [ChunkMeta])] = []
    var entry = SeriesEntry()
    for id in try block.index.allPostings() {
      try block.index.read(id, into: &entry)
      let labels = entry.symbols.map { String(copying: block.index.symbol(Int($0)).span) }
      series.append(
        (
          stride(from: 0, to: labels.count, by: 2).map { (labels[$0], labels[$0 + 1]) },
          entry.chunks
        ))
    }
    var out = ByteWriter()
    out.be32(0xBAAA_D700)
    out.u8(1)
    var contents = [UInt64](repeating: 0, count: 6)
    contents[0] = UInt64(out.count)
    let texts = Set(series.flatMap { $0.labels.flatMap { [$0.name, $0.value] } })
    let symbols = section(&out) { out in
      var positions: [String: UInt32] = [:]
      out.be32(UInt32(texts.count))
      for text in texts.sorted(by: { compareBytes($0.utf8.span, $1.utf8.span) < 0 }) {
        positions[text] = UInt32(out.count)
        out.uvarintString(text)
      }
      return positions
    }
    contents[1] = UInt64(out.count)
    var postings: [String: [String: [UInt32]]] = [:]
    for one in series {
      let id = UInt32(out.count)
      postings["", default: [:]]["", default: []].append(id)
      for label in one.labels {
        postings[label.name, default: [:]][label.value, default: []].append(id)
      }
      append(
        one.labels.flatMap { [symbols[$0.name] ?? 0, symbols[$0.value] ?? 0] }, one.chunks, &out)
    }
    contents[2] = UInt64(out.count)
    contents[4] = UInt64(out.count)
    var table: [(name: String, value: String, position: Int)] = []
    for (name, values) in postings {
      for (value, ids) in values {
        table.append((name, value, out.count))
        section(&out) { out in
          out.be32(UInt32(ids.count))
          for id in ids { out.be32(id) }
        }
      }
    }
    contents[3] = UInt64(out.count)
    contents[5] = UInt64(out.count)
    section(&out) { out in
      out.be32(UInt32(table.count))
      for item in table {
        out.u8(2)
        out.uvarintString(item.name)
        out.uvarintString(item.value)
        out.uvarint(UInt64(item.position))
      }
    }
    let start = out.count
    for position in contents { out.be64(position) }
    out.be32(CRC32C.of(out.span.extracting(start..<out.count)))
    return out.array()
  }

  /// A length, what `body` writes, and its checksum.
  @discardableResult
  private static func section<Result>(
    _ out: inout ByteWriter, _ body: (inout ByteWriter) -> Result
  ) -> Result {
    let start = out.count
    out.be32(0)
    let result = body(&out)
    out.patchBE32(at: start, UInt32(out.count - start - 4))
    out.be32(CRC32C.of(out.span.extracting((start + 4)..<out.count)))
    return result
  }

  private static func append(
    _ symbols: [UInt32], _ chunks: [ChunkMeta], _ out: inout ByteWriter
  ) {
    var body = ByteWriter()
    body.uvarint(UInt64(symbols.count / 2))
    for symbol in symbols { body.uvarint(UInt64(symbol)) }
    body.uvarint(UInt64(chunks.count))
    var before = ChunkMeta(minTimeMs: 0, maxTimeMs: 0, ref: 0)
    for (place, chunk) in chunks.enumerated() {
      if place == 0 {
        body.varint(chunk.minTimeMs)
      } else {
        body.uvarint(UInt64(chunk.minTimeMs - before.maxTimeMs))
      }
      body.uvarint(UInt64(chunk.maxTimeMs - chunk.minTimeMs))
      if place == 0 { body.uvarint(chunk.ref) } else { body.varint(Int64(chunk.ref - before.ref)) }
      before = chunk
    }
    out.uvarintBytes(body.span)
    out.be32(CRC32C.of(body.span))
  }
}
