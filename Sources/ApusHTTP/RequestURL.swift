internal import Foundation

/// The parts of a URL that fetching looks at.
struct RequestURL: Sendable, Equatable {
  let text: String
  let isSecure: Bool
  /// Whether the host is the path of a socket on this machine: `http+unix://%2Fpath/...`
  let isSocket: Bool
  /// In lower case, without the brackets of IPv6 addresses.
  let host: String
  let port: Int
  /// Host and port as written.
  let authority: String

  /// Nil where it is not an absolute http or https URL.
  init?(_ text: String) {
    guard let url = URL(string: text), let scheme = url.scheme?.lowercased(),
      ["http", "https", "http+unix"].contains(scheme), let host = url.host, !host.isEmpty
    else { return nil }
    self.text = text
    isSecure = scheme == "https"
    isSocket = scheme == "http+unix"
    if isSocket {
      self.host = host
      port = 0
      authority = "localhost"
      return
    }
    self.host = host.lowercased().trimmingCharacters(in: CharacterSet(charactersIn: "[]"))
    port = url.port ?? (isSecure ? 443 : 80)
    let written = self.host.contains(":") ? "[\(self.host)]" : host
    authority = url.port.map { "\(written):\($0)" } ?? written
  }

  /// Where a redirect leads; nil where its address makes no sense.
  func redirected(to location: String) -> RequestURL? {
    guard let base = URL(string: text),
      let target = URL(string: location, relativeTo: base)?.absoluteURL
    else { return nil }
    // No answer from elsewhere may lead to the sockets of this machine.
    return RequestURL(target.absoluteString).flatMap { $0.isSocket ? nil : $0 }
  }

  /// The same with another host, and another port if one is given.
  func with(host: String, port: Int? = nil) -> String {
    guard var parts = URLComponents(string: text) else { return text }
    parts.host = host
    if let port { parts.port = port }
    return parts.string ?? text
  }
}
