/// JSON as a tree, as discovery reads the answers of other servers. What is not there is null, and
/// so is what has another shape than the one asked for.
enum JSONTree: Sendable, Equatable {
  case null
  case bool(Bool)
  /// As written.
  case number(String)
  case string(String)
  case list([JSONTree])
  /// Of two members of one name the last counts.
  case object([String: JSONTree])

  /// A member of an object.
  subscript(_ name: String) -> JSONTree {
    if case .object(let members) = self { members[name] ?? .null } else { .null }
  }

  var isNull: Bool { self == .null }

  var optionalText: String? {
    if case .string(let text) = self { text } else { nil }
  }

  /// Empty where there is none.
  var text: String { optionalText ?? "" }

  var optionalBool: Bool? {
    if case .bool(let flag) = self { flag } else { nil }
  }

  var isTrue: Bool { optionalBool ?? false }

  /// A whole number.
  var integer: Int64? {
    guard case .number(let text) = self else { return nil }
    return Int64(text) ?? Double(text).flatMap { Int64(exactly: $0) }
  }

  var double: Double? {
    if case .number(let text) = self { Double(text) } else { nil }
  }

  /// The whole number, and 0 where there is none, as text.
  var integerText: String { "\(integer ?? 0)" }

  var items: [JSONTree] {
    if case .list(let items) = self { items } else { [] }
  }

  var members: [String: JSONTree] {
    if case .object(let members) = self { members } else { [:] }
  }

  /// The strings of a list.
  var texts: [String] { items.compactMap(\.optionalText) }

  /// The members of an object that are strings.
  var textMembers: [String: String] { members.compactMapValues(\.optionalText) }

  /// The items of a list that must be one; null counts as empty.
  func list(_ what: String) throws -> [JSONTree] {
    switch self {
    case .list(let items): return items
    case .null: return []
    default: throw JSONTreeError(text: "\(what) is no list", at: 0)
    }
  }

  /// Itself, if it is an object.
  func object(_ what: String) throws -> JSONTree {
    guard case .object = self else {
      throw JSONTreeError(text: "\(what) is no object", at: 0)
    }
    return self
  }
}

/// Bytes that are no JSON, or other JSON than expected.
struct JSONTreeError: Error, CustomStringConvertible {
  let text: String
  /// Offset in bytes.
  let at: Int

  var description: String {
    at > 0 ? "invalid JSON at byte \(at): \(text)" : "unexpected JSON: \(text)"
  }
}
