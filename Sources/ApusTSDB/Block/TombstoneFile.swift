internal import ApusModel
package import ApusStorage
package import ApusSystem

/// The file of a block that says what is deleted.
///
///     | magic 0x0130BA30 4 | version 1 | entries | crc 4 |
///     entry: | series id uvarint | min time varint | max time varint |
///
/// Fixed integers are big endian; the crc covers the entries only. (Prometheus,
/// tsdb/tombstones/tombstones.go.)
package enum TombstoneFile {
  package static let name = "tombstones"
  static let magic: UInt32 = 0x0130_BA30
  static let version: UInt8 = 1
  private static let headerBytes = 5
  private static let checksumBytes = 4

  /// By ascending series id, so that the same tombstones are the same bytes.
  package static func encode(_ tombstones: Tombstones) -> [UInt8] {
    var out = ByteWriter()
    out.be32(magic)
    out.u8(version)
    for (id, intervals) in tombstones.intervals.sorted(by: { $0.key < $1.key }) {
      for range in intervals.ranges {
        out.uvarint(UInt64(id))
        out.varint(range.minMs)
        out.varint(range.maxMs)
      }
    }
    let crc = CRC32C.of(out.span.extracting(headerBytes..<out.count))
    out.be32(crc)
    return out.array()
  }

  /// Reads the file of the block in `directory`; a block without one has no tombstones.
  package static func read(
    _ directory: String, files: any FileSystem
  ) throws(StorageError) -> Tombstones {
    let path = FilePath.join(directory, name)
    let bytes: [UInt8]
    do throws(PosixError) {
      bytes = try files.read(path)
    } catch {
      if error.isNotFound { return Tombstones() }
      throw .files(error, "read tombstones")
    }
    return try decode(bytes.span, path: path)
  }

  /// - Throws: `corrupt`, naming `path`.
  package static func decode(
    _ bytes: Span<UInt8>, path: String
  ) throws(StorageError) -> Tombstones {
    do {
      return try decode(bytes)
    } catch {
      throw StorageError(
        .corrupt,
        "tombstone file \(path): \(error). Restore it, or remove it to undelete what it hides.")
    }
  }

  private static func decode(_ bytes: Span<UInt8>) throws -> Tombstones {
    guard bytes.count >= headerBytes + checksumBytes else {
      throw Malformed("\(bytes.count) bytes are too short")
    }
    var header = ByteReader(bytes)
    let foundMagic = try header.be32()
    guard foundMagic == magic else {
      throw Malformed("invalid magic number \(String(foundMagic, radix: 16))")
    }
    let foundVersion = try header.u8()
    guard foundVersion == version else {
      throw Malformed("invalid tombstone format \(foundVersion)")
    }
    let end = bytes.count - checksumBytes
    let body = bytes.extracting(headerBytes..<end)
    try header.seek(to: end)
    guard try header.be32() == CRC32C.of(body) else { throw Malformed("checksum did not match") }
    var entries = ByteReader(body)
    var tombstones = Tombstones()
    while !entries.isAtEnd {
      guard let id = UInt32(exactly: try entries.uvarint()) else {
        throw Malformed("a series id before offset \(headerBytes + entries.offset) is too large")
      }
      let range = TimeRange(try entries.varint(), try entries.varint())
      tombstones.add(range, to: id)
    }
    return tombstones
  }
}
