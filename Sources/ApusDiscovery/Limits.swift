/// Bounds and times of discovery.
package enum Limits {
  /// Between two updates to those who use the targets.
  package static let updateEveryMs: Int64 = 5_000
  /// How long a change waits for others to come with it.
  package static let settleMs: Int64 = 100
  /// How often the times of target files are looked at.
  package static let fileLookEveryMs: Int64 = 5_000
  /// Between two refreshes, whatever is configured.
  package static let refreshEveryMsMin: Int64 = 100
  /// Largest answer of a server.
  package static let answerBytesMax = 64 << 20
  package static let answerTimeoutMsMax: Int64 = 60_000
  /// Of a refusal, in errors.
  package static let shownAnswerBytesMax = 200
  /// Objects, lists and elements inside one another.
  package static let decodeDepthMax = 128
  /// Answers beyond this are decoded on a thread of their own kind.
  package static let inlineDecodeBytesMax = 256 << 10
  /// Pages of one list that are asked for.
  package static let pagesMax = 10_000
  /// A question to a name server.
  package static let dnsTimeoutMs: Int64 = 2_000
  /// What a name server may send by UDP.
  package static let dnsDatagramBytesMax = 4_096
  /// How long a blocking query waits, and how much longer for its answer.
  package static let consulWatchMs: Int64 = 120_000
  package static let consulSlackMs: Int64 = 15_000
  package static let consulRetryMs: Int64 = 15_000
  /// How long a watch lives, and how much longer it is waited for.
  package static let kubernetesWatchMs: Int64 = 300_000
  package static let kubernetesSlackMs: Int64 = 30_000
  package static let kubernetesRetryMsMin: Int64 = 1_000
  package static let kubernetesRetryMsMax: Int64 = 30_000
  /// Objects of one page of a list.
  package static let kubernetesPageCount = 500
  /// One event of a watch.
  package static let kubernetesEventBytesMax = 16 << 20
}
