/// Runs a part until the body is done with it, and returns what the body did.
package func running<T: Sendable>(
  _ part: @escaping @Sendable () async throws -> Void,
  _ body: @escaping @Sendable () async throws -> T
) async throws -> T {
  try await withThrowingTaskGroup(of: T?.self) { group in
    group.addTask {
      try? await part()
      return nil
    }
    group.addTask { try await body() }
    while let result = try await group.next() {
      if let result {
        group.cancelAll()
        return result
      }
    }
    throw CancellationError()
  }
}
