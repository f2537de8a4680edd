import ApusSystem
import Testing

struct ByteWriterTests {
  private static let numbers: [UInt64] =
    (0..<64).flatMap { [1 << $0, (1 << $0) - 1, ~(1 << $0)] } + [0, .max]

  @Test func `a reader gives back what a writer wrote`() throws {
    var writer = ByteWriter(capacityBytes: 1)
    for n in Self.numbers {
      writer.uvarint(n)
      writer.varint(Int64(bitPattern: n))
      writer.be64(n)
      writer.be32(UInt32(truncatingIfNeeded: n))
      writer.be16(UInt16(truncatingIfNeeded: n))
      writer.le64(n)
      writer.le32(UInt32(truncatingIfNeeded: n))
      writer.f64(Double(bitPattern: n))
      writer.u8(UInt8(truncatingIfNeeded: n))
      writer.uvarintString("n\(n)")
    }
    var reader = ByteReader(writer.span)
    var same = true
    for n in Self.numbers {
      same = try same && (reader.uvarint()) == n
      same = try same && (reader.varint()) == Int64(bitPattern: n)
      same = try same && (reader.be64()) == n
      same = try same && (reader.be32()) == UInt32(truncatingIfNeeded: n)
      same = try same && (reader.be16()) == UInt16(truncatingIfNeeded: n)
      same = try same && (reader.le64()) == n
      same = try same && (reader.le32()) == UInt32(truncatingIfNeeded: n)
      same = try same && (reader.f64()).bitPattern == n
      same = try same && (reader.u8()) == UInt8(truncatingIfNeeded: n)
      same = try same && (reader.uvarintString()) == "n\(n)"
    }
    #expect(same)
    same = same && reader.isAtEnd
    #expect(same)
  }

  @Test func `bytes stand as Go's encoding package puts them`() {
    var writer = ByteWriter()
    writer.be16(0x0102)
    writer.be32(0x0304_0506)
    writer.uvarint(300)
    writer.varint(-2)
    writer.varint(64)
    writer.f64(1)
    #expect(
      writer.array()
        == [1, 2, 3, 4, 5, 6, 0xAC, 2, 3, 0x80, 1] + [0x3F, 0xF0, 0, 0, 0, 0, 0, 0])
  }

  @Test func `a patched gap holds a late length`() {
    var writer = ByteWriter()
    writer.append([1, 2, 3])
    writer.insertGap(at: 1, 4)
    writer.patchBE32(at: 1, 7)
    writer.patch(at: 0, 9)
    #expect(writer.array() == [9, 0, 0, 0, 7, 2, 3])
    writer.truncate(to: 2)
    writer.append(repeating: 5, count: 3)
    #expect(writer.array() == [9, 0, 5, 5, 5])
  }
}
