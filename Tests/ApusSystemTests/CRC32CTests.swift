import ApusSystem
import Testing

struct CRC32CTests {
  @Test func `the check value is Castagnoli's`() {
    #expect(CRC32C.of(Array("123456789".utf8).span) == 0xE306_9283)
    #expect(CRC32C.of([UInt8](repeating: 0, count: 32).span) == 0x8A91_36AA)
    #expect(CRC32C.of([UInt8](repeating: 0xFF, count: 32).span) == 0x62A8_AB43)
    #expect(CRC32C.of([UInt8]().span) == 0)
  }

  @Test func `pieces give the checksum of the whole`() {
    let bytes = (0..<1000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
    let whole = CRC32C.of(bytes.span)
    for cut in [0, 1, 7, 8, 9, 500, 999, 1000] {
      var crc = CRC32C()
      crc.add(bytes.span.extracting(0..<cut))
      var rest = CRC32C(continuing: crc.value)
      for byte in bytes[cut...] { rest.add(byte) }
      #expect(rest.value == whole)
    }
  }
}
