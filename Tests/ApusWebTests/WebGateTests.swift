import ApusConfig
import ApusHTTP
import ApusSystem
import ApusTelemetry
import ApusWeb
import Testing

/// A server behind a web configuration file.
struct WebGateTests {
  private let files = MemoryFileSystem()
  private static let users =
    "basic_auth_users:\n  alice: $2y$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW\n"
  private static let tls = "  cert_file: server.crt\n  key_file: server.key\n"

  init() throws {
    try files.makeDirectory("/web")
    let all = [
      ("ca.crt", TestCertificates.authority), ("server.crt", TestCertificates.server),
      ("server.key", TestCertificates.serverKey),
    ]
    for (name, text) in all { try files.write("/web/\(name)", Array(text.utf8)) }
  }

  private func write(_ text: String) throws {
    try files.write("/web/web.yml", Array(text.utf8))
  }

  private func serving(
    _ body: @escaping @Sendable (_ port: Int) async throws -> Void
  ) async throws {
    var options = try WebOptions()
    options.listenAddresses = [ListenAddress(host: "127.0.0.1", port: 0)]
    let server = WebServer(
      options: options, backends: Fixture.backends(),
      gate: try WebGate(path: "/web/web.yml", files: files, log: .none))
    let (ports, source) = AsyncStream<Int>.makeStream()
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await server.run { _, port in source.yield(port) } }
      var iterator = ports.makeAsyncIterator()
      let port = try #require(await iterator.next())
      try await body(port)
      server.stop()
      try await group.waitForAll()
    }
  }

  private static func get(_ path: String, _ port: Int, _ credentials: String) async throws -> String
  {
    let field = credentials.isEmpty ? "" : "Authorization: Basic \(credentials)\r\n"
    return try await RawClient.connect(port: port).exchange(
      "GET \(path) HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\(field)\r\n")
  }

  /// alice:secret, alice:wrong, bob:secret
  private static let (good, wrong, nobody) = (
    "YWxpY2U6c2VjcmV0", "YWxpY2U6d3Jvbmc=", "Ym9iOnNlY3JldA=="
  )

  @Test func `every path wants a name and a password`() async throws {
    try write(Self.users)
    try await serving { port in
      for credentials in ["", "not base 64", Self.wrong, Self.wrong] {
        let text = try await Self.get("/-/healthy", port, credentials)
        #expect(text.hasPrefix("HTTP/1.1 401 Unauthorized\r\n"))
        #expect(text.contains("WWW-Authenticate: Basic\r\n"))
        #expect(text.hasSuffix("\r\n\r\nUnauthorized\n"))
      }
      for path in ["/-/healthy", "/-/healthy", "/api/v1/status/flags"] {
        #expect(try await Self.get(path, port, Self.good).hasPrefix("HTTP/1.1 200 OK\r\n"))
      }
      #expect(try await Self.get("/nowhere", port, Self.good).hasPrefix("HTTP/1.1 404 "))
      #expect(try await Self.get("/nowhere", port, "").hasPrefix("HTTP/1.1 401 "))
    }
  }

  @Test func `a name that nobody has is refused as others are`() async throws {
    try write(Self.users)
    let gate = try WebGate(path: "/web/web.yml", files: files, log: .none)
    #expect(!gate.hasTLS)
    try await serving { port in
      let text = try await Self.get("/-/healthy", port, Self.nobody)
      #expect(text.hasPrefix("HTTP/1.1 401 "))
    }
  }

  @Test func `a change of the file counts at once, a broken file is an error`() async throws {
    try write("http_server_config: {headers: {X-Frame-Options: deny}}\n")
    try await serving { port in
      let open = try await Self.get("/-/healthy", port, "")
      #expect(open.hasPrefix("HTTP/1.1 200 ") && open.contains("X-Frame-Options: deny\r\n"))
      let page = try await Self.get("/api/v1/status/flags", port, "")
      #expect(page.contains("X-Frame-Options: deny\r\n"))
      try write(Self.users)
      #expect(try await Self.get("/-/healthy", port, "").hasPrefix("HTTP/1.1 401 "))
      try write("nonsense: {}")
      let broken = try await Self.get("/-/healthy", port, Self.good)
      #expect(broken.hasPrefix("HTTP/1.1 500 ") && broken.hasSuffix("Internal Server Error\n"))
      try write("")
      #expect(try await Self.get("/-/healthy", port, "").hasPrefix("HTTP/1.1 200 "))
    }
  }

  @Test(arguments: [
    ("a: 1", "yaml: unmarshal errors:\n  line 1: field a not found in type web.Config"),
    (
      "tls_server_config: {cert_file: none.crt, key_file: server.key}",
      "failed to load X509KeyPair: open /web/none.crt:"
    ),
    (
      "tls_server_config: {cert_file: server.key, key_file: server.key}",
      "failed to load X509KeyPair:"
    ),
    (
      "tls_server_config: {cert_file: server.crt, key_file: server.key, client_ca_file: web.yml,"
        + " client_auth_type: RequireAndVerifyClientCert}",
      "unable to read client CAs:"
    ),
  ])
  func `a server does not start with a broken file`(text: String, error: String) throws {
    try write(text)
    let thrown = #expect(throws: WebConfigFile.Failure.self) {
      try WebConfigFile.validate("/web/web.yml", files)
    }
    #expect(thrown?.description.hasPrefix(error) == true, "\(String(describing: thrown))")
  }

  private static func client(_ change: (inout TLSConfig) -> Void = { _ in }) -> HTTPClientConfig {
    var config = HTTPClientConfig()
    config.tls.ca = TestCertificates.authority
    change(&config.tls)
    return config
  }

  private static func status(_ port: Int, _ config: HTTPClientConfig) async -> Int? {
    let fetcher = try? PooledFetcherFactory(files: MemoryFileSystem()).fetcher(for: config)
    let request = FetchRequest(
      url: "https://127.0.0.1:\(port)/-/healthy", timeoutMs: 10_000, bodyBytesMax: 1000)
    return try? await fetcher?.fetch(request).status
  }

  @Test func `TLS, and plain requests are told so`() async throws {
    try write("tls_server_config:\n" + Self.tls)
    try await serving { port in
      #expect(await Self.status(port, Self.client()) == 200)
      let plain = try await Self.get("/-/healthy", port, "")
      #expect(plain.hasPrefix("HTTP/1.0 400 Bad Request"))
      #expect(plain.hasSuffix("Client sent an HTTP request to an HTTPS server.\n"))
      // Another certificate counts from the next connection on: the authority's own does not fit
      // the key, so that no connection is made.
      try files.write("/web/server.crt", Array(TestCertificates.authority.utf8))
      #expect(await Self.status(port, Self.client()) == nil)
      try files.write("/web/server.crt", Array(TestCertificates.server.utf8))
      #expect(await Self.status(port, Self.client()) == 200)
      let garbage = try await RawClient.connect(port: port).exchange("\u{1}\u{2}garbage\r\n\r\n")
      #expect(!garbage.hasPrefix("HTTP"))
    }
  }

  @Test func `clients show certificates where they must`() async throws {
    let certified = Self.client {
      $0.certificate = TestCertificates.client
      $0.key = Secret(TestCertificates.clientKey)
    }
    let stranger = Self.client {
      $0.certificate = TestCertificates.server
      $0.key = Secret(TestCertificates.serverKey)
    }
    let anonymous = Self.client()
    let cases: [(auth: String, names: String, welcome: [Int?])] = [
      ("RequireAndVerifyClientCert", "", [200, 200, nil]),
      ("RequireAndVerifyClientCert", "good.example", [200, nil, nil]),
      ("VerifyClientCertIfGiven", "", [200, 200, 200]),
    ]
    for (auth, names, welcome) in cases {
      let allowed = names.isEmpty ? "" : "  client_allowed_sans: [\(names)]\n"
      try write(
        "tls_server_config:\n" + Self.tls
          + "  client_ca_file: ca.crt\n  client_auth_type: \(auth)\n" + allowed)
      try await serving { port in
        var found: [Int?] = []
        for config in [certified, stranger, anonymous] {
          found.append(await Self.status(port, config))
        }
        #expect(found == welcome, "\(auth) \(names)")
      }
    }
    try write("tls_server_config:\n" + Self.tls + "  client_auth_type: RequireAnyClientCert\n")
    try await serving { port in
      #expect(await Self.status(port, certified) == 200)
      #expect(await Self.status(port, anonymous) == nil)
    }
  }
}
