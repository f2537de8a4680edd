package import ApusModel

/// Door: what the admin API and the status pages may do with a store.
package protocol StorageAdmin: Sendable {
  func status(limit: Int) throws(StorageError) -> StorageStatus

  /// Marks the samples of matching series in `range` as deleted, in head and blocks.
  func deleteSeries(in range: TimeRange, matching matchers: [LabelMatcher]) throws(StorageError)

  /// Rewrites blocks so that deleted samples leave the disk.
  func cleanTombstones() throws(StorageError)

  /// Writes all blocks, and the head unless told not to, to a new directory below `snapshots/`;
  /// returns its name.
  func snapshot(skipHead: Bool) throws(StorageError) -> String

  /// Oldest sample in blocks and head, ms; nil while empty.
  var oldestTimeMs: Int64? { get }
}

/// Counts of a store.
package struct StorageStatus: Sendable {
  package struct Entry: Sendable, Equatable {
    package let name: String
    package let value: UInt64

    package init(name: String, value: UInt64) {
      self.name = name
      self.value = value
    }
  }

  package var seriesCount: UInt64 = 0
  package var labelPairCount: Int = 0
  package var chunkCount: Int64 = 0
  /// `Int64.max` and `Int64.min` while the head is empty.
  package var minTimeMs: Int64 = .max
  package var maxTimeMs: Int64 = .min

  package var seriesCountByMetricName: [Entry] = []
  package var labelValueCountByLabelName: [Entry] = []
  package var memoryInBytesByLabelName: [Entry] = []
  package var seriesCountByLabelValuePair: [Entry] = []

  package init() {}
}
