/// The first byte of a record. Types that are not here are skipped. Frozen: they stand on disk.
///
/// Source: Prometheus, tsdb/record/record.go.
package enum RecordType: UInt8, Sendable {
  case series = 1
  case samples = 2
  case tombstones = 3
  case exemplars = 4
  /// In the out-of-order log only.
  case mmapMarkers = 5
  case metadata = 6
  case histogramSamples = 7
  case floatHistogramSamples = 8
  /// `histogramSamples` with custom bounds.
  case customBucketsHistogramSamples = 9
  case customBucketsFloatHistogramSamples = 10
  /// `samples` with start times; from Prometheus 3.11 on, where it is switched on.
  case samplesV2 = 11
  /// `histogramSamples` with start times, custom bounds among them.
  case histogramSamplesV2 = 12
  case floatHistogramSamplesV2 = 13

  /// The type of a record; nil for one that this version does not know.
  package init?(of record: Span<UInt8>) {
    guard !record.isEmpty else { return nil }
    self.init(rawValue: record[0])
  }
}
