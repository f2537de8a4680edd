internal import NIOCore
internal import NIOPosix
internal import Synchronization

/// An HTTP server on a loopback port that answers what the test says, good or bad: it writes bytes,
/// and knows nothing of HTTP but where a request ends.
package final class LocalServer: Sendable {
  package struct Request: Sendable, Equatable {
    package let method: String
    /// Path and query as sent.
    package let target: String
    /// Names in lower case.
    package let headers: [String: String]
    package let body: [UInt8]
    /// Counts connections from 1.
    package let connection: Int
  }

  package enum Reply: Sendable {
    /// A whole answer with its length.
    case answer(status: Int = 200, headers: [String: String] = [:], body: [UInt8])
    /// Bytes as they are, then the end of the connection.
    case raw([UInt8])
    /// The first bytes, then the second ones again and again for as long as someone reads.
    case endless(start: [UInt8], more: [UInt8])
    /// The bytes, then nothing, with the connection open.
    case stall(after: [UInt8])
    /// The connection ends without an answer.
    case hangUp
  }

  private let channel: any Channel
  private let record: Record
  package let port: Int

  /// Listens on a free port of 127.0.0.1.
  package init(reply: @escaping @Sendable (Request) -> Reply) async throws {
    let record = Record()
    self.record = record
    channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .childChannelOption(.socketOption(.tcp_nodelay), value: 1)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          let number = record.connect()
          try channel.pipeline.syncOperations.addHandler(
            Connection(number: number, record: record, reply: reply))
        }
      }
      .bind(host: "127.0.0.1", port: 0).get()
    port = channel.localAddress?.port ?? 0
  }

  deinit { channel.close(promise: nil) }

  package var url: String { "http://127.0.0.1:\(port)" }
  package var requests: [Request] { record.requests }
  package var connectionCount: Int { record.connectionCount }

  /// Stops listening.
  package func close() async throws { try await channel.close() }

  private final class Record: Sendable {
    private let state = Mutex((requests: [Request](), connections: 0))

    var requests: [Request] { state.withLock { $0.requests } }
    var connectionCount: Int { state.withLock { $0.connections } }

    func connect() -> Int {
      state.withLock { state in
        state.connections += 1
        return state.connections
      }
    }

    func add(_ request: Request) { state.withLock { $0.requests.append(request) } }
  }

  private final class Connection: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let number: Int
    private let record: Record
    private let reply: @Sendable (Request) -> Reply
    private var received: [UInt8] = []

    init(number: Int, record: Record, reply: @escaping @Sendable (Request) -> Reply) {
      self.number = number
      self.record = record
      self.reply = reply
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      received += unwrapInboundIn(data).readableBytesView
      while let request = takeRequest() {
        record.add(request)
        answer(reply(request), context)
      }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
      context.close(promise: nil)
    }

    private func answer(_ reply: Reply, _ context: ChannelHandlerContext) {
      switch reply {
      case .answer(let status, let headers, let body):
        var head = "HTTP/1.1 \(status) Some Reason\r\ncontent-length: \(body.count)\r\n"
        for (name, value) in headers { head += "\(name): \(value)\r\n" }
        write(Array((head + "\r\n").utf8) + body, context)
      case .raw(let bytes):
        write(bytes, context)
        context.close(promise: nil)
      case .endless(let start, let more):
        write(start, context)
        repeatForever(more, context)
      case .stall(let bytes): write(bytes, context)
      case .hangUp: context.close(promise: nil)
      }
    }

    private func write(_ bytes: [UInt8], _ context: ChannelHandlerContext) {
      context.writeAndFlush(
        wrapOutboundOut(context.channel.allocator.buffer(bytes: bytes)), promise: nil)
    }

    private func repeatForever(_ bytes: [UInt8], _ context: ChannelHandlerContext) {
      let channel = context.channel
      let buffer = channel.allocator.buffer(bytes: bytes)
      let here = NIOLoopBound((self, context), eventLoop: context.eventLoop)
      channel.writeAndFlush(buffer).whenSuccess {
        let (connection, context) = here.value
        connection.repeatForever(bytes, context)
      }
    }

    /// The next whole request; nil while it is not all there.
    private func takeRequest() -> Request? {
      guard let end = received.firstRange(of: Array("\r\n\r\n".utf8)) else { return nil }
      let lines = String(decoding: received[..<end.lowerBound], as: UTF8.self)
        .split(separator: "\r\n")
      let first = (lines.first ?? "").split(separator: " ")
      var headers: [String: String] = [:]
      for line in lines.dropFirst() {
        guard let colon = line.firstIndex(of: ":") else { continue }
        let value = line[line.index(after: colon)...].drop { $0 == " " }
        headers[line[..<colon].lowercased()] = String(value)
      }
      let length = headers["content-length"].flatMap { Int($0) } ?? 0
      guard received.count >= end.upperBound + length else { return nil }
      let body = Array(received[end.upperBound..<(end.upperBound + length)])
      received.removeFirst(end.upperBound + length)
      return Request(
        method: first.first.map(String.init) ?? "",
        target: first.count > 1 ? String(first[1]) : "", headers: headers, body: body,
        connection: number)
    }
  }
}
