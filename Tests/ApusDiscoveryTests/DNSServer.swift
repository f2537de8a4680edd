import NIOCore
import NIOPosix
import Synchronization

enum DNSWay: Sendable { case udp, tcp }

/// An answer of a name server, made record by record.
struct DNSAnswer: Sendable {
  var id: UInt16
  var code: UInt8 = 0
  var isTruncated = false
  private var question: [UInt8] = []
  private var records: [[UInt8]] = []

  init(id: UInt16, code: UInt8 = 0) {
    self.id = id
    self.code = code
  }

  static func name(_ text: String) -> [UInt8] {
    text.split(separator: ".").flatMap { [UInt8($0.utf8.count)] + Array($0.utf8) } + [0]
  }

  private func adding(_ name: String, _ kind: UInt8, _ data: [UInt8]) -> DNSAnswer {
    var copy = self
    copy.records.append(
      Self.name(name) + [0, kind, 0, 1, 0, 0, 0, 60]
        + [UInt8(data.count >> 8), UInt8(data.count & 255)] + data)
    return copy
  }

  func a(_ name: String, _ address: [UInt8]) -> DNSAnswer { adding(name, 1, address) }
  func aaaa(_ name: String, _ address: [UInt8]) -> DNSAnswer { adding(name, 28, address) }
  func ns(_ name: String, _ server: String) -> DNSAnswer { adding(name, 2, Self.name(server)) }
  func cname(_ name: String, _ real: String) -> DNSAnswer { adding(name, 5, Self.name(real)) }
  func mx(_ name: String, _ server: String) -> DNSAnswer {
    adding(name, 15, [0, 10] + Self.name(server))
  }
  func srv(_ name: String, target: String, port: UInt16) -> DNSAnswer {
    adding(
      name, 33, [0, 1, 0, 2, UInt8(port >> 8), UInt8(port & 255)] + Self.name(target))
  }

  func truncated() -> DNSAnswer {
    var copy = self
    copy.isTruncated = true
    return copy
  }

  func answering(_ question: [UInt8]) -> DNSAnswer {
    var copy = self
    copy.id = UInt16(question[0]) << 8 | UInt16(question[1])
    let end = (question[12...].firstIndex(of: 0) ?? 12) + 5
    copy.question = Array(question[12..<end])
    return copy
  }

  var bytes: [UInt8] {
    [UInt8(id >> 8), UInt8(id & 255), isTruncated ? 0x83 : 0x81, 0x80 | code]
      + [0, question.isEmpty ? 0 : 1, UInt8(records.count >> 8), UInt8(records.count & 255)]
      + [0, 0, 0, 0] + question + records.flatMap { $0 }
  }
}

/// A name server on loopback, over UDP and TCP on one port.
final class DNSServer: Sendable {
  private let channels: [any Channel]
  let port: Int

  /// - Parameter answer: for a name with the dot at its end; nil where there is no such name.
  init(_ answer: @escaping @Sendable (String, DNSWay) -> DNSAnswer?) async throws {
    let group = MultiThreadedEventLoopGroup.singleton
    let stream = try await ServerBootstrap(group: group)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(Stream(answer))
        }
      }
      .bind(host: "127.0.0.1", port: 0).get()
    port = stream.localAddress?.port ?? 0
    let datagrams = try await DatagramBootstrap(group: group)
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(Datagrams(answer))
        }
      }
      .bind(host: "127.0.0.1", port: port).get()
    channels = [stream, datagrams]
  }

  func close() async throws {
    for channel in channels { try await channel.close() }
  }

  private static func reply(
    _ question: [UInt8], _ way: DNSWay, _ answer: (String, DNSWay) -> DNSAnswer?
  ) -> [UInt8] {
    var name = ""
    var at = 12
    while question[at] != 0 {
      let length = Int(question[at])
      name += String(decoding: question[(at + 1)...(at + length)], as: UTF8.self) + "."
      at += length + 1
    }
    return (answer(name, way) ?? DNSAnswer(id: 0, code: 3)).answering(question).bytes
  }

  private final class Datagrams: ChannelInboundHandler {
    typealias InboundIn = AddressedEnvelope<ByteBuffer>
    typealias OutboundOut = AddressedEnvelope<ByteBuffer>

    private let answer: @Sendable (String, DNSWay) -> DNSAnswer?

    init(_ answer: @escaping @Sendable (String, DNSWay) -> DNSAnswer?) { self.answer = answer }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      let question = unwrapInboundIn(data)
      let bytes = DNSServer.reply(Array(question.data.readableBytesView), .udp, answer)
      let buffer = context.channel.allocator.buffer(bytes: bytes)
      context.writeAndFlush(
        wrapOutboundOut(AddressedEnvelope(remoteAddress: question.remoteAddress, data: buffer)),
        promise: nil)
    }
  }

  private final class Stream: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let answer: @Sendable (String, DNSWay) -> DNSAnswer?

    init(_ answer: @escaping @Sendable (String, DNSWay) -> DNSAnswer?) { self.answer = answer }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      let question = Array(unwrapInboundIn(data).readableBytesView.dropFirst(2))
      let bytes = DNSServer.reply(question, .tcp, answer)
      let framed = [UInt8(bytes.count >> 8), UInt8(bytes.count & 255)] + bytes
      context.writeAndFlush(
        wrapOutboundOut(context.channel.allocator.buffer(bytes: framed)), promise: nil)
    }
  }
}
