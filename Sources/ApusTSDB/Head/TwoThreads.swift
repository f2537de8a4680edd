internal import ApusSystem
internal import Synchronization

/// Work that two threads share, where there are two processors.
enum TwoThreads {
  /// Calls `body` for each number below `count`, in no order, until one says no.
  /// - Returns: whether all said yes.
  static func allSatisfy(_ count: Int, _ body: @escaping @Sendable (Int) -> Bool) -> Bool {
    let work = Work(count: count, body: body)
    guard count > 1, WorkerPool.processorCount > 1 else { return work.run() }
    let results = Handoff<Bool>(capacity: 1)
    let other = BlockingThread(name: "apus-half")
    other.start { results.put(work.run()) }
    let result = work.run()
    return (results.take() ?? false) && result
  }

  private final class Work: Sendable {
    private let next = Atomic<Int>(0)
    private let count: Int
    private let body: @Sendable (Int) -> Bool

    init(count: Int, body: @escaping @Sendable (Int) -> Bool) {
      self.count = count
      self.body = body
    }

    func run() -> Bool {
      while true {
        let number = next.add(1, ordering: .relaxed).oldValue
        guard number < count else { return true }
        guard body(number) else {
          next.store(count, ordering: .relaxed)
          return false
        }
      }
    }
  }
}
