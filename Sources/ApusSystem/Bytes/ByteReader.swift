/// Why bytes could not be read.
package enum ByteReaderError: Error, Sendable, Equatable, CustomStringConvertible {
  /// `wanted` bytes from `offset` on were asked for, and only `left` are there.
  case truncated(offset: Int, wanted: Int, left: Int)
  /// The variable-length integer at `offset` does not fit into 64 bits.
  case overlongVarint(offset: Int)

  package var description: String {
    switch self {
    case .truncated(let offset, let wanted, let left):
      "truncated: \(wanted) bytes wanted at offset \(offset), \(left) left"
    case .overlongVarint(let offset):
      "variable-length integer at offset \(offset) exceeds 64 bits"
    }
  }
}

/// A bounds-checked cursor over borrowed bytes; `ByteWriter` is its mirror image.
///
/// Fixed integers are big endian unless the name says LE. `uvarint` is LEB128 (7 bits a byte, low
/// group first), `varint` the zigzag form of it, as Go's encoding/binary has them.
package struct ByteReader: ~Escapable {
  private let bytes: Span<UInt8>

  /// Offset of the next byte, 0...count.
  package private(set) var offset: Int

  @_lifetime(copy bytes)
  package init(_ bytes: Span<UInt8>, at offset: Int = 0) {
    precondition(offset >= 0 && offset <= bytes.count, "offset outside of the bytes: \(offset)")
    self.bytes = bytes
    self.offset = offset
  }

  /// Number of all the bytes, read or not.
  package var count: Int { bytes.count }

  /// Number of bytes not read yet.
  package var remaining: Int { bytes.count &- offset }

  package var isAtEnd: Bool { offset == bytes.count }

  @inline(__always)
  private func need(_ wanted: Int) throws(ByteReaderError) {
    guard wanted >= 0 && wanted <= remaining else {
      throw .truncated(offset: offset, wanted: wanted, left: remaining)
    }
  }

  /// Moves to an offset from the beginning.
  @_lifetime(self: copy self)
  package mutating func seek(to newOffset: Int) throws(ByteReaderError) {
    guard newOffset >= 0 && newOffset <= bytes.count else {
      throw .truncated(offset: newOffset, wanted: 0, left: bytes.count - newOffset)
    }
    offset = newOffset
  }

  @_lifetime(self: copy self)
  package mutating func skip(_ wanted: Int) throws(ByteReaderError) {
    try need(wanted)
    offset &+= wanted
  }

  @inline(__always)
  @_lifetime(self: copy self)
  package mutating func u8() throws(ByteReaderError) -> UInt8 {
    try need(1)
    defer { offset &+= 1 }
    return unsafe bytes.bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt8.self)
  }

  /// The next byte without moving; nil at the end.
  package var peek: UInt8? { offset < bytes.count ? bytes[offset] : nil }

  @inline(__always)
  @_lifetime(self: copy self)
  private mutating func load<T: FixedWidthInteger & BitwiseCopyable>(
    _ type: T.Type
  ) throws(ByteReaderError) -> T {
    try need(MemoryLayout<T>.size)
    defer { offset &+= MemoryLayout<T>.size }
    return unsafe bytes.bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: T.self)
  }

  @inline(__always)
  @_lifetime(self: copy self)
  package mutating func be16() throws(ByteReaderError) -> UInt16 {
    UInt16(bigEndian: try load(UInt16.self))
  }

  @inline(__always)
  @_lifetime(self: copy self)
  package mutating func be32() throws(ByteReaderError) -> UInt32 {
    UInt32(bigEndian: try load(UInt32.self))
  }

  @inline(__always)
  @_lifetime(self: copy self)
  package mutating func be64() throws(ByteReaderError) -> UInt64 {
    UInt64(bigEndian: try load(UInt64.self))
  }

  @inline(__always)
  @_lifetime(self: copy self)
  package mutating func le32() throws(ByteReaderError) -> UInt32 {
    UInt32(littleEndian: try load(UInt32.self))
  }

  @inline(__always)
  @_lifetime(self: copy self)
  package mutating func le64() throws(ByteReaderError) -> UInt64 {
    UInt64(littleEndian: try load(UInt64.self))
  }

  /// The bits of a double, big endian.
  @inline(__always)
  @_lifetime(self: copy self)
  package mutating func f64() throws(ByteReaderError) -> Double {
    Double(bitPattern: try be64())
  }

  @inline(__always)
  @_lifetime(self: copy self)
  package mutating func uvarint() throws(ByteReaderError) -> UInt64 {
    if offset < bytes.count {
      let first = unsafe bytes.bytes.unsafeLoadUnaligned(
        fromByteOffset: offset, as: UInt8.self)
      if first < 0x80 {
        offset &+= 1
        return UInt64(first)
      }
    }
    return try longUvarint()
  }

  @_lifetime(self: copy self)
  private mutating func longUvarint() throws(ByteReaderError) -> UInt64 {
    var value: UInt64 = 0
    var shift: UInt64 = 0
    var at = offset
    while at < bytes.count {
      let byte = unsafe bytes.bytes.unsafeLoadUnaligned(fromByteOffset: at, as: UInt8.self)
      at &+= 1
      // The tenth byte holds the 64th bit only.
      if shift == 63 && byte > 1 { throw .overlongVarint(offset: offset) }
      value |= UInt64(byte & 0x7F) &<< shift
      if byte < 0x80 {
        offset = at
        return value
      }
      shift &+= 7
    }
    throw .truncated(offset: offset, wanted: bytes.count - offset + 1, left: remaining)
  }

  @inline(__always)
  @_lifetime(self: copy self)
  package mutating func varint() throws(ByteReaderError) -> Int64 {
    let u = try uvarint()
    return Int64(bitPattern: (u &>> 1) ^ (0 &- (u & 1)))
  }

  /// A uvarint that is a length of bytes which must all be there.
  @_lifetime(self: copy self)
  package mutating func length() throws(ByteReaderError) -> Int {
    let start = offset
    let length = try uvarint()
    guard length <= UInt64(remaining) else {
      let wanted = Int(truncatingIfNeeded: min(length, UInt64(Int.max)))
      let left = remaining
      offset = start
      throw .truncated(offset: start, wanted: wanted, left: left)
    }
    return Int(truncatingIfNeeded: length)
  }

  /// The next `wanted` bytes, borrowed.
  @_lifetime(copy self)
  @_lifetime(self: copy self)
  package mutating func slice(_ wanted: Int) throws(ByteReaderError) -> Span<UInt8> {
    try need(wanted)
    let slice = bytes.extracting(offset..<(offset &+ wanted))
    offset &+= wanted
    return slice
  }

  /// A uvarint length and that many bytes, borrowed.
  @_lifetime(copy self)
  @_lifetime(self: copy self)
  package mutating func uvarintSlice() throws(ByteReaderError) -> Span<UInt8> {
    let wanted = try length()
    return try slice(wanted)
  }

  /// A uvarint length and that many bytes of UTF-8; what is not UTF-8 becomes U+FFFD.
  @_lifetime(self: copy self)
  package mutating func uvarintString() throws(ByteReaderError) -> String {
    String(copying: try uvarintSlice())
  }

  @_lifetime(self: copy self)
  package mutating func array(_ wanted: Int) throws(ByteReaderError) -> [UInt8] {
    [UInt8](copying: try slice(wanted))
  }

  /// What is left, borrowed, without moving.
  package var rest: Span<UInt8> {
    @_lifetime(copy self)
    get { bytes.extracting(offset..<bytes.count) }
  }
}

extension [UInt8] {
  package init(copying bytes: Span<UInt8>) {
    self.init(capacity: bytes.count) { output in
      for i in bytes.indices { output.append(bytes[i]) }
    }
  }
}

extension String {
  /// Copies UTF-8 bytes; what is not UTF-8 becomes U+FFFD.
  package init(copying bytes: Span<UInt8>) {
    self = unsafe bytes.withUnsafeBufferPointer { buffer in
      unsafe String(decoding: buffer, as: UTF8.self)
    }
  }
}
