import ApusSystem
import Synchronization
import Testing

struct WorkerPoolTests {
  private struct Failure: Error, Equatable {}

  @Test func `work gives back its value or its error`() async throws {
    let pool = WorkerPool(name: "test", threadCount: 2)
    #expect(await pool.run { 42 } == 42)
    await #expect(throws: Failure()) {
      try await pool.run { () throws(Failure) -> Int in throw Failure() }
    }
  }

  @Test func `every piece of work is done once`() async {
    let pool = WorkerPool(name: "test", threadCount: 3)
    let sum = await withTaskGroup(of: Int.self) { group in
      for i in 0..<5000 { group.addTask { await pool.run { i } } }
      return await group.reduce(0, +)
    }
    #expect(sum == 5000 * 4999 / 2)
  }

  @Test func `a task runs on the pool that it prefers`() async {
    let pool = WorkerPool(name: "test", threadCount: 1)
    let total = await withTaskExecutorPreference(pool) {
      await withTaskGroup(of: Int.self) { group in
        for i in 0..<100 {
          group.addTask {
            await Task.yield()
            return i
          }
        }
        return await group.reduce(0, +)
      }
    }
    #expect(total == 4950)
  }

  @Test func `a blocking thread keeps the order`() async {
    let thread = BlockingThread(name: "test")
    let order = Mutex<[Int]>([])
    for i in 0..<100 { await thread.run { order.withLock { $0.append(i) } } }
    #expect(order.withLock { $0 } == Array(0..<100))
  }
}
