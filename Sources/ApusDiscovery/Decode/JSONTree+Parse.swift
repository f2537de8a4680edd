internal import NIOPosix

extension JSONTree {
  /// Reads a whole text (RFC 8259), long ones on a thread for such work.
  static func decode(_ bytes: [UInt8]) async throws -> JSONTree {
    if bytes.count <= Limits.inlineDecodeBytesMax { return try parse(bytes) }
    return try await NIOThreadPool.singleton.runIfActive { try parse(bytes) }
  }

  /// Reads a whole text (RFC 8259).
  /// - Throws: `JSONTreeError`
  static func parse(_ bytes: [UInt8]) throws(JSONTreeError) -> JSONTree {
    var scan = JSONScan(bytes: bytes)
    let value = try scan.value(depth: 0)
    scan.skipBlanks()
    if scan.at < bytes.count { throw scan.error("something behind the end") }
    return value
  }
}

/// Goes through a text of JSON. Never beyond its end.
private struct JSONScan {
  let bytes: [UInt8]
  var at = 0

  init(bytes: [UInt8]) { self.bytes = bytes }

  func error(_ text: String) -> JSONTreeError {
    JSONTreeError(text: text, at: max(at, 1))
  }

  private var next: UInt8? { at < bytes.count ? bytes[at] : nil }

  mutating func skipBlanks() {
    while let byte = next, byte == 32 || byte == 10 || byte == 13 || byte == 9 { at += 1 }
  }

  mutating func value(depth: Int) throws(JSONTreeError) -> JSONTree {
    skipBlanks()
    guard let first = next else { throw error("the text ends too early") }
    if depth > Limits.decodeDepthMax { throw error("nested too deeply") }
    switch first {
    case UInt8(ascii: "{"): return try object(depth: depth)
    case UInt8(ascii: "["): return try list(depth: depth)
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "t"): return try word("true", .bool(true))
    case UInt8(ascii: "f"): return try word("false", .bool(false))
    case UInt8(ascii: "n"): return try word("null", .null)
    default: return try number()
    }
  }

  private mutating func word(
    _ word: StaticString, _ value: JSONTree
  ) throws(JSONTreeError) -> JSONTree {
    for byte in word.description.utf8 {
      guard next == byte else { throw error("no value") }
      at += 1
    }
    return value
  }

  private mutating func object(depth: Int) throws(JSONTreeError) -> JSONTree {
    var members: [String: JSONTree] = [:]
    at += 1
    skipBlanks()
    if take("}") { return .object(members) }
    while true {
      skipBlanks()
      guard next == UInt8(ascii: "\"") else { throw error("the name of a member is missing") }
      let name = try string()
      skipBlanks()
      guard take(":") else { throw error("the colon behind a name is missing") }
      members[name] = try value(depth: depth + 1)
      skipBlanks()
      if take("}") { return .object(members) }
      guard take(",") else { throw error("neither comma nor brace behind a member") }
    }
  }

  private mutating func list(depth: Int) throws(JSONTreeError) -> JSONTree {
    var items: [JSONTree] = []
    at += 1
    skipBlanks()
    if take("]") { return .list(items) }
    while true {
      items.append(try value(depth: depth + 1))
      skipBlanks()
      if take("]") { return .list(items) }
      guard take(",") else { throw error("neither comma nor bracket behind an item") }
    }
  }

  private mutating func take(_ character: Unicode.Scalar) -> Bool {
    guard next == UInt8(ascii: character) else { return false }
    at += 1
    return true
  }

  private mutating func number() throws(JSONTreeError) -> JSONTree {
    let start = at
    _ = take("-")
    guard let first = next, (48...57).contains(first) else { throw error("no value") }
    if !take("0") { skipDigits() }
    if take(".") { try digits() }
    if take("e") || take("E") {
      if !take("+") { _ = take("-") }
      try digits()
    }
    return .number(String(decoding: bytes[start..<at], as: UTF8.self))
  }

  private mutating func digits() throws(JSONTreeError) {
    guard let first = next, (48...57).contains(first) else { throw error("a digit is missing") }
    skipDigits()
  }

  private mutating func skipDigits() {
    while let byte = next, (48...57).contains(byte) { at += 1 }
  }

  private mutating func string() throws(JSONTreeError) -> String {
    at += 1
    let start = at
    while let byte = next, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\"), byte >= 32 {
      at += 1
    }
    if next == UInt8(ascii: "\"") {
      at += 1
      return String(decoding: bytes[start..<(at - 1)], as: UTF8.self)
    }
    return try escapedString(from: start)
  }

  /// A string with escapes, or without an end.
  private mutating func escapedString(from start: Int) throws(JSONTreeError) -> String {
    var out = Array(bytes[start..<at])
    while let byte = next {
      switch byte {
      case UInt8(ascii: "\""):
        at += 1
        return String(decoding: out, as: UTF8.self)
      case UInt8(ascii: "\\"):
        at += 1
        try escape(&out)
      case 0..<32: throw error("a control character in a string")
      default:
        out.append(byte)
        at += 1
      }
    }
    throw error("a string without an end")
  }

  private mutating func escape(_ out: inout [UInt8]) throws(JSONTreeError) {
    guard let byte = next else { throw error("a string without an end") }
    at += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): out.append(byte)
    case UInt8(ascii: "b"): out.append(8)
    case UInt8(ascii: "f"): out.append(12)
    case UInt8(ascii: "n"): out.append(10)
    case UInt8(ascii: "r"): out.append(13)
    case UInt8(ascii: "t"): out.append(9)
    case UInt8(ascii: "u"): out += Array(String(try character()).utf8)
    default: throw error("an unknown escape")
    }
  }

  /// Half of a pair alone becomes the replacement character, as Go reads it.
  private mutating func character() throws(JSONTreeError) -> Character {
    let high = try unit()
    if let scalar = Unicode.Scalar(high) { return Character(scalar) }
    let here = at
    if high < 0xDC00, take("\\"), take("u") {
      let low = try unit()
      if (0xDC00..<0xE000).contains(low),
        let scalar = Unicode.Scalar(0x10000 + (high - 0xD800) << 10 + (low - 0xDC00))
      {
        return Character(scalar)
      }
    }
    at = here
    return "\u{FFFD}"
  }

  /// Four hexadecimal digits.
  private mutating func unit() throws(JSONTreeError) -> UInt32 {
    var value: UInt32 = 0
    for _ in 0..<4 {
      guard let byte = next, let digit = Character(UnicodeScalar(byte)).hexDigitValue else {
        throw error("four hexadecimal digits are missing")
      }
      value = value << 4 | UInt32(digit)
      at += 1
    }
    return value
  }
}
