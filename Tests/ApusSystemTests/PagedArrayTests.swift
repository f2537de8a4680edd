import ApusSystem
import Testing

struct PagedArrayTests {
  @Test func `elements stay what they are while the array grows`() {
    var array = PagedArray<UInt64>(capacityMax: 1 << 30)
    for i in 0..<300_000 { array.append(UInt64(i) &* 3) }
    array[7] = 1
    var same = array.count == 300_000 && array[7] == 1
    for i in array.indices where i != 7 { same = same && array[i] == UInt64(i) &* 3 }
    #expect(same)
    #expect(array.span[299_999] == 899_997)
    #expect(array.span(10..<12)[1] == 33)
    var span = array.mutableSpan(0..<2)
    span[1] = 5
    #expect(array[1] == 5)
  }

  @Test func `zeros appended after a truncation are zeros`() {
    var array = PagedArray<UInt32>(capacityMax: 100_000)
    array.append(repeating: 9, count: 50_000)
    array.truncate(to: 10)
    array.appendZeros(60_000)
    #expect(array.count == 60_010)
    #expect(array[9] == 9)
    var sum = 0
    for i in 10..<array.count { sum += Int(array[i]) }
    #expect(sum == 0)
  }

  @Test func `memory given back reads as zero and can be used again`() {
    var array = PagedArray<UInt8>(capacityMax: 1 << 20)
    array.append(repeating: 1, count: 1 << 20)
    array.discard(4096..<12_288)
    #expect(array[4095] == 1)
    #expect(array[4096] == 0 && array[12_287] == 0)
    #expect(array[12_288] == 1)
    array.shrink(to: 100)
    array.appendZeros(20_000)
    #expect(array[99] == 1)
    var sum = 0
    for i in 100..<array.count { sum += Int(array[i]) }
    #expect(sum == 0)
  }

  @Test func `contents and moves inside keep their order`() {
    var array = PagedArray<Int16>(capacityMax: 100)
    array.append(contentsOf: [1, 2, 3, 4, 5].span)
    array.copy(0..<4, to: 1)
    #expect([array[0], array[1], array[2], array[3], array[4]] == [1, 1, 2, 3, 4])
  }

  @Test func `an index behind the end traps`() async {
    await #expect(processExitsWith: .failure) {
      var array = PagedArray<Int>(capacityMax: 10)
      array.append(1)
      array[1] = 2
    }
  }

  @Test func `one element more than the maximum traps`() async {
    await #expect(processExitsWith: .failure) {
      var array = PagedArray<Int>(capacityMax: 10)
      for i in 0..<11 { array.append(i) }
    }
  }
}
