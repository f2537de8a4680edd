internal import NIOCore

/// The bounds of the HTTP side.
package enum Limits {
  /// Body of a form (queries, selectors). A query of 1 MB with every byte escaped takes 3 MB.
  package static let formBytesMax = 10 << 20
  /// Compressed body of a remote write, and what it may expand to (Prometheus's own bound).
  package static let remoteWriteBytesMax = 32 << 20
  /// A body that is too large is read to its end up to this size, and thrown away; for one that is
  /// larger still the connection is closed.
  package static let discardedBytesMax = 64 << 20
  /// Points of one series in the answer of /api/v1/query_range.
  package static let rangePointsMax: Int64 = 11_000
  /// Size from which a piece of an answer is sent on.
  package static let pieceBytes = 64 << 10
  /// Strings of each kind in `warnings` and `infos`.
  package static let annotationsMax = 10
  /// Entries of each list of /api/v1/status/tsdb.
  package static let statusEntriesMax = 10_000
  package static let statusEntriesDefault = 10
  /// All header fields of a request together, and its first line; that of Go's server.
  package static let headerBytesMax = 1 << 20
  package static let headerCountMax = 1000
  /// Parts of further requests that are kept while one is answered.
  package static let waitingPartsMax = 64
  /// How long a client that still sends may read the last answer.
  static let lingering = TimeAmount.milliseconds(500)
  /// Answers smaller than this are not worth compressing.
  package static let compressedBytesMin = 256
  /// How often those who listen to notifications are told of changes.
  static let notificationsPollMs: Int64 = 500
  /// Credentials that are remembered, good ones and bad ones each.
  static let passwordsMax = 100
}
