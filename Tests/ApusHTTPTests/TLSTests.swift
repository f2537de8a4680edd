import ApusConfig
import ApusHTTP
import ApusSystem
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import Testing

/// An HTTPS server in the name of `server.test` that answers "secure".
private final class SecureServer: Sendable {
  let channel: any Channel

  init(wantsClient: Bool) async throws {
    var tls = TLSConfiguration.makeServerConfiguration(
      certificateChain: try NIOSSLCertificate.fromPEMFile(certificate("server.pem"))
        .map { .certificate($0) },
      privateKey: .privateKey(
        try NIOSSLPrivateKey(file: certificate("server.key"), format: .pem)))
    if wantsClient {
      tls.certificateVerification = .noHostnameVerification
      tls.trustRoots = .file(certificate("ca.pem"))
    }
    let context = try NIOSSLContext(configuration: tls)
    channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          let pipeline = channel.pipeline.syncOperations
          try pipeline.addHandler(NIOSSLServerHandler(context: context))
          try pipeline.configureHTTPServerPipeline()
          try pipeline.addHandler(Answer())
        }
      }
      .bind(host: "127.0.0.1", port: 0).get()
  }

  var port: Int { channel.localAddress?.port ?? 0 }

  private final class Answer: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart
    private var host = ""

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      switch unwrapInboundIn(data) {
      case .head(let head): host = head.headers.first(name: "host") ?? ""
      case .body: break
      case .end:
        let text = "secure \(host)"
        let head = HTTPResponseHead(
          version: .http1_1, status: .ok, headers: ["content-length": "\(text.utf8.count)"])
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.write(
          wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: text)))), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
      }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
      context.close(promise: nil)
    }
  }
}

private func certificate(_ name: String) -> String {
  let root = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
  return "/\(root)/testdata/tls/\(name)"
}

@Suite struct TLSTests {
  private func fetch(
    _ server: SecureServer, files: any FileSystem = PosixFileSystem(),
    _ change: (inout TLSConfig) -> Void
  ) async throws -> String {
    var config = HTTPClientConfig()
    change(&config.tls)
    let fetcher = try PooledFetcherFactory(files: files).fetcher(for: config)
    let response = try await fetcher.fetch(
      FetchRequest(url: "https://127.0.0.1:\(server.port)/", timeoutMs: 5_000))
    return String(decoding: response.body, as: UTF8.self)
  }

  @Test func `a server is trusted by its CA and name`() async throws {
    let server = try await SecureServer(wantsClient: false)
    let body = try await fetch(server) {
      $0.caFile = certificate("ca.pem")
      $0.serverName = "server.test"
    }
    #expect(body == "secure 127.0.0.1:\(server.port)")
    try await server.channel.close()
  }

  @Test func `an unknown CA or another name is refused`() async throws {
    let server = try await SecureServer(wantsClient: false)
    let unknown = await #expect(throws: FetchError.self) {
      try await fetch(server) { $0.serverName = "server.test" }
    }
    #expect(unknown?.reason == .tls)
    #expect(
      unknown?.description == "Get \"https://127.0.0.1:\(server.port)/\": "
        + "tls: failed to verify certificate: x509: certificate signed by unknown authority")
    let other = await #expect(throws: FetchError.self) {
      try await fetch(server) {
        $0.caFile = certificate("ca.pem")
        $0.serverName = "other.test"
      }
    }
    #expect(other?.reason == .tls)
    #expect(other?.description.contains("tls: failed to verify certificate: x509:") == true)
    try await server.channel.close()
  }

  @Test func `insecure_skip_verify takes any certificate`() async throws {
    let server = try await SecureServer(wantsClient: false)
    let body = try await fetch(server) { $0.skipsVerification = true }
    #expect(body == "secure 127.0.0.1:\(server.port)")
    try await server.channel.close()
  }

  @Test func `a client certificate is shown where it is wanted`() async throws {
    let server = try await SecureServer(wantsClient: true)
    let body = try await fetch(server) {
      $0.skipsVerification = true
      $0.certificateFile = certificate("client.pem")
      $0.keyFile = certificate("client.key")
    }
    #expect(body.hasPrefix("secure"))
    let error = await #expect(throws: FetchError.self) {
      try await fetch(server) { $0.skipsVerification = true }
    }
    #expect(error != nil)
    try await server.channel.close()
  }

  @Test func `a replaced CA file is noticed without a reload`() async throws {
    let server = try await SecureServer(wantsClient: false)
    let files = MemoryFileSystem()
    let good = try PosixFileSystem().read(certificate("ca.pem"))
    try files.write("/ca", try PosixFileSystem().read(certificate("client.pem")))
    var config = HTTPClientConfig()
    config.tls.caFile = "/ca"
    config.tls.serverName = "server.test"
    let fetcher = try PooledFetcherFactory(files: files).fetcher(for: config)
    let request = FetchRequest(
      url: "https://127.0.0.1:\(server.port)/", timeoutMs: 5_000)
    await #expect(throws: FetchError.self) { try await fetcher.fetch(request) }
    try files.write("/ca", good)
    #expect(try await fetcher.fetch(request).status == 200)
    try await server.channel.close()
  }

  @Test func `plain HTTP behind an https address is named`() async throws {
    let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.configureHTTPServerPipeline()
        }
      }
      .bind(host: "127.0.0.1", port: 0).get()
    let port = channel.localAddress?.port ?? 0
    let fetcher = try PooledFetcherFactory(files: MemoryFileSystem())
      .fetcher(for: HTTPClientConfig())
    let error = await #expect(throws: FetchError.self) {
      try await fetcher.fetch(
        FetchRequest(url: "https://127.0.0.1:\(port)/", timeoutMs: 5_000))
    }
    #expect(
      error?.description == "Get \"https://127.0.0.1:\(port)/\": "
        + "http: server gave HTTP response to HTTPS client")
    try await channel.close()
  }
}
