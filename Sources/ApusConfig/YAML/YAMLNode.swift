/// A node of a YAML file, aliases replaced by what they name and merge keys carried out.
struct YAMLNode {
  indirect enum Content {
    case scalar(YAMLScalar)
    case sequence([YAMLNode])
    case mapping([YAMLEntry])
  }

  let content: Content
  /// From 1.
  let line: Int
  /// From 1.
  let column: Int

  var isNull: Bool {
    if case .scalar(let scalar) = content { return scalar.resolved == .null }
    return false
  }

  /// As in Go's error texts: `!!str`, `!!seq`.
  var shortTag: String {
    switch content {
    case .scalar(let scalar): scalar.shortTag
    case .sequence: "!!seq"
    case .mapping: "!!map"
    }
  }

  /// The node as it is named in an error: "!!str `abc`".
  var shown: String {
    guard case .scalar(let scalar) = content else { return shortTag }
    let text = scalar.text.utf8.count > 10 ? "\(scalar.text.prefix(7))..." : scalar.text
    return "\(shortTag) `\(text)`"
  }

  func value(of key: String) -> YAMLNode? {
    guard case .mapping(let entries) = content else { return nil }
    return entries.first { $0.key == key }?.value
  }
}

struct YAMLEntry {
  let key: String
  let value: YAMLNode
  /// Of the key.
  let line: Int
  let column: Int
  /// Whether the mapping has the key already.
  let isRepeated: Bool
}
