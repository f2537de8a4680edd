internal import ApusSystem

/// The index file of a block (Prometheus, tsdb/index/index.go). Fixed integers are big endian.
///
///     | magic 0xBAAAD700 4 | version 1 |
///     symbols   | length 4 | count 4 | count * string | crc 4 |      strings ascend by bytes
///     series    entries, each at a multiple of 16 bytes: | length uvarint | body | crc 4 |
///     postings  lists, at multiples of 4 bytes: | length 4 | count 4 | count * id 4 | crc 4 |
///     offsets   | length 4 | count 4 | count * (2 uvarint, name, value, offset uvarint) | crc 4 |
///     contents  | symbols 8 | series 8 | label indices 8 | label indices table 8 |
///               | postings 8 | offsets 8 | crc 4 |
///
/// A string is a uvarint length and bytes. A crc covers what stands between the length and itself.
/// A series id is the position of its entry divided by 16. The list of the empty name and the
/// empty value holds all series.
///
/// Version 1 differs: entries are not aligned and an id is a position; a symbol is named by its
/// position in the file; the offset table is not sorted. Version 3 is read as version 2.
package enum IndexFormat {
  package static let fileName = "index"
  static let magic: UInt32 = 0xBAAA_D700
  static let versionWritten: UInt8 = 2
  static let versionMax: UInt8 = 3
  static let headerBytes = 5
  static let seriesAlignment = 16
  static let postingsAlignment = 4
  /// Beyond this a series id does not fit into 32 bits.
  static let fileBytesMax = 64 << 30
}

/// Where the sections of an index begin: the last 52 bytes of the file.
struct IndexContents: Equatable {
  static let encodedBytes = 6 * 8 + 4

  var symbols: UInt64 = 0
  var series: UInt64 = 0
  var labelIndices: UInt64 = 0
  var labelIndicesTable: UInt64 = 0
  var postings: UInt64 = 0
  var postingsTable: UInt64 = 0

  init() {}

  /// - Parameter file: the whole index file.
  init(_ file: Span<UInt8>) throws {
    guard file.count >= IndexFormat.headerBytes + Self.encodedBytes else {
      throw Malformed("\(file.count) bytes are too short for an index")
    }
    let start = file.count - Self.encodedBytes
    var reader = ByteReader(file, at: start)
    symbols = try reader.be64()
    series = try reader.be64()
    labelIndices = try reader.be64()
    labelIndicesTable = try reader.be64()
    postings = try reader.be64()
    postingsTable = try reader.be64()
    let crc = CRC32C.of(file.extracting(start..<reader.offset))
    guard try reader.be32() == crc else {
      throw Malformed("the checksum of the table of contents did not match")
    }
    for position in [symbols, series, labelIndices, labelIndicesTable, postings, postingsTable]
    where position > UInt64(start) {
      throw Malformed("the table of contents points behind the end of the file: \(position)")
    }
  }

  func encode(into out: inout ByteWriter) {
    let start = out.count
    for position in [symbols, series, labelIndices, labelIndicesTable, postings, postingsTable] {
      out.be64(position)
    }
    out.be32(CRC32C.of(out.span.extracting(start..<out.count)))
  }
}
