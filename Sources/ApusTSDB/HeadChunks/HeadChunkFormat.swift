package import ApusModel
package import ApusSystem

// chunks_head/000001, 000002, ...: | magic 0130BC91 BE32 | version 1 | 0 0 0 | entry | entry | ...
//
//   entry: | series BE64 | min time BE64 | max time BE64 | encoding 1 | length uvarint | data |
//          | crc BE32 |    CRC-32C of all that stands before it in the entry
//
// Bit 7 of the encoding: the chunk is out of order. A chunk is named by
// file number << 32 | offset of its entry. Behind the last entry the file ends, or is zero.
//
// Source: Prometheus, tsdb/chunks/head_chunks.go. Both directions: HeadChunkFiles.

/// The frozen numbers of chunks_head.
package enum HeadChunkFormat {
  static let magic: UInt32 = 0x0130_BC91
  static let version: UInt8 = 1
  static let headerBytes = 8
  /// The most that an entry takes beside its data; fewer bytes than that hold no entry.
  static let entryBytesMax = 34
  static let outOfOrderFlag: UInt8 = 0x80
  package static let fileBytesMax = 128 << 20

  static func name(_ file: Int) -> String { file.padded(to: 6) }
}

/// Where a chunk lies in chunks_head.
package struct HeadChunkRef: Sendable, Hashable, Comparable {
  package let number: UInt64

  package init(_ number: UInt64) { self.number = number }

  init(file: Int, offset: Int) { number = UInt64(file) << 32 | UInt64(offset) }

  package var file: Int { Int(number >> 32) }
  package var offset: Int { Int(number & 0xFFFF_FFFF) }

  package static func < (a: HeadChunkRef, b: HeadChunkRef) -> Bool { a.number < b.number }
}

/// A chunk of chunks_head.
package struct HeadChunk: Sendable {
  package let ref: HeadChunkRef
  package let series: SeriesRef
  /// First and last time, ms, both included.
  package let range: TimeRange
  package let encoding: ChunkEncoding
  package let isOutOfOrder: Bool
  /// The encoded samples; they keep the file's mapping.
  package let bytes: ByteSlice
  /// CRC-32C of the entry, as it stands behind it.
  let checksum: UInt32

  package var sampleCount: Int { ChunkDecoder.sampleCount(encoding, bytes.span) }
}

/// What can go wrong in chunks_head.
package enum HeadChunkError: Error, Sendable, Equatable, CustomStringConvertible {
  case io(PosixError)
  case corruption(directory: String, file: Int, offset: Int, reason: String)
  /// Late samples came behind a place up to which others are known.
  case lateSince(directory: String, file: Int, offset: Int)
  /// No such file: the chunk was truncated away, or the reference is wrong.
  case missing(HeadChunkRef)

  package var description: String {
    switch self {
    case .io(let error): "head chunks: \(error)"
    case .corruption(let directory, let file, let offset, let reason):
      "corruption in head chunk file \(FilePath.join(directory, HeadChunkFormat.name(file)))"
        + " at \(offset): \(reason)"
    case .lateSince(let directory, let file, let offset):
      "head chunk file \(FilePath.join(directory, HeadChunkFormat.name(file))) at \(offset): "
        + "late samples have come since"
    case .missing(let ref): "head chunk file index \(ref.file) more than current open file"
    }
  }
}

extension HeadChunkFormat {
  static func encodeHeader(_ writer: inout ByteWriter) {
    writer.be32(magic)
    writer.u8(version)
    writer.append(repeating: 0, count: 3)
  }

  /// Appends an entry.
  static func encode(
    series: SeriesRef, range: TimeRange, encoding: ChunkEncoding, isOutOfOrder: Bool,
    bytes: Span<UInt8>, _ writer: inout ByteWriter
  ) {
    let start = writer.count
    writer.be64(series.number)
    writer.be64(UInt64(bitPattern: range.minMs))
    writer.be64(UInt64(bitPattern: range.maxMs))
    writer.u8(encoding.rawValue | (isOutOfOrder ? outOfOrderFlag : 0))
    writer.uvarintBytes(bytes)
    let crc = CRC32C.of(writer.span.extracting(start..<writer.count))
    writer.be32(crc)
  }

  /// The checksum behind an entry that `encode` made.
  static func checksum(ofEntry entry: Span<UInt8>) -> UInt32 {
    var reader = ByteReader(entry, at: max(0, entry.count - 4))
    return (try? reader.be32()) ?? 0
  }

  /// Why an entry does not stand where it should.
  struct Damage: Error { let reason: String }

  /// Checks a file's header.
  static func checkHeader(_ bytes: Span<UInt8>) throws(Damage) {
    var reader = ByteReader(bytes)
    let found: (UInt32, UInt8)
    do throws(ByteReaderError) {
      found = (try reader.be32(), try reader.u8())
      try reader.skip(3)
    } catch {
      throw Damage(reason: "file too short: \(error)")
    }
    guard found.0 == magic else {
      throw Damage(reason: "invalid magic number \(String(found.0, radix: 16))")
    }
    guard found.1 == version else {
      throw Damage(reason: "invalid head chunk format version \(found.1)")
    }
  }

  /// The entry at an offset, and where it ends; nil where the entries end.
  static func decode(
    _ file: ByteSlice, number: Int, at offset: Int
  ) throws(Damage) -> (chunk: HeadChunk, end: Int)? {
    let all = file.span
    guard offset <= all.count else { throw Damage(reason: "offset behind the end of the file") }
    guard all.count - offset >= entryBytesMax else {
      for i in offset..<all.count where all[i] != 0 {
        throw Damage(reason: "unread bytes, too few for a chunk")
      }
      return nil
    }
    let raw: RawEntry
    do throws(ByteReaderError) {
      raw = try RawEntry(all, at: offset)
    } catch {
      throw Damage(reason: "\(error)")
    }
    if raw.series == 0 && raw.minTime == 0 && raw.maxTime == 0 {
      // Zeros that were allocated ahead; or a page that was never written, in front of others.
      guard isZero(all, from: offset) else { throw Damage(reason: "zeros in front of chunks") }
      return nil
    }
    let crc = CRC32C.of(all.extracting(offset..<raw.data.upperBound))
    guard raw.crc == crc else {
      throw Damage(
        reason: "checksum mismatch expected:\(String(raw.crc, radix: 16)), "
          + "actual:\(String(crc, radix: 16))")
    }
    guard let encoding = ChunkEncoding(rawValue: raw.encoding & ~outOfOrderFlag) else {
      throw Damage(reason: "invalid chunk encoding \(raw.encoding)")
    }
    let chunk = HeadChunk(
      ref: HeadChunkRef(file: number, offset: offset), series: SeriesRef(raw.series),
      range: TimeRange(raw.minTime, raw.maxTime), encoding: encoding,
      isOutOfOrder: raw.encoding & outOfOrderFlag != 0, bytes: file[raw.data],
      checksum: raw.crc)
    return (chunk, raw.data.upperBound + 4)
  }

  private static let zeros = [UInt8](repeating: 0, count: 4096)

  private static func isZero(_ bytes: Span<UInt8>, from start: Int) -> Bool {
    var at = start
    while at < bytes.count {
      let count = min(zeros.count, bytes.count - at)
      guard bytesAreEqual(bytes, at, zeros.span, 0, count: count) else { return false }
      at += count
    }
    return true
  }

  private struct RawEntry {
    let series: UInt64
    let minTime: Int64
    let maxTime: Int64
    let encoding: UInt8
    let data: Range<Int>
    let crc: UInt32

    init(_ bytes: Span<UInt8>, at offset: Int) throws(ByteReaderError) {
      var reader = ByteReader(bytes, at: offset)
      series = try reader.be64()
      minTime = Int64(bitPattern: try reader.be64())
      maxTime = Int64(bitPattern: try reader.be64())
      encoding = try reader.u8()
      let length = try reader.length()
      data = reader.offset..<(reader.offset + length)
      try reader.skip(length)
      crc = try reader.be32()
    }
  }
}
