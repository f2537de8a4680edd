// opentelemetry.proto.common.v1, protobuf:
//
//     KeyValue  1 key, 2 AnyValue
//     AnyValue  1 string, 2 bool, 3 int64, 4 double, 5 ArrayValue, 6 KeyValueList, 7 bytes
//     ArrayValue 1 AnyValue*         KeyValueList 1 KeyValue*

internal import ApusModel
internal import ApusSystem

/// Names with values as text, in order.
struct OTLPAttributes: Sendable {
  private(set) var pairs: [(name: String, value: String)] = []

  subscript(name: String) -> String? { pairs.first { $0.name == name }?.value }

  mutating func append(_ name: String, _ value: String) { pairs.append((name, value)) }

  /// Adds a KeyValue.
  mutating func add(_ reader: consuming ProtobufReader) throws(ProtobufError) {
    var name = ""
    var value = ""
    while try reader.next() {
      switch reader.field {
      case 1: name = try reader.string()
      case 2: value = try Self.text(try reader.message(), depth: 0, isQuoted: false)
      default: break
      }
    }
    pairs.append((name, value))
  }

  /// An AnyValue: texts as they are, lists and maps as JSON.
  private static func text(
    _ reader: consuming ProtobufReader, depth: Int, isQuoted: Bool
  ) throws(ProtobufError) -> String {
    // Deeper values are none that anybody means.
    guard depth < Limits.attributeDepthMax else { return "" }
    var text = isQuoted ? "null" : ""
    while try reader.next() {
      switch reader.field {
      case 1:
        let value = try reader.string()
        text = isQuoted ? JSONText.quoted(value) : value
      case 2: text = try reader.bool() ? "true" : "false"
      case 3: text = String(try reader.int64())
      case 4: text = FloatText.g(try reader.double())
      case 5: text = try list(try reader.message(), depth)
      case 6: text = try map(try reader.message(), depth)
      case 7:
        let value = Base64.encode(try reader.bytes())
        text = isQuoted ? JSONText.quoted(value) : value
      default: break
      }
    }
    return text
  }

  private static func list(
    _ reader: consuming ProtobufReader, _ depth: Int
  ) throws(ProtobufError) -> String {
    var items: [String] = []
    while try reader.next() {
      guard reader.field == 1 else { continue }
      items.append(try text(try reader.message(), depth: depth + 1, isQuoted: true))
    }
    return "[\(items.joined(separator: ","))]"
  }

  private static func map(
    _ reader: consuming ProtobufReader, _ depth: Int
  ) throws(ProtobufError) -> String {
    var items: [(name: String, text: String)] = []
    while try reader.next() {
      guard reader.field == 1 else { continue }
      var pair = try reader.message()
      var (name, value) = ("", "null")
      while try pair.next() {
        switch pair.field {
        case 1: name = try pair.string()
        case 2: value = try text(try pair.message(), depth: depth + 1, isQuoted: true)
        default: break
        }
      }
      items.append((name, value))
    }
    items.sort { $0.name < $1.name }
    return "{\(items.map { "\(JSONText.quoted($0.name)):\($0.text)" }.joined(separator: ","))}"
  }
}
