package import ApusSystem

/// Reads the records of a row of segments, in order, checksum checked. Format: WALPage.
///
///     while try reader.next() { use(reader.record) }
///
/// A file that ends inside of a page is read as if zeros followed up to the page's end, as
/// Prometheus reads it: a page that was not written to its end.
package struct WALReader: ~Copyable {
  private let files: any FileSystem
  private let segments: [Int]
  private var nextSegment = 0
  /// Where reading begins in the next segment.
  private var startOffset: Int
  /// The whole pages of the segment.
  private var bytes = ByteSlice.empty
  /// The page behind them that is not whole, with zeros.
  private var tail = ByteSlice.empty
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

  /// - Parameters:
  ///   - segments: ascending, as `WALSegments.list` gives them.
  ///   - start: the end of a record of the first segment; what stands before it is not read.
  package init(
    files: any FileSystem, directory: String, segments: [Int], from start: Int = 0
  ) {
    self.files = files
    self.directory = directory
    self.segments = segments
    startOffset = start
  }

  /// The current record, borrowed until the next.
  package var record: Span<UInt8> {
    @_lifetime(borrow self)
    get {
      switch place {
      case .segment(let range):
        if range.lowerBound < bytes.count {
          bytes.span.extracting(range)
        } else {
          tail.span.extracting(
            (range.lowerBound - bytes.count)..<(range.upperBound - bytes.count))
        }
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
      if at < bytes.count + tail.count, try nextInSegment() { return true }
      guard nextSegment < segments.count else {
        place = .none
        return false
      }
      try open(segments[nextSegment])
      nextSegment += 1
    }
  }

  private mutating func open(_ number: Int) throws(WALError) {
    let all: ByteSlice
    do throws(PosixError) {
      all = try files.map(WALSegments.path(directory, number))
    } catch {
      throw .io(error)
    }
    let whole = all.count / WALPage.bytes * WALPage.bytes
    bytes = all[0..<whole]
    tail = .empty
    if whole < all.count {
      var page = all[whole..<all.count].array()
      page += [UInt8](repeating: 0, count: WALPage.bytes - page.count)
      tail = ByteSlice(page)
    }
    segment = number
    at = startOffset
    offset = startOffset
    startOffset = 0
  }

  private static let zeros = ByteSlice([UInt8](repeating: 0, count: WALPage.bytes))

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
      join(first.data)
      place = .joined
      try joinRest(first.flags)
    default: throw corrupt("unexpected \(first.type) record, dropping buffer")
    }
    self.place = place
    if first.flags != 0 {
      try expand(first.flags)
      self.place = .expanded
    }
    offset = at
    return true
  }

  /// Appends the middle and last fragments of a record.
  private mutating func joinRest(_ flags: UInt8) throws(WALError) {
    while true {
      guard let next = try fragment() else { throw corrupt("last record is torn") }
      guard next.type == .middle || next.type == .last else {
        throw corrupt("unexpected \(next.type) record")
      }
      // A type that was written, and zeros in place of all that should follow it.
      guard !next.data.isEmpty else { throw corrupt("last record is torn") }
      guard next.flags == flags else { throw corrupt("fragments differ in compression") }
      guard joined.count + next.data.count <= WALPage.recordBytesMax else {
        throw corrupt("record over \(WALPage.recordBytesMax) bytes")
      }
      join(next.data)
      if next.type == .last { return }
    }
  }

  /// Expands the record at `place`.
  private mutating func expand(_ flags: UInt8) throws(WALError) {
    guard let compression = WALCompression(flag: flags) else {
      throw corrupt("record with two compressions")
    }
    expanded.removeAll()
    do throws(CodecError) {
      if case .segment(let range) = place {
        let (slice, range) = home(of: range)
        try compression.expand(slice.span.extracting(range), into: &expanded)
      } else {
        try Self.expand(joined, compression, into: &expanded)
      }
    } catch {
      throw corrupt("\(error)")
    }
  }

  private static func expand(
    _ packed: borrowing ByteWriter, _ compression: WALCompression,
    into output: inout ByteWriter
  ) throws(CodecError) {
    try compression.expand(packed.span, into: &output)
  }

  private mutating func join(_ range: Range<Int>) {
    let (slice, range) = home(of: range)
    joined.append(slice.span.extracting(range))
  }

  /// What holds a range of the segment, and where in it.
  private func home(of range: Range<Int>) -> (ByteSlice, Range<Int>) {
    guard range.lowerBound >= bytes.count, !tail.isEmpty else { return (bytes, range) }
    return (tail, (range.lowerBound - bytes.count)..<(range.upperBound - bytes.count))
  }

  /// The next fragment; nil at the end of the segment.
  private mutating func fragment() throws(WALError) -> Fragment? {
    while at < bytes.count + tail.count {
      let page = at / WALPage.bytes * WALPage.bytes
      let (slice, range) = home(of: page..<(page + WALPage.bytes))
      if let found = try fragment(in: slice.span.extracting(range), of: page) { return found }
    }
    return nil
  }

  /// The next fragment of a page; nil at its end.
  private mutating func fragment(
    in span: Span<UInt8>, of page: Int
  ) throws(WALError) -> Fragment? {
    let start = at - page
    let isRest = span[start] & WALPage.typeMask == 0
    guard WALPage.bytes - start >= WALPage.headerBytes, !isRest else {
      // The upper bits of the first one say nothing, to Prometheus neither.
      let from = isRest ? start + 1 : start
      let rest = WALPage.bytes - from
      guard bytesAreEqual(span, from, Self.zeros.span, 0, count: rest) else {
        throw corrupt("unexpected non-zero byte in padded page")
      }
      at = page + WALPage.bytes
      return nil
    }
    let head = span[start]
    guard head & WALPage.unusedMask == 0,
      let type = WALPage.Fragment(rawValue: head & WALPage.typeMask)
    else {
      throw corrupt("unexpected record type \(head)")
    }
    let flags = head & WALPage.compressionMask
    let length = Int(span[start + 1]) << 8 | Int(span[start + 2])
    let data = (start + WALPage.headerBytes)..<(start + WALPage.headerBytes + length)
    guard data.upperBound <= WALPage.bytes else {
      throw corrupt("invalid record size \(length)")
    }
    let crc =
      UInt32(span[start + 3]) << 24 | UInt32(span[start + 4]) << 16
      | UInt32(span[start + 5]) << 8 | UInt32(span[start + 6])
    let actual = CRC32C.of(span.extracting(data))
    guard crc == actual else {
      throw corrupt(
        "unexpected checksum \(String(actual, radix: 16)), expected \(String(crc, radix: 16))")
    }
    at = page + data.upperBound
    return Fragment(
      type: type, flags: flags,
      data: (page + data.lowerBound)..<(page + data.upperBound))
  }
}
