// The values of a metric, protobuf:
//
//     Gauge, Untyped: 1 value double
//     Counter:   1 value double, 2 exemplar, 3 created_timestamp
//     Summary:   1 sample_count uint64, 2 sample_sum double, 3 quantile*, 4 created_timestamp
//     Quantile:  1 quantile double, 2 value double
//     Histogram: 1 sample_count uint64 | 4 sample_count_float double, 2 sample_sum double,
//                3 bucket*, 15 created_timestamp; the rest is read by NativeHistogramReader
//     Bucket:    1 cumulative_count uint64 | 4 cumulative_count_float double,
//                2 upper_bound double, 3 exemplar
//     Timestamp: 1 seconds int64, 2 nanos int32

internal import ApusModel
internal import ApusSystem

/// One metric of a family: the label bytes, and the value of each of its classic series. Made once
/// and read into again and again, so that a metric costs no allocation.
package struct ProtobufMetric: Sendable {
  /// One classic series.
  package struct Point: Sendable {
    package var part: SeriesPart
    /// Of a bucket or a quantile.
    package var bound = 0.0
    package var value: Double
    /// Where its exemplar stands; empty for none.
    var exemplar = 0..<0
  }

  /// The bytes of the labels, from the first to the last: the key of the metric in its family.
  package private(set) var labels = 0..<0
  /// The time that the target gave, ms.
  package private(set) var timeMs: Int64?
  /// When counting began, ms; nil where the target does not say.
  package private(set) var createdMs: Int64?
  /// In the order in which Prometheus takes them: count, sum, then buckets or quantiles. A
  /// histogram always has a bucket without bound.
  package private(set) var points: [Point] = []
  /// Whether a native histogram stands here, perhaps beside a classic one.
  package private(set) var isNative = false
  /// Whether a classic histogram stands here.
  package var hasClassicBuckets: Bool { bucketCount > 0 }
  private var bucketCount = 0
  /// Where the histogram stands.
  var histogram = 0..<0

  package init() {}

  mutating func read(
    _ body: Span<UInt8>, _ message: Range<Int>, _ kind: MetricMetadata.Kind
  ) throws(ExpositionError) {
    labels = message.lowerBound..<message.lowerBound
    (timeMs, createdMs) = (nil, nil)
    (isNative, bucketCount, histogram) = (false, 0, 0..<0)
    points.removeAll(keepingCapacity: true)
    var values = 0..<0
    let field = Self.field(of: kind)
    var reader = MessageReader(body, message)
    var start = reader.at
    while try reader.next() {
      switch reader.field {
      case 1:
        let end = try reader.range().upperBound
        labels = (labels.isEmpty ? start : labels.lowerBound)..<end
      case field: values = try reader.range()
      case 6:
        let time = try reader.int64()
        // Zero is the same as none on this wire.
        timeMs = time == 0 ? nil : time
      default: try reader.skip()
      }
      start = reader.at
    }
    switch kind {
    case .histogram, .gaugeHistogram: try readHistogram(body, values)
    case .summary: try readSummary(body, values)
    default: try readValue(body, values)
    }
  }

  private static func field(of kind: MetricMetadata.Kind) -> Int {
    switch kind {
    case .gauge: 2
    case .counter: 3
    case .summary: 4
    case .histogram, .gaugeHistogram: 7
    default: 5
    }
  }

  private mutating func readValue(
    _ body: Span<UInt8>, _ message: Range<Int>
  ) throws(ExpositionError) {
    var point = Point(part: .value, value: 0)
    var reader = MessageReader(body, message)
    while try reader.next() {
      switch reader.field {
      case 1: point.value = try reader.double()
      case 2: point.exemplar = try reader.range()
      case 3: createdMs = try timestampMs(body, try reader.range())
      default: break
      }
    }
    points.append(point)
  }

  private mutating func readSummary(
    _ body: Span<UInt8>, _ message: Range<Int>
  ) throws(ExpositionError) {
    points.append(Point(part: .count, value: 0))
    points.append(Point(part: .sum, value: 0))
    var reader = MessageReader(body, message)
    while try reader.next() {
      switch reader.field {
      case 1: points[0].value = Double(try reader.uint64())
      case 2: points[1].value = try reader.double()
      case 3:
        points.append(try quantile(body, try reader.range()))
        try checkBuckets(points.count)
      case 4: createdMs = try timestampMs(body, try reader.range())
      default: break
      }
    }
  }

  private func quantile(
    _ body: Span<UInt8>, _ message: Range<Int>
  ) throws(ExpositionError) -> Point {
    var point = Point(part: .quantile, value: 0)
    var reader = MessageReader(body, message)
    while try reader.next() {
      switch reader.field {
      case 1: point.bound = try reader.double()
      case 2: point.value = try reader.double()
      default: break
      }
    }
    return point
  }

  private mutating func readHistogram(
    _ body: Span<UInt8>, _ message: Range<Int>
  ) throws(ExpositionError) {
    histogram = message
    points.append(Point(part: .count, value: 0))
    points.append(Point(part: .sum, value: 0))
    var floatCount = 0.0
    var isComplete = false
    var reader = MessageReader(body, message)
    while try reader.next() {
      switch reader.field {
      case 1: points[0].value = Double(try reader.uint64())
      case 2: points[1].value = try reader.double()
      case 3:
        let bucket = try reader.range()
        // What stands behind the bucket without bound is no part of the histogram.
        if isComplete { continue }
        points.append(try self.bucket(body, bucket))
        bucketCount += 1
        try checkBuckets(bucketCount)
        isComplete = points[points.count - 1].bound == .infinity
      case 4: floatCount = try reader.double()
      case 6: if try reader.double() > 0 { isNative = true }
      case 7: if try reader.uint64() > 0 { isNative = true }
      case 9, 12: isNative = true
      case 15: createdMs = try timestampMs(body, try reader.range())
      default: break
      }
    }
    if floatCount != 0 { points[0].value = floatCount }
    guard !isComplete else { return }
    points.append(Point(part: .bucket, bound: .infinity, value: points[0].value))
  }

  private func bucket(
    _ body: Span<UInt8>, _ message: Range<Int>
  ) throws(ExpositionError) -> Point {
    var point = Point(part: .bucket, value: 0)
    var floatCount = 0.0
    var reader = MessageReader(body, message)
    while try reader.next() {
      switch reader.field {
      case 1: point.value = Double(try reader.uint64())
      case 2: point.bound = try reader.double()
      case 3: point.exemplar = try reader.range()
      case 4: floatCount = try reader.double()
      default: break
      }
    }
    if floatCount != 0 { point.value = floatCount }
    return point
  }
}

/// A Timestamp in milliseconds.
func timestampMs(_ body: Span<UInt8>, _ message: Range<Int>) throws(ExpositionError) -> Int64 {
  var seconds: Int64 = 0
  var nanos: Int64 = 0
  var reader = MessageReader(body, message)
  while try reader.next() {
    switch reader.field {
    case 1: seconds = try reader.int64()
    case 2: nanos = try reader.int64()
    default: break
    }
  }
  return seconds &* 1000 &+ Int64(Int32(truncatingIfNeeded: nanos)) / 1_000_000
}
