package import ApusModel

/// A mechanism that finds targets. Two mechanisms are the same if their configurations are.
package protocol Discoverer: Sendable {
  /// Finds targets and hands them on until the task is cancelled. Groups replace earlier ones of
  /// the same source; a group without targets takes its source away. A mechanism that fails keeps
  /// what it found before: it hands nothing on, says so in the log, and goes on.
  func run(_ send: @escaping @Sendable ([TargetGroup]) async -> Void) async throws
}
