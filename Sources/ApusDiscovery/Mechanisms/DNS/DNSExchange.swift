internal import NIOCore
internal import NIOPosix

/// One question to one name server and its answer.
struct DNSExchange: Sendable {
  enum Way: Sendable { case udp, tcp }

  /// Why no answer came.
  struct Failure: Error, CustomStringConvertible {
    let description: String
  }

  /// 53, but in tests.
  let port: Int
  let timeoutMs: Int64

  /// - Parameter server: an address.
  /// - Throws: when the server is not there, or silent for too long.
  func answer(_ question: [UInt8], from server: String, by way: Way) async throws -> [UInt8] {
    let address = try SocketAddress(ipAddress: server, port: port)
    let loop = MultiThreadedEventLoopGroup.singleton.next()
    let promise = loop.makePromise(of: [UInt8].self)
    let timer = loop.scheduleTask(in: .milliseconds(timeoutMs)) {
      promise.fail(Failure(description: "i/o timeout"))
    }
    let opened = open(way, address, loop, promise)
    opened.whenFailure { promise.fail($0) }
    opened.whenSuccess { channel in
      channel.closeFuture.whenComplete { _ in
        promise.fail(Failure(description: "connection closed without an answer"))
      }
      promise.futureResult.whenComplete { _ in channel.close(promise: nil) }
      channel.writeAndFlush(Self.framed(question, way, channel)).whenFailure { promise.fail($0) }
    }
    defer { timer.cancel() }
    return try await withTaskCancellationHandler {
      try await promise.futureResult.get()
    } onCancel: {
      promise.fail(CancellationError())
    }
  }

  private func open(
    _ way: Way, _ address: SocketAddress, _ loop: any EventLoop,
    _ promise: EventLoopPromise<[UInt8]>
  ) -> EventLoopFuture<any Channel> {
    switch way {
    case .udp:
      DatagramBootstrap(group: loop)
        // What does not fit into the buffer would be cut off without a word.
        .channelOption(
          .recvAllocator,
          value: FixedSizeRecvByteBufferAllocator(capacity: Limits.dnsDatagramBytesMax)
        )
        .channelInitializer { channel in
          channel.eventLoop.makeCompletedFuture {
            try channel.pipeline.syncOperations.addHandler(DatagramAnswer(promise))
          }
        }
        .connect(to: address)
    case .tcp:
      ClientBootstrap(group: loop)
        .connectTimeout(.milliseconds(timeoutMs))
        .channelInitializer { channel in
          channel.eventLoop.makeCompletedFuture {
            try channel.pipeline.syncOperations.addHandler(StreamAnswer(promise))
          }
        }
        .connect(to: address)
    }
  }

  /// Over TCP the length stands before, in 2 bytes.
  private static func framed(
    _ question: [UInt8], _ way: Way, _ channel: any Channel
  ) -> ByteBuffer {
    var buffer = channel.allocator.buffer(capacity: question.count + 2)
    if way == .tcp { buffer.writeInteger(UInt16(clamping: question.count)) }
    buffer.writeBytes(question)
    return buffer
  }

  private final class DatagramAnswer: ChannelInboundHandler {
    typealias InboundIn = AddressedEnvelope<ByteBuffer>

    private let promise: EventLoopPromise<[UInt8]>

    init(_ promise: EventLoopPromise<[UInt8]>) { self.promise = promise }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      promise.succeed(Array(unwrapInboundIn(data).data.readableBytesView))
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
      promise.fail(error)
      context.close(promise: nil)
    }
  }

  private final class StreamAnswer: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let promise: EventLoopPromise<[UInt8]>
    private var received: [UInt8] = []

    init(_ promise: EventLoopPromise<[UInt8]>) { self.promise = promise }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      received += unwrapInboundIn(data).readableBytesView
      guard received.count >= 2 else { return }
      // At most 65,535, for more cannot be said.
      let length = Int(received[0]) << 8 | Int(received[1])
      if received.count >= length + 2 { promise.succeed(Array(received[2..<(length + 2)])) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
      promise.fail(error)
      context.close(promise: nil)
    }
  }
}
