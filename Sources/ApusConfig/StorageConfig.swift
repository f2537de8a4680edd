/// The `storage` section; nil where the file says nothing.
package struct StorageConfig: Sendable, Equatable {
  package var outOfOrderWindowMs: Int64 = 0
  package var retentionMs: Int64?
  package var retentionBytes: Int64?
  package var retentionPercentage: Double?
  package var exemplarsMax: Int?
  /// `xor` or `xor2`.
  package var floatChunkEncoding: String?
  package var staleSeriesThreshold = 0.0

  package init() {}
}
