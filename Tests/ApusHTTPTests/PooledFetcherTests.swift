import ApusConfig
import ApusHTTP
import ApusSystem
import ApusTesting
import Testing

@Suite struct PooledFetcherTests {
  private func fetcher(
    files: MemoryFileSystem = MemoryFileSystem(),
    _ change: (inout HTTPClientConfig) -> Void = { _ in }
  ) throws -> any HTTPFetcher {
    var config = HTTPClientConfig()
    change(&config)
    return try PooledFetcherFactory(files: files).fetcher(for: config)
  }

  private func request(
    _ url: String, timeoutMs: Int64 = 5_000, bodyBytesMax: Int = 0
  ) -> FetchRequest {
    var request = FetchRequest(url: url, timeoutMs: timeoutMs, bodyBytesMax: bodyBytesMax)
    request.headers = [("X-Test", "1")]
    return request
  }

  private func failure(
    _ fetcher: any HTTPFetcher, _ request: FetchRequest
  ) async throws -> FetchError? {
    await #expect(throws: FetchError.self) { try await fetcher.fetch(request) }
  }

  @Test func `a connection is kept for the next request`() async throws {
    let server = try await LocalServer { request in
      .answer(headers: ["content-type": "text/plain"], body: Array(request.target.utf8))
    }
    let fetcher = try fetcher()
    for i in 1...3 {
      let response = try await fetcher.fetch(request("\(server.url)/m?i=\(i)"))
      #expect(response.status == 200)
      #expect(response.header("Content-Type") == "text/plain")
      #expect(String(decoding: response.body, as: UTF8.self) == "/m?i=\(i)")
    }
    #expect(server.connectionCount == 1)
    #expect(server.requests[0].headers["x-test"] == "1")
    #expect(server.requests[0].headers["host"] == "127.0.0.1:\(server.port)")
  }

  @Test func `nobody listening is a refusal in Go's words`() async throws {
    let server = try await LocalServer { _ in .hangUp }
    try await server.close()
    let url = "\(server.url)/metrics"
    let error = try await failure(fetcher(), request(url))
    #expect(error?.reason == .refused)
    #expect(
      error?.description
        == "Get \"\(url)\": dial tcp 127.0.0.1:\(server.port): connect: connection refused")
  }

  @Test func `a name that is not known says so`() async throws {
    let error = try await failure(fetcher(), request("http://no-such-host.invalid:1/"))
    #expect(error?.reason == .badAddress)
    #expect(
      error?.description == "Get \"http://no-such-host.invalid:1/\": dial tcp: lookup "
        + "no-such-host.invalid: no such host")
  }

  @Test func `a server that hangs up is EOF`() async throws {
    let server = try await LocalServer { _ in .hangUp }
    let error = try await failure(fetcher(), request(server.url))
    #expect(error?.description == "Get \"\(server.url)\": EOF")
    let half = try await LocalServer { _ in
      .raw(Array("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf".utf8))
    }
    let cut = try await failure(fetcher(), request(half.url))
    #expect(cut?.description == "unexpected EOF")
  }

  @Test func `what is not HTTP is an error`() async throws {
    let server = try await LocalServer { _ in .raw(Array("garbage\n\n\n".utf8)) }
    let error = try await failure(fetcher(), request(server.url))
    #expect(error?.reason == .protocolViolation)
    #expect(error?.description.contains("malformed HTTP response") == true)
  }

  @Test func `the time limit covers the head and the body`() async throws {
    let silent = try await LocalServer { _ in .stall(after: []) }
    let first = try await failure(fetcher(), request(silent.url, timeoutMs: 100))
    #expect(first?.reason == .timedOut)
    #expect(first?.description == "Get \"\(silent.url)\": context deadline exceeded")
    let slow = try await LocalServer { _ in
      .stall(after: Array("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf".utf8))
    }
    let second = try await failure(fetcher(), request(slow.url, timeoutMs: 2_000))
    #expect(second?.reason == .timedOut)
    #expect(second?.description == "context deadline exceeded")
  }

  @Test func `an endless body ends at its bound`() async throws {
    let server = try await LocalServer { _ in
      .endless(
        start: Array("HTTP/1.1 200 OK\r\n\r\n".utf8),
        more: [UInt8](repeating: 0x61, count: 10_000))
    }
    let error = try await failure(fetcher(), request(server.url, bodyBytesMax: 1_000_000))
    #expect(error?.reason == .bodyTooLarge)
    #expect(error?.description == "body size limit exceeded")
  }

  @Test func `endless headers end`() async throws {
    let server = try await LocalServer { _ in
      .endless(
        start: Array("HTTP/1.1 200 OK\r\n".utf8),
        more: Array("x-a: \(String(repeating: "b", count: 5_000))\r\n".utf8))
    }
    let error = try await failure(fetcher(), request(server.url, timeoutMs: 10_000))
    #expect(error?.reason == .protocolViolation)
  }

  @Test func `gzip is expanded within the bound`() async throws {
    let text = [UInt8](repeating: 0x61, count: 2_000_000)
    let packed = Gzip.compress(text)
    let server = try await LocalServer { _ in
      .answer(headers: ["content-encoding": "gzip"], body: packed)
    }
    let response = try await fetcher().fetch(request(server.url))
    #expect(response.body == text)
    let error = try await failure(fetcher(), request(server.url, bodyBytesMax: 1_999_999))
    #expect(error?.reason == .bodyTooLarge)
    #expect(error?.description == "body size limit exceeded")
    let broken = try await LocalServer { _ in
      .answer(headers: ["content-encoding": "gzip"], body: [1, 2, 3])
    }
    let second = try await failure(fetcher(), request(broken.url))
    #expect(second?.description.hasPrefix("gzip: ") == true)
  }

  @Test func `credentials are sent and read anew`() async throws {
    let server = try await LocalServer { _ in .answer(body: []) }
    let files = MemoryFileSystem()
    try files.write("/token", Array("one\n".utf8))
    let bearer = try fetcher(files: files) {
      var authorization = AuthorizationConfig()
      authorization.credentialsFile = "/token"
      $0.authorization = authorization
      $0.headers = [
        HTTPHeaderConfig(name: "X-Tenant", values: ["a"], secrets: [Secret("b")], files: [])
      ]
    }
    _ = try await bearer.fetch(request(server.url))
    try files.write("/token", Array("two".utf8))
    _ = try await bearer.fetch(request(server.url))
    #expect(server.requests.map { $0.headers["authorization"] } == ["Bearer one", "Bearer two"])
    #expect(server.requests[0].headers["x-tenant"] != nil)
    try files.remove("/token")
    let error = try await failure(bearer, request(server.url))
    #expect(error?.reason == .credentials)
    #expect(
      error?.description.hasPrefix("unable to read authorization credentials file /token: ") == true
    )
    let basic = try fetcher {
      var basic = BasicAuthConfig()
      basic.username = "Aladdin"
      basic.password = Secret("open sesame")
      $0.basicAuth = basic
    }
    _ = try await basic.fetch(request(server.url))
    #expect(server.requests.last?.headers["authorization"] == "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==")
  }

  @Test func `redirects are followed, and credentials stay with their host`() async throws {
    let other = try await LocalServer { _ in .answer(body: Array("end".utf8)) }
    let server = try await LocalServer { request in
      switch request.target {
      case "/away":
        .answer(
          status: 302, headers: ["location": "http://localhost:\(other.port)/x"], body: [])
      case "/loop": .answer(status: 301, headers: ["location": "/loop"], body: [])
      case "/here": .answer(status: 307, headers: ["location": "there?a=b"], body: [])
      default: .answer(body: request.body)
      }
    }
    let fetcher = try fetcher {
      var authorization = AuthorizationConfig()
      authorization.credentials = Secret("s")
      $0.authorization = authorization
    }
    var post = request("\(server.url)/here")
    post.method = "POST"
    post.body = Array("body".utf8)
    #expect(try await fetcher.fetch(post).body == Array("body".utf8))
    #expect(server.requests.last?.target == "/there?a=b")
    #expect(server.requests.last?.method == "POST")
    #expect(server.requests.last?.headers["authorization"] == "Bearer s")

    #expect(try await fetcher.fetch(request("\(server.url)/away")).body == Array("end".utf8))
    #expect(other.requests.last?.headers["authorization"] == nil)
    #expect(other.requests.last?.headers["x-test"] == "1")

    let error = try await failure(fetcher, request("\(server.url)/loop"))
    #expect(error?.description == "Get \"\(server.url)/loop\": stopped after 10 redirects")

    let strict = try self.fetcher { $0.followsRedirects = false }
    #expect(try await strict.fetch(request("\(server.url)/loop")).status == 301)
  }

  @Test func `a proxy gets the whole address, exceptions go directly`() async throws {
    let proxy = try await LocalServer { _ in .answer(body: Array("proxy".utf8)) }
    let server = try await LocalServer { _ in .answer(body: Array("direct".utf8)) }
    let all = try fetcher { $0.proxyURL = "http://u:p@127.0.0.1:\(proxy.port)" }
    let response = try await all.fetch(request("http://example.invalid:81/m"))
    #expect(response.body == Array("proxy".utf8))
    #expect(proxy.requests[0].target == "http://example.invalid:81/m")
    #expect(proxy.requests[0].headers["proxy-authorization"] == "Basic dTpw")
    for rule in ["127.0.0.1", "127.0.0.0/8", "*", "x.y, 127.0.0.1:\(server.port)"] {
      let some = try fetcher {
        $0.proxyURL = "http://127.0.0.1:\(proxy.port)"
        $0.noProxy = rule
      }
      #expect(try await some.fetch(request(server.url)).body == Array("direct".utf8))
    }
  }

  @Test func `cancelling the task ends the request`() async throws {
    let server = try await LocalServer { _ in .stall(after: []) }
    let fetcher = try fetcher()
    let task = Task { try await fetcher.fetch(request(server.url, timeoutMs: 60_000)) }
    while server.requests.isEmpty { await Task.yield() }
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
  }

  @Test func `a certificate that cannot be used is refused at once`() throws {
    let files = MemoryFileSystem()
    try files.write("/ca", Array("no certificate".utf8))
    let missing = #expect(throws: FetchError.self) {
      try fetcher(files: files) { $0.tls.caFile = "/none" }
    }
    #expect(missing?.description.hasPrefix("unable to read CA cert /none: ") == true)
    let broken = #expect(throws: FetchError.self) {
      try fetcher(files: files) { $0.tls.caFile = "/ca" }
    }
    #expect(broken?.description.hasPrefix("unable to load specified CA cert /ca: ") == true)
  }
}
