import ApusSystem
import ApusTelemetry
import NIOCore
import NIOEmbedded
import NIOHTTP1
import Testing

@testable import ApusWeb

/// A connection without a socket, on an event loop whose time the test moves.
struct HTTPConnectionTests {
  private let channel: EmbeddedChannel

  init() throws {
    let exchange = WebExchange(handlers: try Fixture.handlers())
    channel = EmbeddedChannel(handler: HTTPConnection(exchange, timeout: .seconds(10)))
    try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
  }

  private func head(
    _ method: HTTPMethod, _ uri: String, _ headers: HTTPHeaders = ["Host": "x"],
    version: HTTPVersion = .http1_1
  ) throws {
    try channel.writeInbound(
      HTTPServerRequestPart.head(
        HTTPRequestHead(version: version, method: method, uri: uri, headers: headers)))
  }

  private func body(_ count: Int) throws {
    try channel.writeInbound(HTTPServerRequestPart.body(ByteBuffer(repeating: 0, count: count)))
  }

  private func end() throws { try channel.writeInbound(HTTPServerRequestPart.end(nil)) }

  /// The answers so far: heads with bodies.
  private func answers() throws -> [(head: HTTPResponseHead, body: String)] {
    var all: [(head: HTTPResponseHead, body: String)] = []
    while let part = try channel.readOutbound(as: HTTPServerResponsePart.self) {
      switch part {
      case .head(let head): all.append((head, ""))
      case .body(.byteBuffer(let bytes)): all[all.count - 1].body += String(buffer: bytes)
      default: break
      }
    }
    return all
  }

  @Test func `a request is answered when its end has come`() throws {
    try head(.GET, "/-/healthy")
    #expect(try answers().isEmpty)
    try end()
    let answer = try #require(try answers().first)
    #expect(answer.head.status == .ok)
    #expect(answer.body == "Prometheus Server is Healthy.\n")
    #expect(answer.head.headers["Connection"].isEmpty)
    #expect(channel.isActive)
  }

  @Test func `a connection without requests ends after a while, and each request begins it anew`()
    throws
  {
    channel.embeddedEventLoop.advanceTime(by: .seconds(9))
    try head(.GET, "/-/healthy")
    try end()
    channel.embeddedEventLoop.advanceTime(by: .seconds(9))
    #expect(channel.isActive)
    channel.embeddedEventLoop.advanceTime(by: .seconds(1))
    #expect(!channel.isActive)
  }

  @Test func `a body that comes a byte at a time has no more time than any other`() throws {
    try head(.POST, "/api/v1/query", ["Host": "x", "Content-Length": "1000"])
    for _ in 0..<9 {
      channel.embeddedEventLoop.advanceTime(by: .seconds(1))
      try body(1)
    }
    #expect(channel.isActive)
    channel.embeddedEventLoop.advanceTime(by: .seconds(1))
    #expect(!channel.isActive)
  }

  @Test func `a body without end is refused at the bound, and the connection ends`() throws {
    try head(.POST, "/api/v1/query", ["Host": "x", "Transfer-Encoding": "chunked"])
    for _ in 0..<64 { try body(1 << 20) }
    #expect(try answers().isEmpty)
    try body(1)
    let answer = try #require(try answers().first)
    #expect(answer.head.status == .payloadTooLarge)
    #expect(answer.head.headers["Connection"] == ["close"])
    // Nothing more is read; but the client gets the time to read the answer.
    try body(1 << 20)
    #expect(try answers().isEmpty)
    channel.embeddedEventLoop.advanceTime(by: Limits.lingering)
    #expect(!channel.isActive)
  }

  @Test func `a body of a path that takes none is read and thrown away`() throws {
    try head(.POST, "/nope", ["Host": "x", "Content-Length": "5"])
    try body(5)
    try end()
    try head(.GET, "/-/healthy")
    try end()
    #expect(try answers().map(\.head.status) == [.notFound, .ok])
  }

  @Test func `a client that waits for leave gets it, or the refusal instead`() throws {
    try head(
      .POST, "/api/v1/query", ["Host": "x", "Content-Length": "5", "Expect": "100-continue"])
    #expect(try answers().map(\.head.status) == [.continue])
    let other = try HTTPConnectionTests()
    try other.head(.POST, "/nope", ["Host": "x", "Content-Length": "5", "Expect": "100-continue"])
    let answer = try #require(try other.answers().first)
    #expect(answer.head.status == .notFound)
    #expect(answer.head.headers["Connection"] == ["close"])
  }

  @Test func `what is no request is refused in the words of Go's server`() throws {
    try head(.GET, "/", [:])
    let withoutHost = try #require(try answers().first)
    #expect(withoutHost.head.status == .badRequest)
    #expect(withoutHost.body == "400 Bad Request: missing required Host header")
    for (error, status) in [
      (HTTPParserError.headerOverflow, HTTPResponseStatus.requestHeaderFieldsTooLarge),
      (.invalidMethod, .badRequest),
    ] {
      let other = try HTTPConnectionTests()
      other.channel.pipeline.fireErrorCaught(error)
      let answer = try #require(try other.answers().first)
      #expect(answer.head.status == status)
      #expect(answer.head.headers["Connection"] == ["close"])
    }
    let later = try HTTPConnectionTests()
    try later.head(.GET, "/", version: HTTPVersion(major: 2, minor: 0))
    #expect(try later.answers().first?.head.status == .httpVersionNotSupported)
  }

  @Test func `a client of HTTP 1.0 gets one answer, unless it asks for more`() throws {
    try head(.GET, "/-/healthy", ["Connection": "keep-alive"], version: .http1_0)
    try end()
    #expect(try answers().first?.head.headers["Connection"] == ["keep-alive"])
    try head(.GET, "/-/healthy", [:], version: .http1_0)
    try end()
    let last = try #require(try answers().first)
    #expect(last.head.version == .http1_0)
    #expect(last.head.headers["Connection"] == ["close"])
    #expect(!channel.isActive)
  }

  @Test func `a stop ends an idle connection at once`() throws {
    let connection = try channel.pipeline.syncOperations.handler(type: HTTPConnection.self)
    connection.stop()
    #expect(!channel.isActive)
  }

  @Test func `a stop lets the request that is read be answered`() throws {
    try head(.POST, "/nope", ["Host": "x", "Content-Length": "1"])
    let connection = try channel.pipeline.syncOperations.handler(type: HTTPConnection.self)
    connection.stop()
    try body(1)
    try end()
    #expect(try answers().first?.head.headers["Connection"] == ["close"])
    #expect(!channel.isActive)
  }
}
