import ApusTSDB
import Testing

struct SharedColumnTests {
  @Test func `elements read as zero until they are written`() {
    let column = SharedColumn<UInt64>(capacityMax: 1 << 30)
    #expect(column[7] == 0)
    column[7] = 9
    column[1 << 29] += 3
    #expect(column[7] == 9)
    #expect(column[1 << 29] == 3)
  }

  @Test func `a released range reads as zero again and its neighbours stay`() {
    let column = SharedColumn<UInt32>(capacityMax: 1 << 20)
    for i in 0..<4096 { column[i] = 1 }
    column.release(1000..<3100)
    // Whole pages only: 1024 elements of four bytes each.
    #expect(column[1023] == 1)
    #expect(column[1024] == 0)
    #expect(column[3071] == 0)
    #expect(column[3072] == 1)
  }

  @Test func `a span shows the elements`() {
    let column = SharedColumn<Int32>(capacityMax: 64)
    for i in 0..<64 { column[i] = Int32(i) }
    let part = column.span(3..<6)
    #expect(part.count == 3)
    #expect(part[0] == 3)
    #expect(part[2] == 5)
  }
}
