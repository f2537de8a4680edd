internal import ApusSystem

/// Just enough JSON for meta.json: a reader that keeps the text of what it does not know, and a
/// writer that lays out like Go's `json.MarshalIndent` with tabs.
enum MetaJSON {
  /// A value as it was read. Numbers keep their text, so that 64-bit integers stay exact.
  indirect enum Value: Sendable, Equatable {
    case null
    case bool(Bool)
    case number(String)
    case string(String)
    case array([Value])
    case object([Member])
  }

  struct Member: Sendable, Equatable {
    let key: String
    let value: Value
  }

  static let depthMax = 64

  static func parse(_ bytes: [UInt8]) throws(Malformed) -> Value {
    var parser = Parser(bytes: bytes)
    let value = try parser.value(depth: 0)
    parser.skipSpace()
    guard parser.at == bytes.count else { throw parser.malformed("unexpected text after the end") }
    return value
  }

  static func text(_ value: Value, indent: Int = 0) -> String {
    let inner = String(repeating: "\t", count: indent + 1)
    let outer = String(repeating: "\t", count: indent)
    switch value {
    case .null: return "null"
    case .bool(let flag): return flag ? "true" : "false"
    case .number(let text): return text
    case .string(let text): return JSONText.quoted(text, escapesHTML: true)
    case .array(let items):
      if items.isEmpty { return "[]" }
      let lines = items.map { inner + Self.text($0, indent: indent + 1) }
      return "[\n" + lines.joined(separator: ",\n") + "\n\(outer)]"
    case .object(let members):
      if members.isEmpty { return "{}" }
      let lines = members.map {
        let key = JSONText.quoted($0.key, escapesHTML: true)
        return "\(inner)\(key): \(Self.text($0.value, indent: indent + 1))"
      }
      return "{\n" + lines.joined(separator: ",\n") + "\n\(outer)}"
    }
  }
}

extension MetaJSON.Value {
  subscript(key: String) -> MetaJSON.Value? {
    guard case .object(let members) = self else { return nil }
    return members.last { $0.key == key }?.value
  }
}

private struct Parser {
  let bytes: [UInt8]
  var at = 0

  func malformed(_ what: String) -> Malformed { Malformed("\(what) at offset \(at)") }

  mutating func skipSpace() {
    while at < bytes.count, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[at]) { at += 1 }
  }

  mutating func value(depth: Int) throws(Malformed) -> MetaJSON.Value {
    guard depth < MetaJSON.depthMax else { throw malformed("nested too deep") }
    skipSpace()
    guard at < bytes.count else { throw malformed("unexpected end") }
    switch bytes[at] {
    case UInt8(ascii: "{"): return try object(depth: depth)
    case UInt8(ascii: "["): return try array(depth: depth)
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "t"): return try word("true", .bool(true))
    case UInt8(ascii: "f"): return try word("false", .bool(false))
    case UInt8(ascii: "n"): return try word("null", .null)
    default: return try number()
    }
  }

  private mutating func word(
    _ text: String, _ value: MetaJSON.Value
  ) throws(Malformed) -> MetaJSON.Value {
    guard bytes[at...].starts(with: text.utf8) else { throw malformed("unexpected text") }
    at += text.utf8.count
    return value
  }

  private mutating func number() throws(Malformed) -> MetaJSON.Value {
    let start = at
    while at < bytes.count, "+-.0123456789eE".utf8.contains(bytes[at]) { at += 1 }
    let text = String(decoding: bytes[start..<at], as: UTF8.self)
    guard Double(text) != nil else { throw malformed("unexpected text") }
    return .number(text)
  }

  private mutating func array(depth: Int) throws(Malformed) -> MetaJSON.Value {
    var items: [MetaJSON.Value] = []
    at += 1
    skipSpace()
    if take("]") { return .array(items) }
    while true {
      items.append(try value(depth: depth + 1))
      skipSpace()
      if take("]") { return .array(items) }
      guard take(",") else { throw malformed("',' or ']' wanted") }
    }
  }

  private mutating func object(depth: Int) throws(Malformed) -> MetaJSON.Value {
    var members: [MetaJSON.Member] = []
    at += 1
    skipSpace()
    if take("}") { return .object(members) }
    while true {
      skipSpace()
      guard at < bytes.count, bytes[at] == UInt8(ascii: "\"") else {
        throw malformed("name wanted")
      }
      let key = try string()
      skipSpace()
      guard take(":") else { throw malformed("':' wanted") }
      members.append(.init(key: key, value: try value(depth: depth + 1)))
      skipSpace()
      if take("}") { return .object(members) }
      guard take(",") else { throw malformed("',' or '}' wanted") }
    }
  }

  private mutating func take(_ character: Unicode.Scalar) -> Bool {
    guard at < bytes.count, bytes[at] == UInt8(ascii: character) else { return false }
    at += 1
    return true
  }

  private mutating func string() throws(Malformed) -> String {
    at += 1
    var out: [UInt8] = []
    while at < bytes.count {
      let byte = bytes[at]
      at += 1
      switch byte {
      case UInt8(ascii: "\""): return String(decoding: out, as: UTF8.self)
      case UInt8(ascii: "\\"): out += String(try escape()).utf8
      case 0..<0x20: throw malformed("control character in a string")
      default: out.append(byte)
      }
    }
    throw malformed("string without an end")
  }

  private mutating func escape() throws(Malformed) -> Character {
    guard at < bytes.count else { throw malformed("string without an end") }
    let byte = bytes[at]
    at += 1
    switch byte {
    case UInt8(ascii: "b"): return "\u{8}"
    case UInt8(ascii: "f"): return "\u{C}"
    case UInt8(ascii: "n"): return "\n"
    case UInt8(ascii: "r"): return "\r"
    case UInt8(ascii: "t"): return "\t"
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"):
      return Character(Unicode.Scalar(byte))
    case UInt8(ascii: "u"):
      let first = try unit()
      if first & 0xFC00 == 0xD800, bytes[at...].starts(with: "\\u".utf8) {
        at += 2
        let second = try unit()
        if second & 0xFC00 == 0xDC00 {
          let value = 0x10000 + (first & 0x3FF) << 10 + second & 0x3FF
          return Unicode.Scalar(value).map { Character($0) } ?? "\u{FFFD}"
        }
        return "\u{FFFD}"
      }
      return Unicode.Scalar(first).map { Character($0) } ?? "\u{FFFD}"
    default: throw malformed("unknown escape")
    }
  }

  private mutating func unit() throws(Malformed) -> UInt32 {
    guard at + 4 <= bytes.count,
      let value = UInt32(String(decoding: bytes[at..<at + 4], as: UTF8.self), radix: 16)
    else { throw malformed("four hexadecimal digits wanted") }
    at += 4
    return value
  }
}
