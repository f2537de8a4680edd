internal import ApusConfig
internal import Foundation

/// Which requests go through a proxy, and through which.
struct ProxyRules: Sendable {
  struct Proxy: Sendable, Hashable {
    let host: String
    let port: Int
    /// `user:password`, where the proxy wants one.
    let userInfo: String?
  }

  private let http: Proxy?
  private let https: Proxy?
  /// Hosts, domains, addresses and networks that are reached directly.
  private let exceptions: [String]
  private let isFromEnvironment: Bool

  /// - Parameter environment: the process's, which `proxy_from_environment` asks for.
  init(_ config: HTTPClientConfig, environment: [String: String]) {
    isFromEnvironment = config.proxyFromEnvironment
    func variable(_ name: String) -> String {
      environment[name] ?? environment[name.lowercased()] ?? ""
    }
    let texts =
      isFromEnvironment
      ? (variable("HTTP_PROXY"), variable("HTTPS_PROXY")) : (config.proxyURL, config.proxyURL)
    http = Self.address(texts.0)
    https = Self.address(texts.1)
    let list = isFromEnvironment ? variable("NO_PROXY") : config.noProxy
    exceptions = list.split(separator: ",").map {
      $0.trimmingCharacters(in: .whitespaces).lowercased()
    }
  }

  /// Nil for a direct connection.
  func proxy(for url: RequestURL) -> Proxy? {
    url.isSocket || isException(url) ? nil : (url.isSecure ? https : http)
  }

  private static func address(_ text: String) -> Proxy? {
    let text = text.isEmpty || text.contains("://") ? text : "http://" + text
    guard let url = RequestURL(text) else { return nil }
    return Proxy(host: url.host, port: url.port, userInfo: userInfo(text))
  }

  /// `user:password` of a proxy's URL.
  private static func userInfo(_ text: String) -> String? {
    guard let url = URL(string: text), let user = url.user(percentEncoded: false) else {
      return nil
    }
    return "\(user):\(url.password(percentEncoded: false) ?? "")"
  }

  /// As Go's httpproxy: names match with their subdomains, `.name` only subdomains, networks by
  /// their prefix, `*` everything; each with a port or for all.
  private func isException(_ url: RequestURL) -> Bool {
    let isLoopback =
      url.host == "localhost" || url.host.hasPrefix("127.") || url.host == "::1"
    if isFromEnvironment, isLoopback { return true }
    return exceptions.contains { rule in
      if rule == "*" { return true }
      if let network = IPv4Network(rule) { return network.contains(url.host) }
      var name = Substring(rule)
      if let colon = rule.lastIndex(of: ":"), let port = Int(rule[rule.index(after: colon)...]) {
        if port != url.port { return false }
        name = rule[..<colon]
      }
      if name.hasPrefix("*.") { name = name.dropFirst() }
      if name.hasPrefix(".") { return url.host.hasSuffix(name) }
      return !name.isEmpty && (url.host == name || url.host.hasSuffix("." + name))
    }
  }
}

/// `a.b.c.d/bits`
struct IPv4Network: Sendable, Equatable {
  private let prefix: UInt32
  private let mask: UInt32

  init?(_ text: String) {
    let halves = text.split(separator: "/")
    guard halves.count == 2, let bits = UInt32(halves[1]), bits <= 32,
      let address = Self.number(halves[0])
    else { return nil }
    mask = bits == 0 ? 0 : ~UInt32(0) << (32 - bits)
    prefix = address & mask
  }

  func contains(_ host: String) -> Bool {
    Self.number(host[...]).map { $0 & mask == prefix } ?? false
  }

  private static func number(_ text: Substring) -> UInt32? {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false).map { UInt8($0) }
    guard parts.count == 4 else { return nil }
    return parts.reduce(UInt32?(0)) { sum, part in
      guard let sum, let part else { return nil }
      return sum << 8 | UInt32(part)
    }
  }
}
