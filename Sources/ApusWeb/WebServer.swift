internal import ApusSystem
internal import ApusTelemetry
internal import Glibc
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix

/// Why the server could not listen.
package struct WebServerError: Error, Sendable, CustomStringConvertible {
  package let description: String
}

/// Listens on every address and answers requests until it is stopped.
package final class WebServer: Sendable {
  private let options: WebOptions
  private let log: Log
  private let exchange: WebExchange
  private let connections: OpenConnections

  private let gate: WebGate?

  /// - Parameter gate: who may come in; nil for everybody.
  package init(options: WebOptions, backends: Backends, gate: WebGate? = nil) {
    self.options = options
    self.gate = gate
    log = backends.log
    exchange = WebExchange(
      handlers: WebHandlers(backends: backends, options: options), gate: gate)
    connections = OpenConnections(countMax: max(1, options.connectionsMax))
  }

  /// Returns when the server was stopped and the last connection has ended. Cancelling the task
  /// ends every connection at once.
  /// - Parameter onListening: called with the port of each address, in order, when all listen.
  /// - Throws: `WebServerError` if an address cannot be listened on; the others are closed then.
  package func run(
    onListening: @escaping @Sendable (_ address: ListenAddress, _ port: Int) async -> Void = {
      _, _ in
    }
  ) async throws {
    try await withTaskCancellationHandler {
      var listeners: [(address: ListenAddress, port: Int)] = []
      do {
        for address in options.listenAddresses {
          let listener = try await listen(address)
          connections.add(listener: listener)
          listeners.append((address, listener.localAddress?.port ?? address.port))
        }
      } catch {
        connections.closeAll()
        connections.started()
        await connections.waitUntilOver()
        throw error
      }
      connections.started()
      for (address, port) in listeners {
        log.info("Listening on", ["address": "\(address)"])
        log.info(
          gate?.hasTLS == true ? "TLS is enabled." : "TLS is disabled.",
          ["http2": "false", "address": "\(address)"])
        await onListening(address, port)
      }
      await connections.waitUntilOver()
    } onCancel: {
      connections.closeAll()
    }
  }

  /// Takes no new connections, lets requests under way finish, and ends `run`.
  package func stop() { connections.stop() }

  private func listen(_ address: ListenAddress) async throws -> any Channel {
    do {
      return try await bootstrap.bind(host: address.host, port: address.port).get()
    } catch let error as IOError {
      let why =
        switch error.errnoCode {
        case EADDRINUSE: "address already in use"
        case EACCES: "permission denied"
        case EADDRNOTAVAIL: "cannot assign requested address"
        default: "\(error)"
        }
      throw WebServerError(description: "listen tcp \(address): bind: \(why)")
    } catch {
      throw WebServerError(description: "listen tcp \(address): \(error)")
    }
  }

  private var bootstrap: ServerBootstrap {
    let connections = connections
    let exchange = exchange
    let gate = gate
    let timeout = TimeAmount.milliseconds(options.readTimeoutMs)
    return ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .serverChannelOption(.backlog, value: 1024)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      // One by one, so that the bound on connections is kept.
      .serverChannelOption(.maxMessagesPerRead, value: 1)
      .serverChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(AcceptLimit(connections))
        }
      }
      .childChannelOption(.socketOption(.tcp_nodelay), value: 1)
      .childChannelOption(.allowRemoteHalfClosure, value: true)
      // One read for each time that there is something: a second one would find nothing.
      .childChannelOption(.maxMessagesPerRead, value: 1)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          if let gate, gate.hasTLS {
            guard let (material, context) = gate.tls() else { throw TLSMissing() }
            try TLSHandlers.add(to: channel, material, context)
          }
          let connection = HTTPConnection(exchange, timeout: timeout)
          try WebServer.addHandlers(to: channel, connection)
          connections.add(
            NIOLoopBound(connection, eventLoop: channel.eventLoop), of: channel)
        }
      }
  }

  private static func addHandlers(
    to channel: any Channel, _ connection: HTTPConnection
  ) throws {
    var limits = NIOHTTPDecoderLimitConfiguration()
    limits.maxHeaderFieldSize = Limits.headerBytesMax
    limits.maxHeaderListSize = Limits.headerBytesMax
    limits.maxHeaderFieldCount = Limits.headerCountMax
    let pipeline = channel.pipeline.syncOperations
    try pipeline.addHandler(HTTPResponseEncoder())
    try pipeline.addHandler(
      ByteToMessageHandler(
        HTTPRequestDecoder(leftOverBytesStrategy: .dropBytes, limitConfiguration: limits)))
    try pipeline.addHandler(connection)
  }
}

/// A connection that can not be encrypted, and so is none.
private struct TLSMissing: Error {}
