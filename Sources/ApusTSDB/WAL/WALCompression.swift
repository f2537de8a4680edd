internal import ApusSystem

/// How records are compressed, under the names of the flag's values. Prometheus before 3.0 reads
/// no zstd, and none reads lz4.
package enum WALCompression: String, Sendable, CaseIterable {
  case none, snappy, zstd, lz4

  /// The bit that stands on each fragment of a compressed record.
  var flag: UInt8 {
    switch self {
    case .none: 0
    case .snappy: WALPage.snappyFlag
    case .zstd: WALPage.zstdFlag
    case .lz4: WALPage.lz4Flag
    }
  }

  /// Nil for several bits at once.
  init?(flag: UInt8) {
    guard let found = Self.allCases.first(where: { $0.flag == flag }) else { return nil }
    self = found
  }

  /// Compresses a record into an empty buffer.
  func compress(_ record: Span<UInt8>, into packed: inout ByteWriter) {
    switch self {
    case .none: packed.append(record)
    case .snappy: Snappy.compress(record, into: &packed)
    case .zstd: Zstd.compress(record, into: &packed)
    case .lz4:
      packed.uvarint(UInt64(record.count))
      LZ4.compress(record, into: &packed)
    }
  }

  /// Appends what a compressed record expands to.
  func expand(_ packed: Span<UInt8>, into output: inout ByteWriter) throws(CodecError) {
    let most = WALPage.recordBytesMax
    switch self {
    case .none: output.append(packed)
    case .snappy: try Snappy.expand(packed, maxBytes: most, into: &output)
    case .zstd: try Zstd.expand(packed, maxBytes: most, into: &output)
    case .lz4: try Self.expandLZ4(packed, into: &output)
    }
  }

  private static func expandLZ4(
    _ packed: Span<UInt8>, into output: inout ByteWriter
  ) throws(CodecError) {
    var reader = ByteReader(packed)
    let start = output.count
    guard let length = try? reader.uvarint(), length <= UInt64(WALPage.recordBytesMax) else {
      throw .corrupt(codec: "lz4", reason: "impossible length")
    }
    try LZ4.expand(reader.rest, maxBytes: Int(length), into: &output)
    guard output.count - start == Int(length) else {
      output.truncate(to: start)
      throw .corrupt(codec: "lz4", reason: "block shorter than it says")
    }
  }
}
