// | tag uvarint: field number << 3, wire type | value |
//   wire type 0 varint, 1 eight bytes, 2 uvarint length and bytes, 5 four bytes; little endian

/// What a protobuf field holds on the wire.
package enum ProtobufWireType: UInt8, Sendable {
  case varint = 0
  case fixed64 = 1
  case bytes = 2
  case fixed32 = 5
}

/// Why bytes are not a protobuf message.
package enum ProtobufError: Error, Sendable, Equatable, CustomStringConvertible {
  case malformed(ByteReaderError)
  /// Groups (3, 4) and types that do not exist (6, 7).
  case badWireType(UInt8, field: Int, offset: Int)
  /// Field number 0, or one above 2^29-1.
  case badFieldNumber(offset: Int)
  /// The field holds another kind of value than its reader asked for.
  case wrongType(ProtobufWireType, field: Int, wanted: ProtobufWireType)

  package var description: String {
    switch self {
    case .malformed(let why): "malformed protobuf message: \(why)"
    case .badWireType(let type, let field, let offset):
      "malformed protobuf message: field \(field) at offset \(offset) has wire type \(type)"
    case .badFieldNumber(let offset):
      "malformed protobuf message: illegal field number at offset \(offset)"
    case .wrongType(let got, let field, let wanted):
      "malformed protobuf message: field \(field) is \(got), not \(wanted)"
    }
  }
}

/// Reads the fields of one message, in the order in which they stand; no schemas.
///
///     while try reader.next() {
///       switch reader.field {
///       case 1: name = try reader.string()
///       case 2: var inner = try reader.message() ...
///       default: break  // what is not read is skipped by next()
///       }
///     }
package struct ProtobufReader: ~Escapable {
  private var reader: ByteReader
  private var pending = false

  /// Number of the current field.
  package private(set) var field = 0

  /// What the current field holds.
  package private(set) var wireType = ProtobufWireType.varint

  @_lifetime(copy bytes)
  package init(_ bytes: Span<UInt8>) {
    reader = ByteReader(bytes)
  }

  /// Offset of the next byte that is read.
  package var offset: Int { reader.offset }

  /// Moves to the next field; false at the end of the message. A field that was not read is
  /// skipped.
  @inline(__always)
  @_lifetime(self: copy self)
  package mutating func next() throws(ProtobufError) -> Bool {
    if pending { try skip() }
    guard !reader.isAtEnd else { return false }
    let start = reader.offset
    let tag = try varintValue()
    let number = tag &>> 3
    guard number > 0 && number < 1 << 29 else { throw .badFieldNumber(offset: start) }
    field = Int(truncatingIfNeeded: number)
    guard let type = ProtobufWireType(rawValue: UInt8(truncatingIfNeeded: tag & 7)) else {
      throw .badWireType(UInt8(truncatingIfNeeded: tag & 7), field: field, offset: start)
    }
    wireType = type
    pending = true
    return true
  }

  @inline(__always)
  @_lifetime(self: copy self)
  private mutating func take(_ wanted: ProtobufWireType) throws(ProtobufError) {
    precondition(pending, "a field is read once, after next()")
    guard wireType == wanted else {
      throw .wrongType(wireType, field: field, wanted: wanted)
    }
    pending = false
  }

  @inline(__always)
  @_lifetime(self: copy self)
  private mutating func varintValue() throws(ProtobufError) -> UInt64 {
    do throws(ByteReaderError) { return try reader.uvarint() } catch { throw .malformed(error) }
  }

  /// Skips the value of the current field.
  @_lifetime(self: copy self)
  package mutating func skip() throws(ProtobufError) {
    pending = false
    do throws(ByteReaderError) {
      switch wireType {
      case .varint: _ = try reader.uvarint()
      case .fixed64: try reader.skip(8)
      case .fixed32: try reader.skip(4)
      case .bytes: try reader.skip(try reader.length())
      }
    } catch {
      throw .malformed(error)
    }
  }

  /// uint64, uint32, enum and bool.
  @inline(__always)
  @_lifetime(self: copy self)
  package mutating func uint64() throws(ProtobufError) -> UInt64 {
    try take(.varint)
    return try varintValue()
  }

  /// int64 and int32, two's complement.
  @inline(__always)
  @_lifetime(self: copy self)
  package mutating func int64() throws(ProtobufError) -> Int64 {
    Int64(bitPattern: try uint64())
  }

  /// sint64 and sint32, zigzag.
  @inline(__always)
  @_lifetime(self: copy self)
  package mutating func sint64() throws(ProtobufError) -> Int64 {
    let u = try uint64()
    return Int64(bitPattern: (u &>> 1) ^ (0 &- (u & 1)))
  }

  @_lifetime(self: copy self)
  package mutating func bool() throws(ProtobufError) -> Bool { try uint64() != 0 }

  @inline(__always)
  @_lifetime(self: copy self)
  package mutating func fixed64() throws(ProtobufError) -> UInt64 {
    try take(.fixed64)
    do throws(ByteReaderError) { return try reader.le64() } catch { throw .malformed(error) }
  }

  @inline(__always)
  @_lifetime(self: copy self)
  package mutating func fixed32() throws(ProtobufError) -> UInt32 {
    try take(.fixed32)
    do throws(ByteReaderError) { return try reader.le32() } catch { throw .malformed(error) }
  }

  @inline(__always)
  @_lifetime(self: copy self)
  package mutating func double() throws(ProtobufError) -> Double {
    Double(bitPattern: try fixed64())
  }

  /// The bytes of a bytes, string, message or packed field, borrowed.
  @_lifetime(copy self)
  @_lifetime(self: copy self)
  package mutating func bytes() throws(ProtobufError) -> Span<UInt8> {
    try take(.bytes)
    do throws(ByteReaderError) {
      return try reader.uvarintSlice()
    } catch {
      throw .malformed(error)
    }
  }

  /// What is not UTF-8 becomes U+FFFD.
  @_lifetime(self: copy self)
  package mutating func string() throws(ProtobufError) -> String {
    String(copying: try bytes())
  }

  /// A reader of the message inside the current field.
  @_lifetime(copy self)
  @_lifetime(self: copy self)
  package mutating func message() throws(ProtobufError) -> ProtobufReader {
    ProtobufReader(try bytes())
  }

  /// Appends the numbers of a repeated varint field, packed (one field holds many) or not.
  @_lifetime(self: copy self)
  package mutating func appendVarints(to numbers: inout [UInt64]) throws(ProtobufError) {
    guard wireType == .bytes else {
      numbers.append(try uint64())
      return
    }
    var packed = ByteReader(try bytes())
    do throws(ByteReaderError) {
      while !packed.isAtEnd { numbers.append(try packed.uvarint()) }
    } catch {
      throw .malformed(error)
    }
  }

  /// Appends the doubles of a repeated double field, packed or not.
  @_lifetime(self: copy self)
  package mutating func appendDoubles(to numbers: inout [Double]) throws(ProtobufError) {
    guard wireType == .bytes else {
      numbers.append(try double())
      return
    }
    var packed = ByteReader(try bytes())
    do throws(ByteReaderError) {
      while !packed.isAtEnd { numbers.append(Double(bitPattern: try packed.le64())) }
    } catch {
      throw .malformed(error)
    }
  }
}
