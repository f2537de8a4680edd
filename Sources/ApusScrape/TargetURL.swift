internal import ApusConfig
internal import ApusModel
internal import ApusSystem

/// The URL of a target, written as Go's net/url writes it.
enum TargetURL {
  /// - Parameters:
  ///   - labels: with `__scheme__`, `__address__`, `__metrics_path__` and `__param_*`.
  ///   - parameters: of the job; a `__param_` label replaces the first value.
  static func text(_ labels: Labels, parameters: [QueryParameter]) -> String {
    var query: [String: [String]] = [:]
    for parameter in parameters { query[parameter.name] = parameter.values }
    for label in labels where label.name.hasPrefix(LabelNames.parameterPrefix) {
      let name = String(label.name.dropFirst(LabelNames.parameterPrefix.count))
      if query[name]?.isEmpty == false {
        query[name]?[0] = label.value
      } else {
        query[name] = [label.value]
      }
    }
    let path = labels.value(of: LabelNames.metricsPath)
    let slash = path.isEmpty || path.hasPrefix("/") ? "" : "/"
    let scheme = labels.value(of: LabelNames.scheme)
    var out = "\(scheme.isEmpty ? "" : scheme + ":")//\(labels.value(of: LabelNames.address))"
    out += slash + URLText.escaped(path, keeping: "$&+,/:;=@", blank: "%20")
    let pairs = query.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
      .flatMap { name, values in
        values.map {
          "\(URLText.queryEscaped(name))=\(URLText.queryEscaped($0))"
        }
      }
    return pairs.isEmpty ? out : out + "?" + pairs.joined(separator: "&")
  }

  /// The URL as others can reach it, for links on pages. A target on this machine gets the host of
  /// the external URL; the server itself, known by its port, also the external scheme and port.
  static func global(_ url: String, externalURL: String, listenAddress: String) -> String {
    let outside = parts(externalURL)
    let target = parts(url)
    let isLocal = ["localhost", "127.0.0.1", "[::1]"].contains(target.host)
    guard isLocal, !outside.host.isEmpty else { return url }
    if !target.port.isEmpty, target.port == parts("//" + listenAddress).port {
      return join(outside.scheme, outside.host, outside.port) + target.rest
    }
    return join(target.scheme, outside.host, target.port) + target.rest
  }

  private static func join(_ scheme: Substring, _ host: Substring, _ port: Substring) -> String {
    "\(scheme)//\(host)" + (port.isEmpty ? "" : ":\(port)")
  }

  /// `http:`, `[::1]`, `9090`, `/path?query`
  private static func parts(
    _ url: String
  ) -> (scheme: Substring, host: Substring, port: Substring, rest: Substring) {
    guard let slashes = url.firstRange(of: "//") else { return ("", "", "", url[...]) }
    let authority = url[slashes.upperBound...].prefix { $0 != "/" && $0 != "?" && $0 != "#" }
    let rest = url[authority.endIndex...]
    guard let colon = authority.lastIndex(of: ":"), !authority[colon...].contains("]") else {
      return (url[..<slashes.lowerBound], authority, "", rest)
    }
    let port = authority[authority.index(after: colon)...]
    return (url[..<slashes.lowerBound], authority[..<colon], port, rest)
  }
}
