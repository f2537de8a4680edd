// Histogram of io.prometheus.client, the native part:
//
//     1 sample_count uint64 | 4 sample_count_float double, 2 sample_sum double, 5 schema sint32,
//     6 zero_threshold double, 7 zero_count uint64 | 8 zero_count_float double,
//     9 negative_span*, 10 negative_delta sint64*, 11 negative_count double*,
//    12 positive_span*, 13 positive_delta sint64*, 14 positive_count double*, 16 exemplars*
//     BucketSpan: 1 offset sint32, 2 length uint32
//     Exemplar:   1 label LabelPair*, 2 value double, 3 timestamp
//
// An integer histogram has differences from bucket to bucket, a float histogram has counts.

package import ApusModel
internal import ApusSystem

/// What a native histogram and its exemplars say.
package struct NativeHistogram: Sendable {
  package var histogram: FloatHistogram
  /// Whether all counts are whole numbers, and so must add up.
  package var isInteger: Bool

  package init(histogram: FloatHistogram, isInteger: Bool = false) {
    self.histogram = histogram
    self.isInteger = isInteger
  }
}

extension MetricFamilyReader {
  /// The native histogram of a metric, as it was sent: with empty buckets, and unchecked.
  package func nativeHistogram(
    of metric: borrowing ProtobufMetric
  ) throws(ExpositionError) -> NativeHistogram {
    var h = FloatHistogram()
    var (count, floatCount, zeroCount, floatZeroCount) = (0.0, 0.0, 0.0, 0.0)
    var (negativeDeltas, positiveDeltas): ([UInt64], [UInt64]) = ([], [])
    var reader = MessageReader(body, metric.histogram)
    while try reader.next() {
      switch reader.field {
      case 1: count = Double(try reader.uint64())
      case 2: h.sum = try reader.double()
      case 4: floatCount = try reader.double()
      case 5: h.schema = try reader.sint32()
      case 6: h.zeroThreshold = try reader.double()
      case 7: zeroCount = Double(try reader.uint64())
      case 8: floatZeroCount = try reader.double()
      case 9: try append(try reader.range(), to: &h.negativeSpans)
      case 10: try reader.appendVarints(to: &negativeDeltas)
      case 11: try reader.appendDoubles(to: &h.negativeBuckets)
      case 12: try append(try reader.range(), to: &h.positiveSpans)
      case 13: try reader.appendVarints(to: &positiveDeltas)
      case 14: try reader.appendDoubles(to: &h.positiveBuckets)
      default: break
      }
    }
    let isFloat = floatCount > 0 || floatZeroCount > 0
    h.count = isFloat ? floatCount : count
    h.zeroCount = isFloat ? floatZeroCount : zeroCount
    if !isFloat {
      h.negativeBuckets = counts(negativeDeltas)
      h.positiveBuckets = counts(positiveDeltas)
    }
    if kind == .gaugeHistogram { h.resetHint = .gauge }
    return NativeHistogram(histogram: h, isInteger: !isFloat)
  }

  private func append(
    _ message: Range<Int>, to spans: inout [FloatHistogram.Span]
  ) throws(ExpositionError) {
    var span = FloatHistogram.Span(offset: 0, length: 0)
    var reader = MessageReader(body, message)
    while try reader.next() {
      switch reader.field {
      case 1: span.offset = try reader.sint32()
      case 2: span.length = UInt32(truncatingIfNeeded: try reader.uint64())
      default: break
      }
    }
    spans.append(span)
    try checkBuckets(spans.count)
  }

  /// Counts of buckets from zigzag differences.
  private func counts(_ deltas: [UInt64]) -> [Double] {
    var count: Int64 = 0
    return deltas.map { zigzag in
      count &+= Int64(bitPattern: (zigzag &>> 1) ^ (0 &- (zigzag & 1)))
      return Double(count)
    }
  }
}

extension MetricFamilyReader {
  /// The exemplar of a classic series; nil where it has none.
  package func exemplar(of point: ProtobufMetric.Point) throws(ExpositionError) -> Exemplar? {
    point.exemplar.isEmpty ? nil : try exemplar(point.exemplar)
  }

  /// The exemplars of a native histogram: its own, or else those of its classic buckets. Those
  /// without a time are left out.
  package func nativeExemplars(
    of metric: borrowing ProtobufMetric
  ) throws(ExpositionError) -> [Exemplar] {
    var found: [Exemplar] = []
    var hasOwn = false
    var reader = MessageReader(body, metric.histogram)
    while try reader.next() {
      guard reader.field == 16 else { continue }
      hasOwn = true
      found.append(try exemplar(try reader.range()))
      try checkBuckets(found.count)
    }
    if !hasOwn {
      for point in metric.points where point.part == .bucket && !point.exemplar.isEmpty {
        found.append(try exemplar(point.exemplar))
      }
    }
    return found.filter { $0.timeMs != nil }
  }

  private func exemplar(_ message: Range<Int>) throws(ExpositionError) -> Exemplar {
    var pairs: [Label] = []
    var value = 0.0
    var timeMs: Int64?
    var reader = MessageReader(body, message)
    while try reader.next() {
      switch reader.field {
      case 1:
        let (name, text) = try labelPair(body, try reader.range())
        pairs.append(Label(name, text))
      case 2: value = try reader.double()
      case 3: timeMs = try timestampMs(body, try reader.range())
      default: break
      }
    }
    return Exemplar(labels: Labels(pairs), value: value, timeMs: timeMs)
  }
}
