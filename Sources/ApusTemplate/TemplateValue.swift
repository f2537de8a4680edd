internal import ApusModel

/// What templates compute with.
package indirect enum TemplateValue: Sendable {
  /// No value at all: a missing key, or nil.
  case nothing
  case bool(Bool)
  case int(Int64)
  case float(Double)
  case string(String)
  /// Text that needs no escaping in HTML.
  case html(String)
  case list([TemplateValue])
  /// A map from names to texts, such as labels; a missing key is the empty text.
  case labels([String: String])
  /// A map from names to anything; a missing key has no value.
  case map([String: TemplateValue])
  /// A map from names to lists of texts, such as the parameters of a URL.
  case textLists([String: [String]])
  /// Named fields, in order; another name is an error.
  case fields([(name: String, value: TemplateValue)], type: String)
  /// What `query` returns.
  case samples([TemplateSample])
  case sample(TemplateSample)
  case time(GoTime)
  /// Nanoseconds.
  case duration(Int64)
}

extension TemplateValue {
  /// Go's name of the type, for messages and `%T`.
  var typeName: String {
    switch self {
    case .nothing: "<nil>"
    case .bool: "bool"
    case .int: "int"
    case .float: "float64"
    case .string: "string"
    case .html: "template.HTML"
    case .list: "[]interface {}"
    case .labels: "map[string]string"
    case .map: "map[string]interface {}"
    case .textLists: "url.Values"
    case .fields(_, let type): type
    case .samples: "template.queryResult"
    case .sample: "*template.sample"
    case .time: "*time.Time"
    case .duration: "*time.Duration"
    }
  }

  /// Whether it counts as true: not zero, not empty.
  var isTrue: Bool {
    switch self {
    case .nothing: false
    case .bool(let value): value
    case .int(let value): value != 0
    case .float(let value): value != 0
    case .string(let value), .html(let value): !value.isEmpty
    case .list(let list): !list.isEmpty
    case .labels(let map): !map.isEmpty
    case .map(let map): !map.isEmpty
    case .textLists(let map): !map.isEmpty
    case .samples(let list): !list.isEmpty
    case .fields, .sample, .time, .duration: true
    }
  }

  var isNothing: Bool {
    if case .nothing = self { return true }
    return false
  }

  /// The elements of a list in order, or of a map by key; nil for what has none.
  var elements: [(key: TemplateValue, value: TemplateValue)]? {
    switch self {
    case .nothing: []
    case .list(let list): list.enumerated().map { (.int(Int64($0)), $1) }
    case .samples(let list): list.enumerated().map { (.int(Int64($0)), .sample($1)) }
    case .labels(let map): sorted(map) { .string($0) }
    case .map(let map): sorted(map) { $0 }
    case .textLists(let map): sorted(map) { .list($0.map { .string($0) }) }
    default: nil
    }
  }

  private func sorted<Value>(
    _ map: [String: Value], _ wrap: (Value) -> TemplateValue
  ) -> [(key: TemplateValue, value: TemplateValue)] {
    let pairs = map.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
    return pairs.map { (.string($0.key), wrap($0.value)) }
  }

  static func labels(_ labels: Labels) -> TemplateValue {
    var map: [String: String] = [:]
    for label in labels { map[label.name] = label.value }
    return .labels(map)
  }
}
