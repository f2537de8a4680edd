internal import ApusModel

/// Where the server is reached from outside, and under which path its routes stand.
struct ExternalURL: Sendable, Equatable {
  /// Without a slash at the end.
  let url: String
  /// "" or `/prefix`.
  let routePrefix: String

  /// - Parameters:
  ///   - given: `--web.external-url`, empty for `http://<host name>:<port>/`.
  ///   - prefix: `--web.route-prefix`; nil for the path of the URL.
  ///   - listenAddress: the first address, for the port.
  /// - Throws: `FlagError`, in Prometheus's words.
  init(given: String, prefix: String?, listenAddress: String, hostName: String) throws(FlagError) {
    let quotes: [Character] = ["\"", "'"]
    if let first = given.first, let last = given.last,
      quotes.contains(first) || quotes.contains(last)
    {
      throw FlagError(
        description: "parse external URL \(GoQuote.quote(given)): "
          + "URL must not begin or end with quotes")
    }
    let port = listenAddress.split(separator: ":").last.map(String.init) ?? "9090"
    var text = given.isEmpty ? "http://\(hostName):\(port)" : given
    if !given.isEmpty, !given.hasPrefix("http://"), !given.hasPrefix("https://") {
      // A bare path is allowed, as in `--web.external-url=/metrics`.
      guard given.hasPrefix("/") else {
        throw FlagError(
          description: "parse external URL \(GoQuote.quote(given)): "
            + "it must begin with http:// or https://")
      }
      text = "http://\(hostName):\(port)\(given)"
    }
    while text.hasSuffix("/") { text.removeLast() }
    url = text
    let trimmed = (prefix ?? ExternalURL.path(of: text)).split(separator: "/")
    routePrefix = trimmed.isEmpty ? "" : "/" + trimmed.joined(separator: "/")
  }

  private static func path(of url: String) -> String {
    guard let scheme = url.firstIndex(of: ":") else { return "" }
    let rest = url[scheme...].dropFirst(3)
    guard let slash = rest.firstIndex(of: "/") else { return "" }
    return String(rest[slash...])
  }
}
