import ApusSystem
import Testing

struct ProtobufTests {
  @Test func `fields come back in their order`() throws {
    var writer = ProtobufWriter()
    writer.string(1, "näme")
    writer.uint64(2, .max)
    writer.int64(3, -1)
    writer.sint64(4, .min)
    writer.double(5, -0.0)
    writer.fixed32(6, 7)
    writer.bool(7, true)
    writer.packedVarints(8, [1, 300, .max])
    writer.packedDoubles(9, [1.5, .infinity])
    writer.packedZigzag(10, [-1, 1])
    writer.string(536_870_911, "last")

    var reader = ProtobufReader(writer.span)
    var seen: [Int] = []
    while try reader.next() {
      seen.append(reader.field)
      switch reader.field {
      case 1:
        do {
          let got = try reader.string()
          #expect(got == "näme")
        }
      case 2:
        do {
          let got = try reader.uint64()
          #expect(got == .max)
        }
      case 3:
        do {
          let got = try reader.int64()
          #expect(got == -1)
        }
      case 4:
        do {
          let got = try reader.sint64()
          #expect(got == .min)
        }
      case 5:
        do {
          let got = try reader.double()
          #expect(got.sign == .minus)
        }
      case 6:
        do {
          let got = try reader.fixed32()
          #expect(got == 7)
        }
      case 7:
        do {
          let got = try reader.bool()
          #expect(got)
        }
      case 8:
        var numbers: [UInt64] = []
        try reader.appendVarints(to: &numbers)
        #expect(numbers == [1, 300, .max])
      case 9:
        var numbers: [Double] = []
        try reader.appendDoubles(to: &numbers)
        #expect(numbers == [1.5, .infinity])
      default: break
      }
    }
    #expect(seen == [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 536_870_911])
  }

  @Test(arguments: [0, 1, 127, 128, 129, 16_383, 16_384, 3_000_000])
  func `a message inside has its length before it`(_ count: Int) throws {
    let text = String(repeating: "x", count: max(0, count - 5))
    var writer = ProtobufWriter()
    writer.message(1) { inner in
      if count > 0 { inner.message(2) { deep in deep.string(3, text) } }
    }
    writer.uint64(4, 1)
    var reader = ProtobufReader(writer.span)
    do {
      let got = try reader.next()
      #expect(got)
    }
    var inner = try reader.message()
    if count > 0 {
      do {
        let got = try inner.next()
        #expect(got)
      }
      var deep = try inner.message()
      do {
        let got = try deep.next()
        #expect(got)
      }
      do {
        let got = try deep.string()
        #expect(got == text)
      }
      do {
        let got = try !deep.next()
        #expect(got)
      }
    }
    do {
      let got = try !inner.next()
      #expect(got)
    }
    do {
      let got = try reader.next()
      #expect(got)
    }
    do {
      let got = try reader.uint64()
      #expect(got == 1)
    }
  }

  @Test func `the wire bytes are protobuf's`() {
    var writer = ProtobufWriter()
    writer.uint64(1, 150)
    writer.string(2, "testing")
    writer.packedVarints(6, [3, 270, 86942])
    #expect(
      writer.array() == [0x08, 0x96, 0x01, 0x12, 0x07] + Array("testing".utf8)
        + [0x32, 0x06, 0x03, 0x8E, 0x02, 0x9E, 0xA7, 0x05])
  }

  @Test func `what is not a message is refused`() {
    #expect(Self.error([0x08]) == .malformed(.truncated(offset: 1, wanted: 1, left: 0)))
    #expect(Self.error([0x0B]) == .badWireType(3, field: 1, offset: 0))
    #expect(Self.error([0x00]) == .badFieldNumber(offset: 0))
    #expect(Self.error([0x0A, 0x05, 1]) == .malformed(.truncated(offset: 1, wanted: 5, left: 1)))
    #expect(
      Self.error([0x08, 1], readAsDouble: true)
        == .wrongType(.varint, field: 1, wanted: .fixed64))
  }

  private static func error(_ bytes: [UInt8], readAsDouble: Bool = false) -> ProtobufError? {
    var reader = ProtobufReader(bytes.span)
    do throws(ProtobufError) {
      while try reader.next() {
        if readAsDouble { _ = try reader.double() }
      }
      return nil
    } catch { return error }
  }
}
