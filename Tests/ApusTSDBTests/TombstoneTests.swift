import ApusModel
import ApusStorage
import ApusTSDB
import Testing

@Suite struct TombstoneTests {
  @Test func `intervals agree with sets of times`() {
    let random = SeededRandom(2)
    for _ in 0..<300 {
      var intervals = DeletedIntervals()
      var model = Set<Int64>()
      for _ in 0..<(random.below(8) + 1) {
        let from = Int64(random.below(60))
        let range = TimeRange(from, from + Int64(random.below(12)) - 1)
        intervals.add(range)
        if !range.isEmpty { model.formUnion(range.minMs...range.maxMs) }
      }
      for (a, b) in zip(intervals.ranges, intervals.ranges.dropFirst()) {
        #expect(a.maxMs + 1 < b.minMs, "\(intervals)")
      }
      #expect((-2..<80).filter { intervals.contains($0) } == model.sorted())
      let from = Int64(random.below(70))
      let range = TimeRange(from, from + Int64(random.below(9)))
      let inside = (range.minMs...range.maxMs).filter { model.contains($0) }
      #expect(intervals.touches(range) == !inside.isEmpty)
      #expect(intervals.covers(range) == (inside.count == Int(range.maxMs - range.minMs) + 1))
      var times = (0..<80).filter { _ in random.below(3) > 0 }.map { Int64($0) }
      var values = times.map { Double($0) }
      let wanted = times.enumerated().filter { $0 < 3 || !model.contains($1) }.map(\.element)
      intervals.remove(from: &times, &values, start: 3)
      #expect(times == wanted)
      #expect(values == wanted.map { Double($0) })
    }
  }

  @Test func `the ends of time are no edge`() {
    var intervals = DeletedIntervals([TimeRange(.min, 5), TimeRange(100, .max)])
    #expect(intervals.contains(.min) && intervals.contains(.max) && !intervals.contains(50))
    intervals.add(TimeRange(6, 99))
    #expect(intervals.ranges == [TimeRange(.min, .max)])
    intervals.add(.all)
    #expect(intervals.covers(.all))
    intervals.add(TimeRange(3, 2))
    #expect(intervals.ranges == [TimeRange(.min, .max)])
  }

  @Test func `a file gives back what was written`() throws {
    var tombstones = Tombstones()
    tombstones.add(TimeRange(-5, 1_000), to: 70_000)
    tombstones.add(TimeRange(2_000, 3_000), to: 70_000)
    tombstones.add(TimeRange(.min, .max), to: 3)
    let bytes = TombstoneFile.encode(tombstones)
    #expect(try TombstoneFile.decode(bytes.span, path: "t") == tombstones)
    #expect(tombstones.count == 3)
  }

  @Test func `an empty file has nine bytes`() throws {
    let bytes = TombstoneFile.encode(Tombstones())
    #expect(bytes == [0x01, 0x30, 0xBA, 0x30, 1, 0, 0, 0, 0])
    #expect(try TombstoneFile.decode(bytes.span, path: "t").isEmpty)
  }

  @Test func `an unknown format is said`() {
    let error = #expect(throws: StorageError.self) {
      try TombstoneFile.decode([0x01, 0x30, 0xBA, 0x30, 2, 0, 0, 0, 0].span, path: "t")
    }
    #expect(error?.description.contains("invalid tombstone format 2") ?? false)
  }
}
