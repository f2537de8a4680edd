/// Hosts, ports and paths.
enum HostText {
  static func stripPort(_ text: String) -> String { split(text)?.host ?? text }

  /// The first part of the host name, with its port; addresses stay.
  static func stripDomain(_ text: String) -> String {
    let (host, port) = split(text) ?? (text, "")
    if isAddress(host) { return text }
    let first = host.prefix { $0 != "." }
    return port.isEmpty ? String(first) : "\(first):\(port)"
  }

  /// Go's `net.SplitHostPort`; nil where it fails.
  static func split(_ text: String) -> (host: String, port: String)? {
    let bytes = Array(text.utf8)
    guard let colon = bytes.lastIndex(of: UInt8(ascii: ":")) else { return nil }
    let open = UInt8(ascii: "[")
    let close = UInt8(ascii: "]")
    var host = bytes[..<colon]
    if bytes.first == open {
      guard let end = bytes.firstIndex(of: close), end + 1 == colon else { return nil }
      host = bytes[1..<end]
      if host.contains(open) || bytes[colon...].contains(close) { return nil }
    } else if host.contains(UInt8(ascii: ":")) || host.contains(open) || host.contains(close) {
      return nil
    }
    let port = bytes[(colon + 1)...]
    if port.contains(open) || port.contains(close) { return nil }
    return (String(decoding: host, as: UTF8.self), String(decoding: port, as: UTF8.self))
  }

  /// Whether text is an IPv4 or IPv6 address.
  static func isAddress(_ text: String) -> Bool {
    text.contains(":") ? isVersion6(text) : isVersion4(text)
  }

  private static func isVersion4(_ text: String) -> Bool {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    return parts.count == 4
      && parts.allSatisfy { part in
        let isPlain = part.utf8.count <= 3 && part.utf8.allSatisfy { $0 >= 48 && $0 <= 57 }
        let hasLeadingZero = part.utf8.count > 1 && part.hasPrefix("0")
        return isPlain && !hasLeadingZero && (Int(part).map { $0 <= 255 } ?? false)
      }
  }

  private static func isVersion6(_ text: String) -> Bool {
    var text = text
    var groupsMax = 8
    if text.contains(".") {
      guard let colon = text.lastIndex(of: ":") else { return false }
      guard isVersion4(String(text[text.index(after: colon)...])) else { return false }
      // An embedded IPv4 address stands for two groups.
      text = String(text[...colon]) + "0:0"
      groupsMax = 8
    }
    let halves = text.replacing("::", with: "|").split(
      separator: "|", omittingEmptySubsequences: false)
    guard halves.count <= 2 else { return false }
    var count = 0
    for half in halves where !half.isEmpty {
      for group in half.split(separator: ":", omittingEmptySubsequences: false) {
        let isHex = group.utf8.allSatisfy { byte in
          (byte >= 48 && byte <= 57) || (byte | 0x20 >= 97 && byte | 0x20 <= 102)
        }
        guard !group.isEmpty, group.utf8.count <= 4, isHex else { return false }
        count += 1
      }
    }
    return halves.count == 2 ? count < groupsMax : count == groupsMax
  }

  /// `/path` of `http://host:1/path?query`; empty where there is none.
  static func path(ofURL url: String) -> String {
    var rest = Substring(url)
    if let scheme = rest.firstRange(of: "://") {
      rest = rest[scheme.upperBound...]
      guard let slash = rest.firstIndex(where: { "/?#".contains($0) }) else { return "" }
      rest = rest[slash...]
    }
    return String(rest.prefix { $0 != "?" && $0 != "#" })
  }
}
