// A segment is a row of pages of 32 KiB; a page is a row of fragments, then zeros:
//
//   | type 1 | length 2 | crc 4 | data |      big endian; the crc is CRC-32C of the data only
//
//   type: low three bits 0 rest of the page is zero, 1 full, 2 first, 3 middle, 4 last; 0x08 the
//   record is a snappy block, 0x10 a zstd frame, 0x20 an lz4 block behind the uvarint of its
//   expanded length; the upper two bits are 0. The flag stands on each fragment of a record. With
//   fewer than 7 bytes left the page is over; with exactly 7 left a record begins with a first
//   fragment of no data. A record lies in one segment.
//
// 0x20 is Apus's own: Prometheus cannot read a log with it.
//
// Source: Prometheus, tsdb/wlog/wlog.go and reader.go. Writer: WALWriter; reader: WALReader.

/// The frozen numbers of the log's container.
package enum WALPage {
  package static let bytes = 32 << 10
  package static let headerBytes = 7
  package static let segmentBytesDefault = 128 << 20

  /// The most that one record may hold before it is compressed; a reader takes more for damage.
  package static let recordBytesMax = 1 << 30

  package enum Fragment: UInt8, Sendable {
    case rest = 0
    case full = 1
    case first = 2
    case middle = 3
    case last = 4
  }

  static let typeMask: UInt8 = 0b0000_0111
  static let snappyFlag: UInt8 = 0b0000_1000
  static let zstdFlag: UInt8 = 0b0001_0000
  static let lz4Flag: UInt8 = 0b0010_0000
  static let compressionMask = snappyFlag | zstdFlag | lz4Flag
  static let unusedMask: UInt8 = 0b1100_0000
}
