// prometheus.Histogram of remote write 1.0, protobuf:
//
//     1 count_int uint64 | 2 count_float double   3 sum double          4 schema sint32
//     5 zero_threshold double                     6 zero_count_int uint64 | 7 zero_count_float
//     8 negative_spans   9 negative_deltas sint64  10 negative_counts double
//    11 positive_spans  12 positive_deltas sint64  13 positive_counts double
//    14 reset_hint enum  15 timestamp int64 (ms)   16 custom_values double
//     BucketSpan: 1 offset sint32, 2 length uint32
//
// An integer histogram has deltas from bucket to bucket, a float histogram has counts.

internal import ApusModel
internal import ApusSystem

enum HistogramWire {
  struct Sample {
    var timeMs: Int64 = 0
    var histogram = FloatHistogram()
    /// Whether it counts whole observations, so that its counts can be held against each other.
    var isInteger = true
  }

  static func decode(_ bytes: Span<UInt8>) throws(ProtobufError) -> Sample {
    var sample = Sample()
    var histogram = FloatHistogram()
    var negativeDeltas: [UInt64] = []
    var positiveDeltas: [UInt64] = []
    var reader = ProtobufReader(bytes)
    while try reader.next() {
      switch reader.field {
      case 1: histogram.count = Double(try reader.uint64())
      case 2:
        histogram.count = try reader.double()
        sample.isInteger = false
      case 3: histogram.sum = try reader.double()
      case 4: histogram.schema = Int32(truncatingIfNeeded: try reader.sint64())
      case 5: histogram.zeroThreshold = try reader.double()
      case 6: histogram.zeroCount = Double(try reader.uint64())
      case 7:
        histogram.zeroCount = try reader.double()
        sample.isInteger = false
      case 8: histogram.negativeSpans.append(try span(try reader.bytes()))
      case 9: try reader.appendVarints(to: &negativeDeltas)
      case 10:
        try reader.appendDoubles(to: &histogram.negativeBuckets)
        sample.isInteger = false
      case 11: histogram.positiveSpans.append(try span(try reader.bytes()))
      case 12: try reader.appendVarints(to: &positiveDeltas)
      case 13:
        try reader.appendDoubles(to: &histogram.positiveBuckets)
        sample.isInteger = false
      case 14:
        let hint = UInt8(truncatingIfNeeded: try reader.uint64())
        histogram.resetHint = FloatHistogram.ResetHint(rawValue: hint) ?? .unknown
      case 15: sample.timeMs = try reader.int64()
      case 16: try reader.appendDoubles(to: &histogram.customBounds)
      default: break
      }
    }
    if !negativeDeltas.isEmpty { histogram.negativeBuckets = counts(negativeDeltas) }
    if !positiveDeltas.isEmpty { histogram.positiveBuckets = counts(positiveDeltas) }
    sample.histogram = histogram
    return sample
  }

  private static func span(
    _ bytes: Span<UInt8>
  ) throws(ProtobufError) -> FloatHistogram.Span {
    var span = FloatHistogram.Span(offset: 0, length: 0)
    var reader = ProtobufReader(bytes)
    while try reader.next() {
      switch reader.field {
      case 1: span.offset = Int32(truncatingIfNeeded: try reader.sint64())
      case 2: span.length = UInt32(truncatingIfNeeded: try reader.uint64())
      default: break
      }
    }
    return span
  }

  /// Counts of buckets from zigzag differences.
  private static func counts(_ deltas: [UInt64]) -> [Double] {
    var count: Int64 = 0
    return deltas.map { zigzag in
      count &+= Int64(bitPattern: (zigzag &>> 1) ^ (0 &- (zigzag & 1)))
      return Double(count)
    }
  }
}
