/// One thread for work that blocks, such as fsync, in the order in which it comes.
///
/// It ends when it is forgotten and what was given to it is done.
package final class BlockingThread: Sendable {
  private let pool: WorkerPool

  /// - Parameter name: as `top -H` shows it; 15 bytes are kept.
  package init(name: String) { pool = WorkerPool(name: name, threadCount: 1) }

  /// Pieces of work that wait for their turn.
  package var waitingCount: Int { pool.waitingCount }

  /// Runs `body` on the thread and returns what it returns.
  package func run<T: Sendable, E: Error>(
    _ body: @escaping @Sendable () throws(E) -> T
  ) async throws(E) -> T {
    try await pool.run(body)
  }

  /// Runs `body` on the thread; returns at once.
  package func start(_ body: @escaping @Sendable () -> Void) { pool.start(body) }
}
