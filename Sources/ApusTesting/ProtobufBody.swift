internal import ApusSystem

/// Bodies of io.prometheus.client messages, as client libraries write them.
package enum ProtobufBody {
  package enum Kind: UInt64, Sendable {
    case counter = 0
    case gauge = 1
    case summary = 2
    case untyped = 3
    case histogram = 4
    case gaugeHistogram = 5
  }

  /// Writes the fields of one message.
  package typealias Fields = (inout ProtobufFields) -> Void

  /// A family with its length in front; each metric writes its own fields.
  package static func family(
    _ name: String, _ kind: Kind, help: String = "", unit: String = "", _ metrics: Fields...
  ) -> [UInt8] {
    var family = ProtobufFields()
    family.text(1, name)
    if !help.isEmpty { family.text(2, help) }
    family.number(3, kind.rawValue)
    for metric in metrics { family.message(4, metric) }
    if !unit.isEmpty { family.text(5, unit) }
    var length = ByteWriter()
    length.uvarint(UInt64(family.bytes.count))
    return length.array() + family.bytes
  }

  /// A metric of one number: `field` is 2 for gauges, 3 for counters, 5 for untyped ones.
  package static func value(
    _ field: Int, _ value: Double, _ labels: [(String, String)] = [], timeMs: Int64 = 0
  ) -> Fields {
    { metric in
      metric.labels(labels)
      metric.message(field) { $0.double(1, value) }
      if timeMs != 0 { metric.number(6, UInt64(bitPattern: timeMs)) }
    }
  }

  /// A histogram metric.
  package static func histogram(
    _ labels: [(String, String)] = [], _ fields: @escaping Fields
  ) -> Fields {
    { metric in
      metric.labels(labels)
      metric.message(7, fields)
    }
  }
}

/// The fields of one protobuf message, for tests.
package struct ProtobufFields {
  package private(set) var bytes: [UInt8] = []

  package init() {}

  package mutating func text(_ field: Int, _ value: String) {
    write { $0.string(field, value) }
  }

  package mutating func number(_ field: Int, _ value: UInt64) {
    write { $0.uint64(field, value) }
  }

  package mutating func signed(_ field: Int, _ value: Int64) {
    write { $0.sint64(field, value) }
  }

  package mutating func double(_ field: Int, _ value: Double) {
    write { $0.double(field, value) }
  }

  package mutating func deltas(_ field: Int, _ values: [Int64]) {
    write { $0.packedZigzag(field, values) }
  }

  package mutating func doubles(_ field: Int, _ values: [Double]) {
    write { $0.packedDoubles(field, values) }
  }

  package mutating func message(_ field: Int, _ fields: ProtobufBody.Fields) {
    var inner = ProtobufFields()
    fields(&inner)
    let bytes = inner.bytes
    write { $0.bytes(field, bytes.span) }
  }

  package mutating func labels(_ labels: [(String, String)]) {
    for (name, value) in labels {
      message(1) {
        $0.text(1, name)
        $0.text(2, value)
      }
    }
  }

  package mutating func span(_ field: Int, _ offset: Int64, _ length: UInt64) {
    message(field) {
      $0.signed(1, offset)
      $0.number(2, length)
    }
  }

  /// A classic bucket.
  package mutating func bucket(_ bound: Double, _ count: UInt64) {
    message(3) {
      $0.number(1, count)
      $0.double(2, bound)
    }
  }

  private mutating func write(_ field: (inout ProtobufWriter) -> Void) {
    var writer = ProtobufWriter()
    field(&writer)
    bytes += writer.array()
  }
}
