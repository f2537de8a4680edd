/// What discovery knows now.
package struct DiscoveryStatus: Sendable, Equatable {
  package struct Mechanism: Sendable, Equatable {
    /// As in the key of the configuration, such as `file`.
    package let kind: String
    /// The jobs it works for, sorted.
    package let jobs: [String]
    package let targetCount: Int
    /// Ms; nil before the first answer.
    package let lastUpdateMs: Int64?
  }

  package let mechanisms: [Mechanism]
}
