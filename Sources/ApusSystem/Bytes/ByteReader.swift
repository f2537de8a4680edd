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
///
/// Its slow parts take values instead of `self`, so that the offset stays in a register. Loops over
/// many small things belong into this target (`rows`): calls from another one are not inlined.
package struct ByteReader: ~Escapable {
  @usableFromInline let bytes: Span<UInt8>
  @usableFromInline var position: Int

  @inlinable
  @_lifetime(copy bytes)
  package init(_ bytes: Span<UInt8>, at offset: Int = 0) {
    precondition(offset >= 0 && offset <= bytes.count, "offset outside of the bytes")
    self.bytes = bytes
    position = offset
  }

  /// Offset of the next byte, 0...count.
  @inlinable package var offset: Int { position }

  /// Number of all the bytes, read or not.
  @inlinable package var count: Int { bytes.count }

  /// Number of bytes not read yet.
  @inlinable package var remaining: Int { bytes.count &- position }

  @inlinable package var isAtEnd: Bool { position == bytes.count }

  @inlinable
  @inline(__always)
  func need(_ wanted: Int) throws(ByteReaderError) {
    guard wanted >= 0 && wanted <= remaining else {
      throw .truncated(offset: position, wanted: wanted, left: remaining)
    }
  }

  /// Moves to an offset from the beginning.
  @_lifetime(self: copy self)
  package mutating func seek(to newOffset: Int) throws(ByteReaderError) {
    guard newOffset >= 0 && newOffset <= bytes.count else {
      throw .truncated(offset: newOffset, wanted: 0, left: bytes.count - newOffset)
    }
    position = newOffset
  }

  @inlinable
  @_lifetime(self: copy self)
  package mutating func skip(_ wanted: Int) throws(ByteReaderError) {
    try need(wanted)
    position &+= wanted
  }

  @inlinable
  @inline(__always)
  @_lifetime(self: copy self)
  package mutating func u8() throws(ByteReaderError) -> UInt8 {
    try need(1)
    defer { position &+= 1 }
    return unsafe bytes.bytes.unsafeLoadUnaligned(fromByteOffset: position, as: UInt8.self)
  }

  /// The next byte without moving; nil at the end.
  @inlinable package var peek: UInt8? { position < bytes.count ? bytes[position] : nil }

  @inlinable
  @inline(__always)
  @_lifetime(self: copy self)
  mutating func load<T: FixedWidthInteger & BitwiseCopyable>(
    _ type: T.Type
  ) throws(ByteReaderError) -> T {
    try need(MemoryLayout<T>.size)
    defer { position &+= MemoryLayout<T>.size }
    return unsafe bytes.bytes.unsafeLoadUnaligned(fromByteOffset: position, as: T.self)
  }

  @inlinable
  @inline(__always)
  @_lifetime(self: copy self)
  package mutating func be16() throws(ByteReaderError) -> UInt16 {
    UInt16(bigEndian: try load(UInt16.self))
  }

  @inlinable
  @inline(__always)
  @_lifetime(self: copy self)
  package mutating func be32() throws(ByteReaderError) -> UInt32 {
    UInt32(bigEndian: try load(UInt32.self))
  }

  @inlinable
  @inline(__always)
  @_lifetime(self: copy self)
  package mutating func be64() throws(ByteReaderError) -> UInt64 {
    UInt64(bigEndian: try load(UInt64.self))
  }

  @inlinable
  @inline(__always)
  @_lifetime(self: copy self)
  package mutating func le32() throws(ByteReaderError) -> UInt32 {
    UInt32(littleEndian: try load(UInt32.self))
  }

  @inlinable
  @inline(__always)
  @_lifetime(self: copy self)
  package mutating func le64() throws(ByteReaderError) -> UInt64 {
    UInt64(littleEndian: try load(UInt64.self))
  }

  /// The bits of a double, big endian.
  @inlinable
  @inline(__always)
  @_lifetime(self: copy self)
  package mutating func f64() throws(ByteReaderError) -> Double {
    Double(bitPattern: try be64())
  }

  @inlinable
  @inline(__always)
  @_lifetime(self: copy self)
  package mutating func uvarint() throws(ByteReaderError) -> UInt64 {
    let left = bytes.count &- position
    if left > 0 {
      let first = unsafe bytes.bytes.unsafeLoadUnaligned(
        fromByteOffset: position, as: UInt8.self)
      if first < 0x80 {
        position &+= 1
        return UInt64(first)
      }
    }
    if left > 1 {
      let both = unsafe bytes.bytes.unsafeLoadUnaligned(
        fromByteOffset: position, as: UInt16.self)
      let pair = UInt64(UInt16(littleEndian: both))
      if pair < 0x8000 {
        position &+= 2
        return pair & 0x7F | (pair &>> 8) &<< 7
      }
    }
    let (value, end) = try Self.longUvarint(bytes, position)
    position = end
    return value
  }

  /// The integer at an offset, and where it ends.
  @usableFromInline
  static func longUvarint(
    _ bytes: Span<UInt8>, _ start: Int
  ) throws(ByteReaderError) -> (value: UInt64, end: Int) {
    var value: UInt64 = 0
    var shift: UInt64 = 0
    var at = start
    while at < bytes.count {
      let byte = unsafe bytes.bytes.unsafeLoadUnaligned(fromByteOffset: at, as: UInt8.self)
      at &+= 1
      // The tenth byte holds the 64th bit only.
      if shift == 63 && byte > 1 { throw .overlongVarint(offset: start) }
      value |= UInt64(byte & 0x7F) &<< shift
      if byte < 0x80 { return (value, at) }
      shift &+= 7
    }
    let left = bytes.count - start
    throw .truncated(offset: start, wanted: left + 1, left: left)
  }

  @inlinable
  @inline(__always)
  @_lifetime(self: copy self)
  package mutating func varint() throws(ByteReaderError) -> Int64 {
    let u = try uvarint()
    return Int64(bitPattern: (u &>> 1) ^ (0 &- (u & 1)))
  }

  /// A uvarint that is a length of bytes which must all be there.
  @inlinable
  @_lifetime(self: copy self)
  package mutating func length() throws(ByteReaderError) -> Int {
    let start = position
    let length = try uvarint()
    guard length <= UInt64(remaining) else {
      let wanted = Int(truncatingIfNeeded: min(length, UInt64(Int.max)))
      let left = remaining
      position = start
      throw .truncated(offset: start, wanted: wanted, left: left)
    }
    return Int(truncatingIfNeeded: length)
  }

  /// The next `wanted` bytes, borrowed.
  @inlinable
  @_lifetime(copy self)
  @_lifetime(self: copy self)
  package mutating func slice(_ wanted: Int) throws(ByteReaderError) -> Span<UInt8> {
    try need(wanted)
    let slice = bytes.extracting(position..<(position &+ wanted))
    position &+= wanted
    return slice
  }

  /// A uvarint length and that many bytes, borrowed.
  @inlinable
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
    get { bytes.extracting(position..<bytes.count) }
  }
}

extension [UInt8] {
  package init(copying bytes: Span<UInt8>) {
    self = unsafe bytes.withUnsafeBufferPointer { buffer in unsafe [UInt8](buffer) }
  }

  package mutating func append(copying bytes: Span<UInt8>) {
    unsafe bytes.withUnsafeBufferPointer { buffer in unsafe append(contentsOf: buffer) }
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
