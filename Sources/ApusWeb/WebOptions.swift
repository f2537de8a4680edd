package import ApusSystem

/// The `--web.*` flags.
package struct WebOptions: Sendable {
  /// Host and port; an empty host or `0.0.0.0` is every address.
  package var listenAddresses = [ListenAddress(host: "0.0.0.0", port: 9090)]
  package var connectionsMax = 512
  /// Until a request is read, and how long an idle connection stays.
  package var readTimeoutMs: Int64 = 300_000
  package var externalURL = ExternalURL()
  /// Begins with a slash and does not end with one; empty for none.
  package var routePrefix = ""
  /// Which origins may read answers in a browser; matches the whole origin.
  package var corsOrigin: RE2Pattern
  /// Clients that may listen to notifications at one time.
  package var notificationSubscribersMax = 16
  package var allowsLifecycle = false
  package var allowsAdmin = false
  package var pageTitle = "Prometheus Time Series Collection and Processing Server"

  package init() throws(RegexError) {
    corsOrigin = try RE2Pattern(".*")
  }
}

package struct ListenAddress: Sendable, Equatable, CustomStringConvertible {
  package var host: String
  package var port: Int

  package init(host: String, port: Int) {
    self.host = host
    self.port = port
  }

  /// Reads `host:port`, `:port` or `[::1]:port`; nil where the text is none of these.
  package init?(_ text: String) {
    guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]),
      (0...65_535).contains(port)
    else { return nil }
    var host = text[..<colon]
    if host.hasPrefix("[") && host.hasSuffix("]") { host = host.dropFirst().dropLast() }
    self.init(host: host.isEmpty ? "0.0.0.0" : String(host), port: port)
  }

  package var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}

/// Where others reach this server.
package struct ExternalURL: Sendable, Equatable {
  package var scheme = "http"
  package var host = ""
  /// Begins with a slash and does not end with one; empty for none.
  package var path = ""

  package init() {}
}
