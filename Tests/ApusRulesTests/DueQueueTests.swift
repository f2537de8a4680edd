import Testing

@testable import ApusRules

@Suite struct DueQueueTests {
  @Test func `slots come out by time, and nobody before it`() {
    var queue = DueQueue()
    #expect(queue.nextMs == nil)
    for (slot, dueMs) in [50, 10, 40, 10, 30, 20].enumerated() {
      queue.push(slot, dueMs: Int64(dueMs))
    }
    #expect(queue.nextMs == 10)
    #expect(queue.popDue(atMs: 9) == nil)
    var taken: [Int] = []
    while let slot = queue.popDue(atMs: 40) { taken.append(slot) }
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
      queue.push(slot, dueMs: dues[slot])
    }
    var taken: [Int64] = []
    while let slot = queue.popDue(atMs: .max) { taken.append(dues[slot]) }
    #expect(taken == dues.sorted())
  }
}
