// prometheus.ReadResponse, protobuf:
//
//     ReadResponse  1 QueryResult (one for each query)
//     QueryResult   1 TimeSeries (repeated)
//     TimeSeries    1 Label (repeated), 2 Sample (repeated), 4 Histogram (repeated)
//     Label         1 name, 2 value
//     Sample        1 value double, 2 timestamp int64 (ms)
//
// A histogram is that of HistogramWire. Source: Prometheus, prompb/remote.proto.

internal import ApusModel
internal import ApusStorage
internal import ApusSystem

enum ReadWire {
  static func labels(_ labels: Labels, _ field: Int, to writer: inout ProtobufWriter) {
    for label in labels {
      writer.message(field) {
        $0.string(1, label.name)
        $0.string(2, label.value)
      }
    }
  }

  /// A TimeSeries in field 1 of a QueryResult.
  static func series(_ labels: Labels, _ batch: SampleBatch, to writer: inout ProtobufWriter) {
    writer.message(1) { series in
      self.labels(labels, 1, to: &series)
      for i in batch.times.indices {
        series.message(2) {
          $0.double(1, batch.values[i])
          $0.int64(2, batch.times[i])
        }
      }
      for i in batch.histogramTimes.indices {
        series.message(4) { histogram(batch.histograms[i], batch.histogramTimes[i], to: &$0) }
      }
    }
  }

  private static func histogram(
    _ histogram: FloatHistogram, _ timeMs: Int64, to writer: inout ProtobufWriter
  ) {
    writer.double(2, histogram.count)
    writer.double(3, histogram.sum)
    writer.sint64(4, Int64(histogram.schema))
    writer.double(5, histogram.zeroThreshold)
    writer.double(7, histogram.zeroCount)
    spans(8, histogram.negativeSpans, to: &writer)
    if !histogram.negativeBuckets.isEmpty { writer.packedDoubles(10, histogram.negativeBuckets) }
    spans(11, histogram.positiveSpans, to: &writer)
    if !histogram.positiveBuckets.isEmpty { writer.packedDoubles(13, histogram.positiveBuckets) }
    writer.int64(14, Int64(histogram.resetHint.rawValue))
    writer.int64(15, timeMs)
    if !histogram.customBounds.isEmpty { writer.packedDoubles(16, histogram.customBounds) }
  }

  private static func spans(
    _ field: Int, _ spans: [FloatHistogram.Span], to writer: inout ProtobufWriter
  ) {
    for span in spans {
      writer.message(field) {
        $0.sint64(1, Int64(span.offset))
        $0.uint64(2, UInt64(span.length))
      }
    }
  }
}
