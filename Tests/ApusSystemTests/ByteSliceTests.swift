import ApusSystem
import Testing

struct ByteSliceTests {
  @Test func `a part keeps its owner alive`() {
    func part() -> ByteSlice { ByteSlice([1, 2, 3, 4, 5])[1..<4] }
    let slice = part()
    #expect(slice.count == 3)
    #expect(slice[0] == 2)
    #expect(slice.array() == [2, 3, 4])
    #expect([UInt8](copying: slice[1..<3].span) == [3, 4])
    #expect(slice[3..<3].isEmpty)
    #expect(ByteSlice.empty.array() == [])
  }
}
