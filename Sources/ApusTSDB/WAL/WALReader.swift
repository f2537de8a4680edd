package import ApusSystem

/// Reads the records of a row of segments, in order, checksum checked. Format: WALPage.
///
///     while try reader.next() { use(reader.record) }
package struct WALReader: ~Copyable {
  private let files: any FileSystem
  private let segments: [Int]
  private var nextSegment = 0
  private var bytes = ByteSlice.empty
  /// Offset in the segment of the next fragment.
  private var at = 0
  private var joined = ByteWriter(capacityBytes: WALPage.bytes)
  private var expanded = ByteWriter(capacityBytes: WALPage.bytes)
  private var place = Place.none

  private enum Place {
    case none, joined, expanded
    case segment(Range<Int>)
  }

  package let directory: String

  /// Segment of the current record.
  package private(set) var segment = -1

  /// Offset in its segment of the end of the current record.
  package private(set) var offset = 0

  /// Where the current record begins: the end of the good ones before it.
  package private(set) var recordStart = 0

  /// - Parameter segments: ascending, as `WALSegments.list` gives them.
  package init(files: any FileSystem, directory: String, segments: [Int]) {
    self.files = files
    self.directory = directory
    self.segments = segments
  }

  /// The current record, borrowed until the next.
  package var record: Span<UInt8> {
    @_lifetime(borrow self)
    get {
      switch place {
      case .segment(let range): bytes.span.extracting(range)
      case .joined: joined.span
      case .expanded: expanded.span
      case .none: Span()
      }
    }
  }

  /// A damage that a decoder found in the current record.
  package func corruption(_ reason: String) -> WALCorruption {
    WALCorruption(
      directory: directory, segment: segment, offset: recordStart, reason: reason)
  }

  /// Moves to the next record; false at the end of the last segment.
  /// - Throws: `.corruption` where the log stops making sense: do not go on; `.io`.
  package mutating func next() throws(WALError) -> Bool {
    while true {
      if at < bytes.count, try nextInSegment() { return true }
      guard nextSegment < segments.count else {
        place = .none
        return false
      }
      segment = segments[nextSegment]
      nextSegment += 1
      do throws(PosixError) {
        bytes = try files.map(WALSegments.path(directory, segment))
      } catch {
        throw .io(error)
      }
      at = 0
      offset = 0
    }
  }

  private func corrupt(_ reason: String) -> WALError { .corruption(corruption(reason)) }
}

extension WALReader {
  private struct Fragment {
    let type: WALPage.Fragment
    let flags: UInt8
    let data: Range<Int>
  }

  /// Moves to the next record of the segment; false at its end.
  private mutating func nextInSegment() throws(WALError) -> Bool {
    recordStart = offset
    joined.removeAll()
    guard let first = try fragment() else { return false }
    var place = Place.segment(first.data)
    switch first.type {
    case .full: break
    case .first:
      Self.append(bytes, first.data, to: &joined)
      place = .joined
      try join(first.flags)
    default: throw corrupt("unexpected \(first.type) record")
    }
    if first.flags != 0 {
      expanded.removeAll()
      try expand(place, first.flags)
      place = .expanded
    }
    self.place = place
    offset = at
    return true
  }

  /// Appends the middle and last fragments of a record.
  private mutating func join(_ flags: UInt8) throws(WALError) {
    while true {
      guard let next = try fragment() else { throw corrupt("last record is torn") }
      guard next.type == .middle || next.type == .last else {
        throw corrupt("unexpected \(next.type) record, expected middle or last")
      }
      guard next.flags == flags else { throw corrupt("fragments differ in compression") }
      guard joined.count + next.data.count <= WALPage.recordBytesMax else {
        throw corrupt("record over \(WALPage.recordBytesMax) bytes")
      }
      Self.append(bytes, next.data, to: &joined)
      if next.type == .last { return }
    }
  }

  private mutating func expand(_ place: Place, _ flags: UInt8) throws(WALError) {
    do throws(CodecError) {
      if case .segment(let range) = place {
        let bytes = bytes
        try Self.expand(bytes.span.extracting(range), flags, into: &expanded)
      } else {
        try Self.expand(joined, flags, into: &expanded)
      }
    } catch {
      throw corrupt("\(error)")
    }
  }

  private static func expand(
    _ packed: borrowing ByteWriter, _ flags: UInt8, into output: inout ByteWriter
  ) throws(CodecError) {
    try expand(packed.span, flags, into: &output)
  }

  private static func expand(
    _ packed: Span<UInt8>, _ flags: UInt8, into output: inout ByteWriter
  ) throws(CodecError) {
    if flags == WALPage.snappyFlag {
      try Snappy.expand(packed, maxBytes: WALPage.recordBytesMax, into: &output)
    } else {
      try Zstd.expand(packed, maxBytes: WALPage.recordBytesMax, into: &output)
    }
  }

  private static func append(
    _ bytes: ByteSlice, _ range: Range<Int>, to output: inout ByteWriter
  ) {
    output.append(bytes.span.extracting(range))
  }

  /// The next fragment; nil at the end. A file that ends inside of a page is read as if zeros
  /// followed: a page that was not written to its end.
  private mutating func fragment() throws(WALError) -> Fragment? {
    let bytes = bytes
    let span = bytes.span
    while at < span.count {
      let pageEnd = at / WALPage.bytes * WALPage.bytes + WALPage.bytes
      guard pageEnd - at >= WALPage.headerBytes, span[at] & WALPage.typeMask != 0 else {
        try skipZeros(to: min(pageEnd, span.count))
        continue
      }
      let head = span[at]
      guard head & WALPage.unusedMask == 0,
        let type = WALPage.Fragment(rawValue: head & WALPage.typeMask)
      else {
        throw corrupt("unexpected record type \(head)")
      }
      let flags = head & (WALPage.snappyFlag | WALPage.zstdFlag)
      guard flags != WALPage.snappyFlag | WALPage.zstdFlag else {
        throw corrupt("record with two compressions")
      }
      // Zeros behind the end of the file cannot make a fragment's data: its crc would be wrong,
      // but for data of nothing.
      guard at + WALPage.headerBytes <= span.count else { throw corrupt("last record is torn") }
      let length = Int(span[at + 1]) << 8 | Int(span[at + 2])
      let data = (at + WALPage.headerBytes)..<(at + WALPage.headerBytes + length)
      guard data.upperBound <= pageEnd else { throw corrupt("invalid record length \(length)") }
      guard data.upperBound <= span.count else { throw corrupt("last record is torn") }
      let crc =
        UInt32(span[at + 3]) << 24 | UInt32(span[at + 4]) << 16 | UInt32(span[at + 5]) << 8
        | UInt32(span[at + 6])
      let actual = CRC32C.of(span.extracting(data))
      guard crc == actual else {
        throw corrupt(
          "unexpected checksum \(String(actual, radix: 16)), expected \(String(crc, radix: 16))")
      }
      at = data.upperBound
      return Fragment(type: type, flags: flags, data: data)
    }
    return nil
  }

  private mutating func skipZeros(to end: Int) throws(WALError) {
    let bytes = bytes
    let span = bytes.span
    while at < end {
      guard span[at] == 0 else { throw corrupt("unexpected non-zero byte in padded page") }
      at += 1
    }
  }
}
