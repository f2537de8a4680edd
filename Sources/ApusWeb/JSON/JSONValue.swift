internal import ApusModel

/// JSON as a tree, for answers that are small and made of many parts. Members of an object stay
/// in the order given.
indirect enum JSONValue: Sendable {
  case null
  case bool(Bool)
  case integer(Int64)
  case number(Double)
  case string(String)
  /// RFC 3339; nil is Go's zero time.
  case time(ms: Int64?)
  case labels(Labels)
  /// JSON as it stands.
  case raw(String)
  case list([JSONValue])
  case object([(name: String, value: JSONValue)])

  static func strings(_ texts: [String]) -> JSONValue { .list(texts.map { .string($0) }) }

  static func int(_ value: some BinaryInteger) -> JSONValue { .integer(Int64(clamping: value)) }
}

extension JSONValue: ExpressibleByDictionaryLiteral {
  init(dictionaryLiteral members: (String, JSONValue)...) {
    self = .object(members.map { (name: $0.0, value: $0.1) })
  }
}

extension JSONWriter {
  mutating func value(_ value: JSONValue) {
    switch value {
    case .null: raw("null")
    case .bool(let value): bool(value)
    case .integer(let value): int(value)
    case .number(let value): number(value)
    case .string(let value): string(value)
    case .time(let ms): time(ms: ms)
    case .labels(let value): labels(value)
    case .raw(let text): raw(text)
    case .list(let values):
      raw("[")
      for (i, value) in values.enumerated() {
        comma(before: i)
        self.value(value)
      }
      raw("]")
    case .object(let members):
      raw("{")
      for (i, member) in members.enumerated() {
        comma(before: i)
        key(member.name)
        self.value(member.value)
      }
      raw("}")
    }
  }
}

extension Envelope {
  static func success(_ value: JSONValue) -> WebResponse { success { $0.value(value) } }
}
