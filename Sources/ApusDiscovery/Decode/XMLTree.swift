/// An element of XML, as discovery reads the answers of other servers: no namespaces, no document
/// types (a bomb of entities cannot be said), characters and the five named entities.
struct XMLTree: Sendable, Equatable {
  let name: String
  var attributes: [String: String] = [:]
  var children: [XMLTree] = []
  /// All text directly inside, in one piece.
  var text = ""
  /// What stands between the tags, as it is.
  var inner = ""

  init(name: String) { self.name = name }

  /// The first child of a name.
  subscript(_ name: String) -> XMLTree? { children.first { $0.name == name } }

  func all(_ name: String) -> [XMLTree] { children.filter { $0.name == name } }

  /// The text of a child; nil where there is no such child.
  func optionalText(_ name: String) -> String? { self[name]?.trimmed }

  /// The text of a child; empty where there is none.
  func text(_ name: String) -> String { optionalText(name) ?? "" }

  /// The text without blanks around it.
  var trimmed: String {
    let isBlank = { (byte: UInt8) in byte == 32 || (9...13).contains(byte) }
    let bytes = Array(text.utf8).drop(while: isBlank).reversed().drop(while: isBlank).reversed()
    return String(decoding: Array(bytes), as: UTF8.self)
  }
}

/// Bytes that are no XML, or more of it than is read.
struct XMLTreeError: Error, CustomStringConvertible {
  let text: String
  /// Offset in bytes.
  let at: Int

  var description: String { "invalid XML at byte \(at): \(text)" }
}
