import ApusModel
import ApusSystem

/// Builds bodies of remote write 1.0.
struct WriteBody {
  private(set) var bytes: [UInt8] = []

  /// Samples of one series, labels in the order given.
  mutating func add(
    _ labels: KeyValuePairs<String, String>, _ samples: [(timeMs: Int64, value: Double)]
  ) {
    add(series: WriteBody.labelFields(labels) + samples.flatMap(WriteBody.sampleField))
  }

  /// A series from fields already encoded.
  mutating func add(series fields: [UInt8]) {
    var writer = ProtobufWriter()
    writer.bytes(1, fields.span)
    bytes += writer.array()
  }

  var compressed: [UInt8] { Snappy.compress(bytes) }

  static func labelFields(_ labels: KeyValuePairs<String, String>) -> [UInt8] {
    var writer = ProtobufWriter()
    for (name, value) in labels {
      writer.message(1) { label in
        label.string(1, name)
        label.string(2, value)
      }
    }
    return writer.array()
  }

  static func sampleField(_ sample: (timeMs: Int64, value: Double)) -> [UInt8] {
    var writer = ProtobufWriter()
    writer.message(2) { field in
      field.double(1, sample.value)
      field.int64(2, sample.timeMs)
    }
    return writer.array()
  }

  static func exemplarField(
    _ labels: KeyValuePairs<String, String>, value: Double, timeMs: Int64
  ) -> [UInt8] {
    let fields = labelFields(labels)
    var inner = ProtobufWriter()
    inner.double(2, value)
    inner.int64(3, timeMs)
    var writer = ProtobufWriter()
    writer.bytes(3, (fields + inner.array()).span)
    return writer.array()
  }

  static func histogramField(_ write: (inout ProtobufWriter) -> Void) -> [UInt8] {
    var writer = ProtobufWriter()
    writer.message(4) { write(&$0) }
    return writer.array()
  }
}
