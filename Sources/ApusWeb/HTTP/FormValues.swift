/// Names and values of forms and of the query part of URLs, in order.
///
/// As Go's net/url reads them: pairs that are not well formed are left out, and the first reason
/// is kept.
package struct FormValues: Sendable {
  package private(set) var pairs: [(name: String, value: String)] = []
  /// Why the first pair left out is none.
  package private(set) var problem: String?

  package init() {}

  /// The first value of a name; empty where there is none.
  package func first(_ name: String) -> String {
    pairs.first { $0.name == name }?.value ?? ""
  }

  package func has(_ name: String) -> Bool { pairs.contains { $0.name == name } }

  package func all(_ name: String) -> [String] {
    pairs.lazy.filter { $0.name == name }.map(\.value)
  }

  /// Adds a pair that needs no decoding.
  package mutating func add(_ name: String, _ value: String) { pairs.append((name, value)) }

  /// Adds the pairs of `a=b&c=d`.
  package mutating func add(encoded text: String) {
    for pair in text.utf8.split(separator: UInt8(ascii: "&")) {
      if pair.contains(UInt8(ascii: ";")) {
        note("invalid semicolon separator in query")
        continue
      }
      let equals = pair.firstIndex(of: UInt8(ascii: "=")) ?? pair.endIndex
      let rawName = pair[..<equals]
      let rawValue = equals < pair.endIndex ? pair[pair.index(after: equals)...] : Substring().utf8
      guard let name = decode(rawName), let value = decode(rawValue) else { continue }
      pairs.append((name, value))
    }
  }

  private mutating func decode(_ text: Substring.UTF8View) -> String? {
    switch PercentEncoding.decode(text, plusIsSpace: true) {
    case .success(let decoded): return String(decoding: decoded, as: UTF8.self)
    case .failure(let bad):
      note("invalid URL escape \(bad.escape)")
      return nil
    }
  }

  private mutating func note(_ text: String) { problem = problem ?? text }
}

/// `%41` and back.
package enum PercentEncoding {
  /// A percent sign without two hexadecimal digits.
  package struct BadEscape: Error, Sendable {
    /// What stands there, quoted.
    package let escape: String
  }

  /// The bytes meant; whether they are UTF-8 is for the caller to see.
  /// - Parameter plusIsSpace: as in forms and queries, but not in paths.
  package static func decode(
    _ text: some Collection<UInt8>, plusIsSpace: Bool
  ) -> Result<[UInt8], BadEscape> {
    var out: [UInt8] = []
    out.reserveCapacity(text.count)
    var i = text.startIndex
    while i < text.endIndex {
      let byte = text[i]
      switch byte {
      case UInt8(ascii: "%"):
        let tail = text[i...].prefix(3)
        let digits = tail.dropFirst().compactMap(hexValue)
        guard tail.count == 3, digits.count == 2 else {
          return .failure(BadEscape(escape: "\"\(String(decoding: tail, as: UTF8.self))\""))
        }
        out.append(digits[0] << 4 | digits[1])
        i = text.index(i, offsetBy: 2)
      case UInt8(ascii: "+") where plusIsSpace: out.append(UInt8(ascii: " "))
      default: out.append(byte)
      }
      i = text.index(after: i)
    }
    return .success(out)
  }

  private static func hexValue(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
    default: nil
    }
  }
}
