import ApusTSDB
import Testing

struct SharedArenaTests {
  @Test func `values of any size go in and out at any offset`() {
    let arena = SharedArena(capacityMax: 1 << 20)
    arena.store(UInt64(0x0102_0304_0506_0708), at: 3)
    #expect(arena.load(at: 3, as: UInt64.self) == 0x0102_0304_0506_0708)
    #expect(arena.load(at: 11, as: UInt32.self) == 0)
    arena.store(UInt8(5), at: (1 << 20) - 1)
    #expect(arena.load(at: (1 << 20) - 1, as: UInt8.self) == 5)
  }

  @Test func `bytes are written, copied, zeroed and shown`() {
    let arena = SharedArena(capacityMax: 4096)
    let text: [UInt8] = [1, 2, 3, 4, 5]
    arena.write(text.span, at: 10)
    arena.copy(from: 10, to: 12, count: 5)
    let shown = arena.bytes(10..<17)
    #expect((0..<7).map { shown[$0] } == [1, 2, 1, 2, 3, 4, 5])
    arena.zero(12..<14)
    let after = arena.span(at: 8, count: 2, of: UInt32.self)
    #expect(after[1] == UInt32(littleEndian: 0x0403_0000))
  }

  @Test func `a released range reads as zero again`() {
    let arena = SharedArena(capacityMax: 1 << 16)
    arena.store(UInt64.max, at: 8192)
    arena.release(8192..<12288)
    #expect(arena.load(at: 8192, as: UInt64.self) == 0)
  }
}
