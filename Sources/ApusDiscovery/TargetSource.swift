package import ApusModel

/// A mechanism that is asked again and again, each answer holding all targets.
package protocol TargetSource: Sendable {
  /// All groups now.
  func groups() async throws -> [TargetGroup]
}

/// Why a source could not tell its targets.
package struct TargetSourceError: Error, Sendable, CustomStringConvertible {
  package let description: String

  package init(_ description: String) { self.description = description }
}
