/// Sizes in bytes as Prometheus's flags and configuration take them: `512MB`, `1.5GiB`, `1GB500MB`.
/// Every prefix is a power of 1024, with or without the `i`.
///
/// Source: alecthomas/units, Base2Bytes.
package enum ByteSizeText {
  package enum Failure: Error, Sendable, Equatable, CustomStringConvertible {
    case malformed(String)
    case missingUnit(String)
    case unknownUnit(String, in: String)

    package var description: String {
      switch self {
      case .malformed(let text): "units: invalid \(text)"
      case .missingUnit(let text): "units: unknown unit  in \(text)"
      case .unknownUnit(let unit, let text): "units: unknown unit \(unit) in \(text)"
      }
    }
  }

  private static let prefixes = ["", "K", "M", "G", "T", "P", "E"]

  package static func parse(_ text: String) throws(Failure) -> Int64 {
    let bytes = Array(text.utf8)
    var at = 0
    var isNegative = false
    if let sign = bytes.first, sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") {
      isNegative = sign == UInt8(ascii: "-")
      at = 1
    }
    if at == bytes.count { throw .malformed(text) }
    if bytes.count - at == 1 && bytes[at] == UInt8(ascii: "0") { return 0 }
    var total = 0.0
    while at < bytes.count {
      let number = try parseNumber(bytes, &at, text)
      let unitStart = at
      while at < bytes.count, !isNumeric(bytes[at]) { at += 1 }
      if at == unitStart { throw .missingUnit(text) }
      let name = String(decoding: bytes[unitStart..<at], as: UTF8.self)
      guard let factor = factor(of: name) else { throw .unknownUnit(name, in: text) }
      total += number * factor
    }
    guard let size = Int64(exactly: (isNegative ? -total : total).rounded(.towardZero)) else {
      throw .malformed(text)
    }
    return size
  }

  /// `512MiB`, `1GiB500MiB`, `0B`.
  package static func text(bytes: Int64) -> String {
    var parts: [String] = []
    var rest = bytes
    for (i, prefix) in prefixes.enumerated() {
      let part = rest % 1024
      if part != 0 || (i == 0 && rest == 0) {
        parts.append("\(part)\(prefix)\(i == 0 ? "B" : "iB")")
      }
      rest /= 1024
      if rest == 0 { break }
    }
    return parts.reversed().joined()
  }

  private static func parseNumber(
    _ bytes: [UInt8], _ at: inout Int, _ text: String
  ) throws(Failure) -> Double {
    var mantissa = 0.0
    var scale = 1.0
    var digits = 0
    var sawPoint = false
    while at < bytes.count, isNumeric(bytes[at]) {
      let byte = bytes[at]
      if byte == UInt8(ascii: ".") {
        if sawPoint { throw .missingUnit(text) }
        sawPoint = true
      } else {
        mantissa = mantissa * 10 + Double(byte - 48)
        if sawPoint { scale *= 10 }
        digits += 1
      }
      at += 1
    }
    if digits == 0 { throw .malformed(text) }
    return mantissa / scale
  }

  private static func factor(of unit: String) -> Double? {
    var power = 1.0
    for (i, prefix) in prefixes.enumerated() {
      if unit == prefix + "B" || (i > 0 && unit == prefix + "iB") { return power }
      power *= 1024
    }
    return nil
  }

  private static func isNumeric(_ byte: UInt8) -> Bool {
    (byte >= 48 && byte <= 57) || byte == UInt8(ascii: ".")
  }
}
