internal import ApusModel

/// What Go's `url.Parse` would refuse, in its words.
enum GoURL {
  struct Parts {
    var scheme = ""
    var host = ""
  }

  /// Why a URL is none; nil if it is one. The empty text is.
  static func problem(_ text: String) -> String? {
    reason(text).map { "parse \(GoQuote.quote(text)): \($0)" }
  }

  /// Scheme in lower case, and host with its port.
  static func parts(_ text: String) -> Parts {
    var parts = Parts()
    var rest = text[...]
    if let colon = rest.firstIndex(of: ":"), isScheme(rest[..<colon]) {
      parts.scheme = rest[..<colon].lowercased()
      rest = rest[rest.index(after: colon)...]
    }
    guard rest.hasPrefix("//") else { return parts }
    let authority = rest.dropFirst(2).prefix { $0 != "/" && $0 != "?" && $0 != "#" }
    let host = authority.lastIndex(of: "@").map { authority[authority.index(after: $0)...] }
    parts.host = String(host ?? authority)
    return parts
  }

  /// The URL with the password of a user replaced, for status pages.
  static func redacted(_ text: String) -> String {
    guard let start = text.firstRange(of: "//")?.upperBound else { return text }
    let rest = text[start...]
    let authority = rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
    guard let at = authority.lastIndex(of: "@"),
      let colon = authority[..<at].firstIndex(of: ":")
    else { return text }
    return text[...colon] + "xxxxx" + text[at...]
  }

  private static func reason(_ text: String) -> String? {
    if text.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) {
      return "net/url: invalid control character in URL"
    }
    if text.utf8.first == UInt8(ascii: ":") { return "missing protocol scheme" }
    let parts = parts(text)
    if parts.scheme.isEmpty {
      let segment = text.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
      if segment.contains(":") { return "first path segment in URL cannot contain colon" }
    }
    if let bad = badEscape(text) { return "invalid URL escape \(GoQuote.quote(bad))" }
    return badHost(parts.host)
  }

  private static func badHost(_ host: String) -> String? {
    if host.hasPrefix("["), !host.contains("]") { return "missing ']' in host" }
    if let colon = host.lastIndex(of: ":"), !host.hasSuffix("]") {
      let port = host[colon...].dropFirst()
      if !port.utf8.allSatisfy({ $0 >= 48 && $0 <= 57 }) {
        return "invalid port \(GoQuote.quote(":" + port)) after host"
      }
    }
    if let bad = host.unicodeScalars.first(where: { " \"<>\\^`{|}".unicodeScalars.contains($0) }) {
      return "invalid character \(GoQuote.quote(String(bad))) in host name"
    }
    return nil
  }

  private static func isScheme(_ text: Substring) -> Bool {
    guard let first = text.utf8.first, isLetter(first) else { return false }
    return text.utf8.allSatisfy {
      isLetter($0) || ($0 >= 48 && $0 <= 57) || "+-.".utf8.contains($0)
    }
  }

  private static func isLetter(_ byte: UInt8) -> Bool {
    (byte | 0x20) >= UInt8(ascii: "a") && (byte | 0x20) <= UInt8(ascii: "z")
  }

  private static func badEscape(_ text: String) -> String? {
    let bytes = Array(text.utf8)
    for at in bytes.indices where bytes[at] == UInt8(ascii: "%") {
      let escape = bytes[at..<min(at + 3, bytes.count)]
      let digits = String(decoding: escape.dropFirst(), as: UTF8.self)
      if digits.utf8.count < 2 || !digits.allSatisfy(\.isHexDigit) {
        return String(decoding: escape, as: UTF8.self)
      }
    }
    return nil
  }
}
