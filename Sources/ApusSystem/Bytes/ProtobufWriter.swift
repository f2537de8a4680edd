/// Writes the fields of a protobuf message; `ProtobufReader` is its mirror image.
///
/// Numbers that equal proto3's default (0, false, empty) are written as well: leaving them out is
/// the caller's choice.
package struct ProtobufWriter: ~Copyable {
  private var writer: ByteWriter

  package init(capacityBytes: Int = 256) {
    writer = ByteWriter(capacityBytes: capacityBytes)
  }

  package var count: Int { writer.count }

  /// All that was written, borrowed.
  package var span: Span<UInt8> {
    @_lifetime(borrow self)
    get { writer.span }
  }

  package func array() -> [UInt8] { writer.array() }

  /// Forgets what was written and keeps the memory.
  package mutating func removeAll() { writer.removeAll() }

  @inline(__always)
  private mutating func tag(_ field: Int, _ type: ProtobufWireType) {
    writer.uvarint(UInt64(field) &<< 3 | UInt64(type.rawValue))
  }

  @inline(__always)
  package mutating func uint64(_ field: Int, _ value: UInt64) {
    tag(field, .varint)
    writer.uvarint(value)
  }

  /// int64, int32 and enums.
  @inline(__always)
  package mutating func int64(_ field: Int, _ value: Int64) {
    uint64(field, UInt64(bitPattern: value))
  }

  /// sint64 and sint32, zigzag.
  @inline(__always)
  package mutating func sint64(_ field: Int, _ value: Int64) {
    tag(field, .varint)
    writer.varint(value)
  }

  package mutating func bool(_ field: Int, _ value: Bool) { uint64(field, value ? 1 : 0) }

  @inline(__always)
  package mutating func fixed64(_ field: Int, _ value: UInt64) {
    tag(field, .fixed64)
    writer.le64(value)
  }

  @inline(__always)
  package mutating func fixed32(_ field: Int, _ value: UInt32) {
    tag(field, .fixed32)
    writer.le32(value)
  }

  @inline(__always)
  package mutating func double(_ field: Int, _ value: Double) {
    fixed64(field, value.bitPattern)
  }

  package mutating func bytes(_ field: Int, _ value: Span<UInt8>) {
    tag(field, .bytes)
    writer.uvarintBytes(value)
  }

  package mutating func string(_ field: Int, _ value: String) {
    tag(field, .bytes)
    writer.uvarintString(value)
  }

  /// A message inside a field; `body` writes its fields.
  package mutating func message<E: Error>(
    _ field: Int, _ body: (inout ProtobufWriter) throws(E) -> Void
  ) throws(E) {
    tag(field, .bytes)
    let start = writer.count
    // One byte is room for most lengths; longer ones move the message.
    writer.u8(0)
    try body(&self)
    let length = writer.count - start - 1
    if length < 0x80 {
      writer.patch(at: start, UInt8(length))
      return
    }
    var rest = UInt64(length)
    let more = (UInt64.bitWidth - rest.leadingZeroBitCount + 6) / 7 - 1
    writer.insertGap(at: start, more)
    for i in 0...more {
      writer.patch(at: start + i, UInt8(truncatingIfNeeded: rest & 0x7F) | (i < more ? 0x80 : 0))
      rest >>= 7
    }
  }

  /// Packed varints.
  package mutating func packedVarints(_ field: Int, _ values: [UInt64]) {
    packed(field) { writer in for value in values { writer.uvarint(value) } }
  }

  /// Packed sint64 or sint32, zigzag.
  package mutating func packedZigzag(_ field: Int, _ values: [Int64]) {
    packed(field) { writer in for value in values { writer.varint(value) } }
  }

  package mutating func packedDoubles(_ field: Int, _ values: [Double]) {
    packed(field) { writer in for value in values { writer.le64(value.bitPattern) } }
  }

  private mutating func packed(_ field: Int, _ body: (inout ByteWriter) -> Void) {
    message(field) { inner in body(&inner.writer) }
  }
}
