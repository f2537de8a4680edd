internal import ApusConfig
internal import ApusSystem
internal import AsyncHTTPClient
internal import NIOCore
internal import NIOPosix
internal import NIOSSL
internal import Synchronization

/// The HTTP clients of one fetcher: one for each way out. Closed when nobody uses them any more.
final class ClientSet: Sendable {
  /// What a client is made for and cannot change.
  struct Way: Hashable {
    /// Nil for direct.
    let proxy: ProxyRules.Proxy?
    let isSecure: Bool
    /// Where to connect to when certificates are checked against another name.
    let connectHost: String?
  }

  let material: TLSMaterial
  private let tls: TLSConfiguration
  private let config: HTTPClientConfig
  private let clients = Mutex<[Way: HTTPClient]>([:])

  /// - Throws: `FetchError` where certificates or keys are unusable.
  init(_ config: HTTPClientConfig, _ material: TLSMaterial) throws(FetchError) {
    self.config = config
    self.material = material
    tls = try material.configuration(config.tls)
  }

  deinit {
    for client in clients.withLock({ $0 }).values { client.shutdown { _ in } }
  }

  func client(for way: Way) -> HTTPClient {
    clients.withLock { clients in
      if let client = clients[way] { return client }
      let client = make(way)
      clients[way] = client
      return client
    }
  }

  private static func tunnel(_ proxy: ProxyRules.Proxy) -> HTTPClient.Configuration.Proxy {
    let authorization = proxy.userInfo.map {
      HTTPClient.Authorization.basic(credentials: Base64.encode($0))
    }
    return .server(host: proxy.host, port: proxy.port, authorization: authorization)
  }

  private func make(_ way: Way) -> HTTPClient {
    var settings = HTTPClient.Configuration(
      tlsConfiguration: tls,
      // Redirects are followed here, because credentials must not go along.
      redirectConfiguration: .disallow,
      timeout: .init(connect: .seconds(30)),
      proxy: way.isSecure ? way.proxy.map { Self.tunnel($0) } : nil,
      decompression: .disabled)
    settings.httpVersion = config.enablesHTTP2 ? .automatic : .http1Only
    settings.connectionPool.idleTimeout = .milliseconds(Limits.idleConnectionMs)
    // Queries that wait for a change hold a connection each, and others must not wait for them.
    settings.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit =
      Limits.connectionsPerHostMax
    // The first refusal is the answer: targets are tried again at their next turn anyway.
    settings.connectionPool.retryConnectionEstablishment = false
    if let host = way.connectHost { settings.dnsOverride = [config.tls.serverName: host] }
    if way.proxy != nil, !way.isSecure {
      settings.http1_1ConnectionDebugInitializer = { AbsoluteForm.install(on: $0) }
    }
    return HTTPClient(
      eventLoopGroupProvider: .shared(MultiThreadedEventLoopGroup.singleton),
      configuration: settings)
  }
}
