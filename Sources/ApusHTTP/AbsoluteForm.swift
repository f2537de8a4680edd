internal import AsyncHTTPClient
internal import NIOCore
internal import NIOHTTP1

/// Names the server in the request line, as proxies want it for plain HTTP (RFC 9112, 3.2.2):
/// `GET http://host:port/path HTTP/1.1`. Every connection with it leads to a proxy.
final class AbsoluteForm: ChannelOutboundHandler {
  typealias OutboundIn = HTTPClientRequestPart
  typealias OutboundOut = HTTPClientRequestPart

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    var part = unwrapOutboundIn(data)
    if case .head(var head) = part, head.uri.hasPrefix("/") {
      head.uri = "http://\(head.headers.first(name: "Host") ?? "")\(head.uri)"
      part = .head(head)
    }
    context.write(wrapOutboundOut(part), promise: promise)
  }

  /// Puts a handler next to the encoder of a new connection.
  static func install(on channel: any Channel) -> EventLoopFuture<Void> {
    channel.eventLoop.makeCompletedFuture {
      let pipeline = channel.pipeline.syncOperations
      let encoder = try pipeline.handler(type: HTTPRequestEncoder.self)
      try pipeline.addHandler(AbsoluteForm(), position: .after(encoder))
    }
  }
}
