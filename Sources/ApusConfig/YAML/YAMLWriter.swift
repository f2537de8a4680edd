internal import ApusModel

/// Records as YAML, as Go's yaml.v2 writes them: two spaces, list items level with their key,
/// quotes only where a text would be read as something else.
struct YAMLWriter {
  private(set) var text = ""

  static func write(_ record: Record) -> String {
    var writer = YAMLWriter()
    writer.fields(of: record, indent: 0)
    return writer.text.isEmpty ? "{}\n" : writer.text
  }

  private mutating func fields(of record: Record, indent: Int, firstPrefix: String? = nil) {
    var prefix = firstPrefix
    for field in record.schema.fields where field.shown != .never {
      guard let value = record[field.name] ?? Self.zero(of: field) else { continue }
      if field.shown == .ifSet && Self.isZero(value) && !Self.isPointer(record, field) {
        continue
      }
      let head = prefix ?? String(repeating: " ", count: indent)
      prefix = nil
      write(key: field.name, value, field.shape, head: head, indent: indent)
    }
    if let prefix { text += prefix + "{}\n" }
  }

  private mutating func write(
    key: String, _ value: Value, _ shape: Shape, head: String, indent: Int
  ) {
    let inner = String(repeating: " ", count: indent)
    text += head + Self.scalarText(key) + ":"
    switch value {
    case .strings(let items):
      if items.isEmpty {
        text += " []\n"
      } else if case .strings(flow: true) = shape {
        text += " [" + items.map(Self.scalarText).joined(separator: ", ") + "]\n"
      } else {
        text += "\n"
        for item in items {
          text += "\(inner)- \(Self.itemText(item, shape, indent: indent))\n"
        }
      }
    case .stringMap(let entries):
      write(entries, isSecret: Self.isSecret(shape), indent: indent)
    case .stringsMap(let entries):
      text += "\n"
      for entry in entries.sorted(by: { Self.precedes($0.key, $1.key) }) {
        let head = String(repeating: " ", count: indent + 2)
        write(key: entry.key, .strings(entry.values), .strings, head: head, indent: indent + 2)
      }
    case .object(let record):
      let start = text
      text += "\n"
      let before = text.utf8.count
      fields(of: record, indent: indent + 2)
      if text.utf8.count == before { text = start + " {}\n" }
    case .objects(let records):
      text += records.isEmpty ? " []\n" : "\n"
      for record in records.compactMap(\.self) {
        fields(of: record, indent: indent + 2, firstPrefix: inner + "- ")
      }
    case .objectMap(let entries):
      text += "\n"
      for entry in entries.sorted(by: { Self.precedes($0.key, $1.key) }) {
        let head = String(repeating: " ", count: indent + 2)
        write(
          key: entry.key, .object(entry.record), .object(entry.record.schema), head: head,
          indent: indent + 2)
      }
    default: text += " \(Self.text(of: value, shape, indent: indent))\n"
    }
  }

  private mutating func write(_ entries: [StringEntry], isSecret: Bool, indent: Int) {
    text += entries.isEmpty ? " {}\n" : "\n"
    let head = String(repeating: " ", count: indent + 2)
    for entry in entries.sorted(by: { Self.precedes($0.key, $1.key) }) {
      let shown = isSecret ? "<secret>" : Self.blockText(entry.value, indent: indent + 2)
      text += "\(head)\(Self.scalarText(entry.key)): \(shown)\n"
    }
  }

  private static func text(of value: Value, _ shape: Shape, indent: Int) -> String {
    switch value {
    case .string(let text):
      if case .secret = shape { return text.isEmpty ? "\"\"" : "<secret>" }
      return blockText(text, indent: indent)
    case .bool(let flag): return flag ? "true" : "false"
    case .int(let number): return "\(number)"
    case .uint(let number): return "\(number)"
    case .float(let number): return FloatText.g(number)
    case .duration(let ms): return DurationText.text(ms: ms)
    case .size(let bytes): return ByteSizeText.text(bytes: bytes)
    default: preconditionFailure("no scalar")
    }
  }

  private static func itemText(_ item: String, _ shape: Shape, indent: Int) -> String {
    if case .secrets = shape { return "<secret>" }
    return blockText(item, indent: indent)
  }

  private static func isSecret(_ shape: Shape) -> Bool {
    if case .secretMap = shape { true } else { false }
  }

  /// What stands at a key that is always shown and has no value.
  private static func zero(of field: Field) -> Value? {
    guard field.shown == .always else { return nil }
    switch field.shape {
    case .string, .secret: return .string("")
    case .bool: return .bool(false)
    case .int: return .int(0)
    case .uint: return .uint(0)
    case .float: return .float(0)
    case .duration: return .duration(0)
    case .size: return .size(0)
    case .strings: return .strings([])
    default: return nil
    }
  }

  private static func isZero(_ value: Value) -> Bool {
    switch value {
    case .string(let text): text.isEmpty
    case .bool(let flag): !flag
    case .int(let number): number == 0
    case .uint(let number): number == 0
    case .float(let number): number == 0
    case .duration(let ms): ms == 0
    case .size(let bytes): bytes == 0
    case .strings(let items): items.isEmpty
    case .stringMap(let entries): entries.isEmpty
    case .stringsMap(let entries): entries.isEmpty
    case .objects(let records): records.isEmpty
    case .objectMap(let entries): entries.isEmpty
    case .object(let record): record.values.isEmpty
    }
  }

  /// Values that Prometheus holds by pointer: shown once they are set, even to false.
  private static func isPointer(_ record: Record, _ field: Field) -> Bool {
    guard record.schema.goType == "config.plain", record.has(field.name) else { return false }
    return field.name == "scrape_native_histograms" || field.name == "extra_scrape_metrics"
  }

  private static func precedes(_ a: String, _ b: String) -> Bool {
    compareBytes(a.utf8.span, b.utf8.span) < 0
  }
}

extension YAMLWriter {
  /// A text on one line, or as a literal block where it has several.
  static func blockText(_ text: String, indent: Int) -> String {
    guard text.utf8.contains(10), !text.hasPrefix(" "), !hasOddCharacters(text) else {
      return scalarText(text)
    }
    let body = text.hasSuffix("\n") ? text.dropLast() : text[...]
    let chomping = text.hasSuffix("\n\n") ? "+" : (text.hasSuffix("\n") ? "" : "-")
    let head = String(repeating: " ", count: indent + 2)
    let lines = body.split(separator: "\n", omittingEmptySubsequences: false)
      .map { $0.isEmpty ? "" : head + $0 }
    return "|\(chomping)\n" + lines.joined(separator: "\n")
  }

  static func scalarText(_ text: String) -> String {
    if text.utf8.contains(10) || hasOddCharacters(text) { return doubleQuoted(text) }
    // Anything that would not be read back as a string is quoted as yaml.v2 does.
    if YAMLScalar.resolve(text) != .string || text.isEmpty { return doubleQuoted(text) }
    return needsQuotes(text) ? singleQuoted(text) : text
  }

  private static func hasOddCharacters(_ text: String) -> Bool {
    text.unicodeScalars.contains { scalar in
      switch scalar.value {
      case 9, 10: false
      case 0..<0x20, 0x7F..<0xA0, 0x2028, 0x2029, 0xFEFF: true
      default: false
      }
    }
  }

  private static func singleQuoted(_ text: String) -> String {
    "'" + text.replacing("'", with: "''") + "'"
  }

  private static func doubleQuoted(_ text: String) -> String {
    var out = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": out += "\\\""
      case "\\": out += "\\\\"
      case "\n": out += "\\n"
      case "\r": out += "\\r"
      case "\t": out += "\\t"
      default:
        if scalar.value < 0x20 || (scalar.value >= 0x7F && scalar.value < 0xA0) {
          let hex = String(scalar.value, radix: 16, uppercase: true)
          out += "\\x" + (hex.utf8.count < 2 ? "0" : "") + hex
        } else if scalar.value == 0x2028 || scalar.value == 0x2029 || scalar.value == 0xFEFF {
          out += "\\u" + String(scalar.value, radix: 16, uppercase: true)
        } else {
          out.unicodeScalars.append(scalar)
        }
      }
    }
    return out + "\""
  }

  /// Whether a plain scalar would be cut, or begin something else.
  private static func needsQuotes(_ text: String) -> Bool {
    guard let first = text.utf8.first, let last = text.utf8.last else { return true }
    if "#,[]{}&*!|>'\"%@`".utf8.contains(first) || first == 32 || last == 32 { return true }
    if first == 9 || last == 9 { return true }
    let startsIndicator = "-?:".utf8.contains(first)
    if startsIndicator {
      let second = text.utf8.dropFirst().first
      if second == nil || second == 32 { return true }
    }
    if text.hasPrefix("---") || text.hasPrefix("...") { return true }
    var before: UInt8 = 0
    for byte in text.utf8 {
      if before == UInt8(ascii: ":") && byte == 32 { return true }
      if byte == UInt8(ascii: "#") && before == 32 { return true }
      before = byte
    }
    return last == UInt8(ascii: ":")
  }
}
