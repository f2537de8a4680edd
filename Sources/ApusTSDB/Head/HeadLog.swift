internal import ApusModel
internal import ApusStorage

/// What the head writes to the log.
final class HeadLog: Sendable {
  func logSeries(_ series: [(ref: UInt64, labels: Labels)]) throws(StorageError) {}
  func logSamples(
    _ refs: [SeriesRef], _ times: [Int64], _ values: [Double]
  ) throws(StorageError) {}
  func logExemplars(_ batch: [(ref: SeriesRef, exemplar: Exemplar)]) throws(StorageError) {}
  func logMetadata(
    _ batch: [(ref: SeriesRef, metadata: MetricMetadata)]
  ) throws(StorageError) {}
}
