internal import ApusConfig
internal import ApusHTTP
internal import NIOCore
internal import NIOSSL
internal import NIOTLS

/// What an encrypted connection has in front of HTTP.
enum TLSHandlers {
  static func add(
    to channel: any Channel, _ material: ServerTLSMaterial, _ context: NIOSSLContext
  ) throws {
    let pipeline = channel.pipeline.syncOperations
    try pipeline.addHandler(PlainRequestGuard())
    if material.acceptsAnyCertificate {
      try pipeline.addHandler(
        NIOSSLServerHandler(context: context) { _, promise in
          promise.succeed(.certificateVerified)
        })
    } else {
      try pipeline.addHandler(NIOSSLServerHandler(context: context))
    }
    if !material.config.clientAllowedNames.isEmpty {
      try pipeline.addHandler(ClientNameGuard(material))
    }
  }
}

/// Tells clients that speak plain HTTP that this is not the way. (Go, net/http)
private final class PlainRequestGuard: ChannelInboundHandler, RemovableChannelHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private static let answer =
    "HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n"

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    let bytes = unwrapInboundIn(data)
    let first = bytes.readableBytesView.prefix(5)
    let words = ["GET /", "HEAD ", "POST ", "PUT /", "OPTIO"]
    guard words.contains(where: { first.elementsEqual($0.utf8) }) else {
      context.fireChannelRead(data)
      context.pipeline.syncOperations.removeHandler(self, promise: nil)
      return
    }
    let channel = context.channel
    let answer = context.channel.allocator.buffer(string: Self.answer)
    context.writeAndFlush(wrapOutboundOut(answer)).whenComplete { _ in
      channel.close(promise: nil)
    }
  }
}

/// Turns clients away whose certificate has none of the names that are allowed.
private final class ClientNameGuard: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer

  private let material: ServerTLSMaterial

  init(_ material: ServerTLSMaterial) { self.material = material }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if case .handshakeCompleted? = event as? TLSUserEvent {
      let handler = try? context.pipeline.syncOperations.handler(type: NIOSSLServerHandler.self)
      guard material.allows(handler?.peerCertificate) else {
        context.close(promise: nil)
        return
      }
    }
    context.fireUserInboundEventTriggered(event)
  }
}
