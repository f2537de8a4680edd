internal import ApusModel

/// A scalar as written, and what it means by YAML 1.1 (as Go's yaml.v2 reads it).
struct YAMLScalar {
  enum Resolved: Equatable {
    case null
    case bool(Bool)
    case int(Int64)
    /// Above the largest Int64.
    case uint(UInt64)
    case float(Double)
    case timestamp
    case string
    case binary
  }

  let text: String
  /// Neither quoted nor a block.
  let isPlain: Bool
  /// An explicit tag in full, such as `tag:yaml.org,2002:str`; empty for none.
  let tag: String

  private static let tagPrefix = "tag:yaml.org,2002:"

  var resolved: Resolved {
    if !tag.isEmpty {
      switch tag {
      case Self.tagPrefix + "str", "!": return .string
      case Self.tagPrefix + "binary": return .binary
      case Self.tagPrefix + "null": return .null
      default: return Self.resolve(text)
      }
    }
    return isPlain ? Self.resolve(text) : .string
  }

  var shortTag: String {
    switch resolved {
    case .null: "!!null"
    case .bool: "!!bool"
    case .int, .uint: "!!int"
    case .float: "!!float"
    case .timestamp: "!!timestamp"
    case .string: "!!str"
    case .binary: "!!binary"
    }
  }

  /// What an unquoted text means.
  static func resolve(_ text: String) -> Resolved {
    switch text {
    case "", "~", "null", "Null", "NULL": return .null
    case "y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON":
      return .bool(true)
    case "n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF":
      return .bool(false)
    case ".nan", ".NaN", ".NAN": return .float(.nan)
    case ".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF": return .float(.infinity)
    case "-.inf", "-.Inf", "-.INF": return .float(-.infinity)
    default: break
    }
    guard let first = text.utf8.first, "0123456789+-.".utf8.contains(first) else {
      return .string
    }
    if let number = number(text) { return number }
    return isDate(text) ? .timestamp : .string
  }

  private static func number(_ text: String) -> Resolved? {
    let plain = text.filter { $0 != "_" }
    var digits = Substring(plain)
    let isNegative = digits.first == "-"
    if isNegative || digits.first == "+" { digits.removeFirst() }
    let (radix, body) = radix(of: digits)
    if let magnitude = UInt64(body, radix: radix), body.first != "+" && body.first != "-" {
      if isNegative {
        guard magnitude <= UInt64(Int64.max) + 1 else { return nil }
        return .int(Int64(truncatingIfNeeded: 0 &- magnitude))
      }
      return magnitude <= UInt64(Int64.max) ? .int(Int64(magnitude)) : .uint(magnitude)
    }
    guard isFloat(digits) else { return nil }
    return (try? FloatText.parse(plain)).map { .float($0) }
  }

  /// Go's base 0: `0x`, `0o`, `0b`, or a leading 0 for octal.
  private static func radix(of digits: Substring) -> (Int, Substring) {
    let head = digits.prefix(2).lowercased()
    switch head {
    case "0x": return (16, digits.dropFirst(2))
    case "0o": return (8, digits.dropFirst(2))
    case "0b": return (2, digits.dropFirst(2))
    default:
      if digits.first == "0" && digits.utf8.count > 1 { return (8, digits.dropFirst()) }
      return (10, digits)
    }
  }

  /// Digits with a point or an exponent: `(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`
  private static func isFloat(_ digits: Substring) -> Bool {
    var rest = digits.utf8
    let whole = rest.prefix { $0 >= 48 && $0 <= 57 }
    rest = rest.dropFirst(whole.count)
    var fraction = 0
    if rest.first == UInt8(ascii: ".") {
      rest = rest.dropFirst()
      fraction = rest.prefix { $0 >= 48 && $0 <= 57 }.count
      rest = rest.dropFirst(fraction)
    }
    guard whole.count + fraction > 0 else { return false }
    if let mark = rest.first, mark == UInt8(ascii: "e") || mark == UInt8(ascii: "E") {
      rest = rest.dropFirst()
      if let sign = rest.first, sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") {
        rest = rest.dropFirst()
      }
      guard !rest.isEmpty, rest.allSatisfy({ $0 >= 48 && $0 <= 57 }) else { return false }
      return true
    }
    return rest.isEmpty
  }

  /// `2001-12-14`, with or without a time.
  private static func isDate(_ text: String) -> Bool {
    let bytes = Array(text.utf8.prefix(5))
    guard bytes.count == 5, bytes[4] == UInt8(ascii: "-") else { return false }
    let head = text.prefix(10).split(separator: "-", omittingEmptySubsequences: false)
    return head.count >= 3 && head[0].count == 4
      && head.prefix(2).allSatisfy { $0.utf8.allSatisfy { $0 >= 48 && $0 <= 57 } }
  }
}
