/// Bounds and times of discovery.
package enum Limits {
  /// Between two updates to those who use the targets.
  package static let updateEveryMs: Int64 = 5_000
  /// How long a change waits for others to come with it.
  package static let settleMs: Int64 = 100
  /// How often the times of target files are looked at.
  package static let fileLookEveryMs: Int64 = 5_000
  /// Largest answer of an HTTP discovery server.
  package static let answerBytesMax = 64 << 20
  package static let answerTimeoutMsMax: Int64 = 60_000
}
