internal import ApusModel
internal import ApusSystem

/// YAML nodes to records, by their schemas. Every mismatch is added to `errors`; the value then
/// counts as missing.
struct RecordDecoder {
  /// Prometheus reads its configuration with one YAML library and rules with another.
  enum Dialect {
    case configuration
    case rules
  }

  let errors: ErrorList
  /// Unknown keys are passed over.
  var ignoresUnknownFields = false
  var dialect = Dialect.configuration

  /// The record of a mapping; nil where the node is no mapping. A null is an empty mapping.
  func record(_ node: YAMLNode, _ schema: Schema) -> Record? {
    if node.isNull { return Record(schema: schema, line: node.line) }
    guard case .mapping(let entries) = node.content else {
      mismatch(node, schema.goType)
      return nil
    }
    let record = Record(
      schema: schema, line: entries.first?.line ?? node.line,
      column: entries.first?.column ?? node.column)
    for entry in entries {
      guard let field = schema.field(entry.key) else {
        if !ignoresUnknownFields { unknown(entry, schema) }
        continue
      }
      if entry.isRepeated {
        repeated(entry, of: entries, "field \(entry.key) already set in type \(schema.goType)")
        continue
      }
      record.set(field.name, value(entry.value, field.shape), line: entry.line)
      record.setPlace(field.name, line: entry.value.line, column: entry.value.column)
    }
    return record
  }

  private func unknown(_ entry: YAMLEntry, _ schema: Schema) {
    let hasDiscovery = schema.field("static_configs") != nil
    if hasDiscovery, let refusal = DiscoveryMechanism.refusal(of: entry.key) {
      errors.add(.value, line: entry.line, column: entry.column, refusal)
      return
    }
    var names = schema.fields.filter { $0.shown != .never }.map(\.name)
    if hasDiscovery { names += DiscoveryMechanism.missingKeys }
    errors.add(
      .field, line: entry.line, column: entry.column,
      "field \(entry.key) not found in type \(schema.goType)",
      suggestion: NearestName.find(entry.key, in: names) ?? "")
  }

  private func repeated(_ entry: YAMLEntry, of entries: [YAMLEntry], _ text: String) {
    let first = entries.first { $0.key == entry.key }?.line ?? 0
    let ofRules = "mapping key \(GoQuote.quote(entry.key)) already defined at line \(first)"
    errors.add(
      .field, line: entry.line, column: entry.column, dialect == .rules ? ofRules : text)
  }

  private func mismatch(_ node: YAMLNode, _ goType: String) {
    errors.add(
      .field, line: node.line, column: node.column,
      "cannot unmarshal \(node.shown) into \(goType)")
  }

  private func value(_ node: YAMLNode, _ shape: Shape) -> Value? {
    switch shape {
    case .string, .secret: return string(node).map { .string($0) }
    case .bool, .int, .uint, .float: return number(node, shape)
    case .duration, .size: return quantity(node, shape)
    case .strings, .secrets: return strings(node).map { .strings($0) }
    case .stringMap, .secretMap: return stringMap(node)
    case .stringsMap: return stringsMap(node)
    case .object(let schema):
      return node.isNull ? nil : record(node, schema).map { .object($0) }
    case .objects(let schema, let goType): return objects(node, schema, goType)
    case .objectMap(let schema): return objectMap(node, schema)
    }
  }

  /// Numbers and booleans are taken as the text they are written as, and a null as the empty text,
  /// as Go's yaml.v2 does.
  private func string(_ node: YAMLNode) -> String? {
    guard case .scalar(let scalar) = node.content else {
      mismatch(node, "string")
      return nil
    }
    if scalar.resolved == .null { return "" }
    guard scalar.resolved == .binary else { return scalar.text }
    guard let bytes = Base64.decode(scalar.text) else {
      errors.add(.value, line: node.line, "yaml: !!binary value contains invalid base64 data")
      return nil
    }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      errors.add(.value, line: node.line, "\(quoted(bytes)) is not valid UTF-8")
      return nil
    }
    return text
  }

  /// What stands behind the point of a number is cut off where a whole one is wanted, as yaml.v2
  /// does.
  private func number(_ node: YAMLNode, _ shape: Shape) -> Value? {
    guard case .scalar(let scalar) = node.content else {
      mismatch(node, shape.goType)
      return nil
    }
    switch (shape, scalar.resolved) {
    case (.bool, .null): return .bool(false)
    case (.bool, .bool(let flag)): return .bool(flag)
    case (.int, .null): return .int(0)
    case (.int, .int(let number)): return .int(number)
    case (.int, .float(let number)) where Int64(exactly: number.rounded(.towardZero)) != nil:
      return .int(Int64(number))
    case (.uint, .null): return .uint(0)
    case (.uint, .int(let number)) where number >= 0: return .uint(UInt64(number))
    case (.uint, .uint(let number)): return .uint(number)
    case (.uint, .float(let number)) where UInt64(exactly: number.rounded(.towardZero)) != nil:
      return .uint(UInt64(number))
    case (.float, .null): return .float(0)
    case (.float, .int(let number)): return .float(Double(number))
    case (.float, .uint(let number)): return .float(Double(number))
    case (.float, .float(let number)): return .float(number)
    default:
      mismatch(node, shape.goType)
      return nil
    }
  }

  private func quantity(_ node: YAMLNode, _ shape: Shape) -> Value? {
    guard !node.isNull else { return nil }
    guard let text = string(node) else { return nil }
    do {
      switch shape {
      case .duration: return .duration(try DurationText.parse(text))
      default: return .size(try ByteSizeText.parse(text))
      }
    } catch {
      errors.add(.value, line: node.line, column: node.column, "\(error)", toolPlace: "")
      return nil
    }
  }

  private func strings(_ node: YAMLNode) -> [String]? {
    if node.isNull { return nil }
    guard case .sequence(let items) = node.content else {
      mismatch(node, "[]string")
      return nil
    }
    return items.compactMap { string($0) }
  }

  private func stringMap(_ node: YAMLNode) -> Value? {
    guard let entries = entries(node, goType: "map[string]string") else { return nil }
    return .stringMap(
      entries.compactMap { entry in
        labelValue(entry).map {
          StringEntry(key: entry.key, value: $0, line: entry.line, column: entry.column)
        }
      })
  }

  /// A value that is no UTF-8 is refused in the words for label values, which such maps hold.
  private func labelValue(_ entry: YAMLEntry) -> String? {
    if case .scalar(let scalar) = entry.value.content, scalar.resolved == .binary,
      let bytes = Base64.decode(scalar.text), String(validating: bytes, as: UTF8.self) == nil
    {
      errors.add(
        .value, line: entry.line, "\(quoted(bytes)) is not a valid label value")
      return nil
    }
    return string(entry.value)
  }

  private func stringsMap(_ node: YAMLNode) -> Value? {
    guard let entries = entries(node, goType: "map[string][]string") else { return nil }
    return .stringsMap(
      entries.compactMap { entry in
        strings(entry.value).map { StringsEntry(key: entry.key, values: $0) }
      })
  }

  private func objects(_ node: YAMLNode, _ schema: Schema, _ goType: String) -> Value? {
    if node.isNull { return nil }
    guard case .sequence(let items) = node.content else {
      mismatch(node, goType)
      return nil
    }
    return .objects(items.compactMap { $0.isNull ? .some(nil) : record($0, schema) })
  }

  private func objectMap(_ node: YAMLNode, _ schema: Schema) -> Value? {
    guard let entries = entries(node, goType: "map[string]\(schema.goType)") else { return nil }
    return .objectMap(
      entries.compactMap { entry in
        record(entry.value, schema).map { RecordEntry(key: entry.key, record: $0) }
      })
  }

  /// The pairs of a mapping, keys once each.
  private func entries(_ node: YAMLNode, goType: String) -> [YAMLEntry]? {
    if node.isNull { return nil }
    guard case .mapping(let entries) = node.content else {
      mismatch(node, goType)
      return nil
    }
    for entry in entries where entry.isRepeated {
      repeated(entry, of: entries, "key \(GoQuote.quote(entry.key)) already set in map")
    }
    return entries.filter { !$0.isRepeated }
  }

  /// Bytes as Go's %q shows them, of which at least one is no UTF-8.
  private func quoted(_ bytes: [UInt8]) -> String {
    let hex = bytes.map { byte in
      byte >= 0x20 && byte < 0x7F
        ? String(UnicodeScalar(byte))
        : "\\x" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
    }
    return "\"\(hex.joined())\""
  }
}
