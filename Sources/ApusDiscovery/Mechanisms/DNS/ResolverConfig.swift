internal import ApusSystem

/// Which name servers to ask, and for which names: /etc/resolv.conf.
struct ResolverConfig: Sendable, Equatable {
  private(set) var servers: [String] = []
  private(set) var search: [String] = []
  /// So many dots make a name one that is asked for as it is, first.
  private(set) var dotsWanted = 1

  init(_ text: String) {
    for line in text.split(whereSeparator: \.isNewline) {
      let words = line.split(whereSeparator: \.isWhitespace).map(String.init)
      guard let first = words.first, !first.hasPrefix("#"), !first.hasPrefix(";") else { continue }
      switch first {
      case "nameserver": if words.count > 1 { servers.append(words[1]) }
      case "domain": if words.count > 1 { search = [words[1]] }
      case "search": search = Array(words.dropFirst())
      case "options":
        for option in words.dropFirst() where option.hasPrefix("ndots:") {
          dotsWanted = min(max(Int(option.dropFirst(6)) ?? 1, 0), 15)
        }
      default: continue
      }
    }
  }

  /// The names that may be meant by a name, each with the dot at its end, in the order in which
  /// they are to be asked for.
  func names(for name: String) -> [String] {
    if name.hasSuffix(".") { return [name] }
    let searched = search.map { "\(name).\($0)" }.map { $0.hasSuffix(".") ? $0 : $0 + "." }
    let dots = name.utf8.count { $0 == UInt8(ascii: ".") }
    // One more label than the dots.
    return dots + 1 > dotsWanted ? ["\(name)."] + searched : searched + ["\(name)."]
  }
}
