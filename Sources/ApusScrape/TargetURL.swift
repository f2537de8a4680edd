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

  /// The URL with a loopback host replaced by this machine's name, for links on pages.
  static func global(_ url: String, hostname: String) -> String {
    for host in ["localhost", "127.0.0.1", "[::1]"] {
      guard let scheme = url.firstRange(of: "//"), url[scheme.upperBound...].hasPrefix(host) else {
        continue
      }
      let rest = url[scheme.upperBound...].dropFirst(host.count)
      guard rest.isEmpty || rest.hasPrefix(":") || rest.hasPrefix("/") || rest.hasPrefix("?")
      else { continue }
      return url[..<scheme.upperBound] + hostname + rest
    }
    return url
  }
}
