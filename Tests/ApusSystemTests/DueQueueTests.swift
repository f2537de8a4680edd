import ApusSystem
import Testing

@Suite struct DueQueueTests {
  @Test func `they come out by time, and nobody before it`() {
    var queue = DueQueue()
    #expect(queue.nextMs == nil)
    for (slot, dueMs) in [50, 10, 40, 10, 30, 20].enumerated() {
      queue.add(slot, dueMs: Int64(dueMs))
    }
    #expect(queue.nextMs == 10)
    #expect(queue.pop(dueBy: 9) == nil)
    var taken: [Int] = []
    while let slot = queue.pop(dueBy: 40)?.id { taken.append(slot) }
    #expect(taken == [1, 3, 5, 4, 2])
    #expect(queue.nextMs == 50)
  }

  @Test func `any order in is ascending order out`() {
    var queue = DueQueue()
    var seed: UInt64 = 1
    var dues: [Int64] = []
    for slot in 0..<1_000 {
      seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      dues.append(Int64(seed >> 54))
      queue.add(slot, dueMs: dues[slot])
    }
    var taken: [Int64] = []
    while let slot = queue.pop(dueBy: .max)?.id { taken.append(dues[slot]) }
    #expect(taken == dues.sorted())
  }

  @Test func `the queue gives back by time, then by number`() {
    var queue = DueQueue()
    let times: [Int64] = [50, 10, 40, 10, 30, 20, 10, 60]
    for (id, time) in times.enumerated() { queue.add(id, dueMs: time) }
    #expect(queue.nextMs == 10)
    var out: [Int] = []
    while let entry = queue.pop(dueBy: 40) { out.append(entry.id) }
    #expect(out == [1, 3, 6, 5, 4, 2])
    #expect(queue.count == 2)
    #expect(queue.pop(dueBy: 49) == nil)
    #expect(queue.pop(dueBy: 60)?.id == 0)
    #expect(queue.pop(dueBy: 60)?.id == 7)
    #expect(queue.pop(dueBy: 60) == nil)
    #expect(queue.nextMs == nil)
  }
}
