/// Ends one of several parts that run side by side.
final class StopSignal: Sendable {
  private let stopped: AsyncStream<Never>
  private let end: AsyncStream<Never>.Continuation
  private let ended: AsyncStream<Never>
  private let over: AsyncStream<Never>.Continuation

  init() {
    (stopped, end) = AsyncStream.makeStream()
    (ended, over) = AsyncStream.makeStream()
  }

  /// Ends the part, and waits until it has ended. It is one that runs, or will.
  func stop() async {
    end.finish()
    for await _ in ended {}
  }

  /// Runs a part until it ends, `stop` is called or the task is cancelled. Call it once.
  func run(_ part: @escaping @Sendable () async throws -> Void) async {
    defer { over.finish() }
    await withTaskGroup { group in
      group.addTask { try? await part() }
      group.addTask { [stopped] in
        for await _ in stopped {}
      }
      await group.next()
      group.cancelAll()
    }
  }
}
