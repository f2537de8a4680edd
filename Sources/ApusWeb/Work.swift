internal import ApusSystem

extension WebHandlers {
  /// Runs blocking or CPU-heavy work on a worker; the work may look at the task's cancellation.
  func onWorker<T: Sendable>(
    _ work: @Sendable () throws(APIError) -> T
  ) async throws(APIError) -> T {
    try await withTaskExecutorPreference(backends.workers) { () async throws(APIError) -> T in
      try work()
    }
  }
}
