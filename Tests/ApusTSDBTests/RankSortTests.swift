import Testing

@testable import ApusTSDB

@Suite struct RankSortTests {
  @Test(arguments: [0, 1, 2, 200, 256, 257, 3_000, 20_000])
  func `keys come out by rank, equal ones as they stood`(count: Int) {
    let random = SeededRandom(UInt64(count))
    for bits in [1, 5, 11, 12, 22, 23, 32] as [UInt64] {
      var keys = (0..<count).map { index in
        (random.next() >> (64 - bits)) << 32 | UInt64(index)
      }
      let wanted = keys.sorted()
      RankSort.sort(&keys)
      #expect(keys == wanted)
    }
  }
}
