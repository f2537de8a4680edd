internal import ApusSystem

/// An image whose every byte has been checked. Format: HeadImageFormat.
struct HeadImageReader: Sendable {
  private let bytes: ByteSlice
  private let ranges: [HeadImageFormat.Section: Range<Int>]

  /// Bytes with their checksum.
  private struct Piece {
    let range: Range<Int>
    let crc: UInt32
  }

  /// Checks all of an image: its version, then each byte by a checksum.
  init(_ bytes: ByteSlice) throws(HeadImageRejection) {
    self.bytes = bytes
    try Self.checkHeader(bytes.span)
    let tableRange = try Self.checkEnd(bytes.span)
    var pieces: [Piece] = []
    do throws(ByteReaderError) {
      (ranges, pieces) = try Self.sections(bytes.span, tableRange)
    } catch {
      throw HeadImageRejection("the table of sections is damaged: \(error)")
    }
    guard ranges.count == HeadImageFormat.Section.allCases.count else {
      throw HeadImageRejection("a section is missing, or stands where it should not")
    }
    let all = pieces
    let isWhole = TwoThreads.allSatisfy(all.count) { i in
      CRC32C.of(bytes.span.extracting(all[i].range)) == all[i].crc
    }
    guard isWhole else { throw HeadImageRejection("a section does not have its checksum") }
  }

  /// A section.
  subscript(section: HeadImageFormat.Section) -> ByteSlice { bytes[ranges[section] ?? 0..<0] }

  var sizeBytes: Int { bytes.count }

  private static func checkHeader(_ bytes: Span<UInt8>) throws(HeadImageRejection) {
    var reader = ByteReader(bytes)
    do {
      guard try reader.be64() == HeadImageFormat.magic else {
        throw HeadImageRejection("this is no head image: its first bytes are others")
      }
      let version = try reader.be32()
      let layout = try reader.be64()
      let crc = CRC32C.of(bytes.extracting(0..<reader.offset))
      guard try reader.be32() == crc else {
        throw HeadImageRejection("the header does not have its checksum")
      }
      guard version == HeadImageFormat.version else {
        throw HeadImageRejection(
          "it is of version \(version), and this build reads \(HeadImageFormat.version)")
      }
      guard layout == HeadImageFormat.layout else {
        throw HeadImageRejection("it was written by another build, or on another machine")
      }
    } catch let error as HeadImageRejection {
      throw error
    } catch {
      throw HeadImageRejection("the header is cut: \(error)")
    }
  }

  /// Where the table of sections stands.
  private static func checkEnd(_ bytes: Span<UInt8>) throws(HeadImageRejection) -> Range<Int> {
    let end = bytes.count - HeadImageFormat.endBytes
    guard end >= HeadImageFormat.headerBytes else {
      throw HeadImageRejection("it is cut: \(bytes.count) bytes")
    }
    var reader = ByteReader(bytes, at: end)
    guard let crc = try? reader.be32(), let length = try? reader.be32(),
      let magic = try? reader.be64(), magic == HeadImageFormat.endMagic
    else { throw HeadImageRejection("it is cut: its end is not there") }
    guard Int(length) <= end - HeadImageFormat.headerBytes else {
      throw HeadImageRejection("the table of sections is longer than the file")
    }
    let table = (end - Int(length))..<end
    guard CRC32C.of(bytes.extracting(table)) == crc else {
      throw HeadImageRejection("the table of sections does not have its checksum")
    }
    return table
  }

  /// Where the sections and their pieces stand; they must follow one another without gaps.
  private static func sections(
    _ bytes: Span<UInt8>, _ table: Range<Int>
  ) throws(ByteReaderError) -> ([HeadImageFormat.Section: Range<Int>], [Piece]) {
    var ranges: [HeadImageFormat.Section: Range<Int>] = [:]
    var pieces: [Piece] = []
    var reader = ByteReader(bytes.extracting(table))
    var end = HeadImageFormat.headerBytes
    var last: HeadImageFormat.Section?
    while !reader.isAtEnd {
      let kind = try reader.u8()
      let start = try reader.be64()
      let length = try reader.be64()
      let crc = try reader.be32()
      guard let section = HeadImageFormat.Section(rawValue: kind), start == UInt64(end),
        length <= UInt64(table.lowerBound - end), section == last || ranges[section] == nil
      else { return ([:], []) }
      let range = end..<(end + Int(length))
      ranges[section] = (ranges[section]?.lowerBound ?? end)..<range.upperBound
      pieces.append(Piece(range: range, crc: crc))
      end = range.upperBound
      last = section
    }
    return end == table.lowerBound ? (ranges, pieces) : ([:], [])
  }
}
