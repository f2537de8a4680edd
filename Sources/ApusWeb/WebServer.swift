internal import ApusSystem
internal import ApusTelemetry
internal import Hummingbird
internal import HummingbirdCore
internal import Logging
internal import NIOCore
internal import Synchronization

/// Why the server could not listen.
package struct WebServerError: Error, Sendable, CustomStringConvertible {
  package let description: String
}

/// Listens on every address and answers requests until it is stopped.
package final class WebServer: Sendable {
  private let options: WebOptions
  private let log: Log
  private let exchange: WebExchange
  private let connections = ConnectionTable()
  private let listeners = Mutex<[Listener]>([])

  private typealias Listener = Server<HTTP1Channel>

  package init(options: WebOptions, backends: Backends) {
    self.options = options
    log = backends.log
    exchange = WebExchange(
      handlers: WebHandlers(backends: backends, options: options), connections: connections)
  }

  /// Returns when all listeners have been stopped by `stop`, or by the graceful shutdown of the
  /// service group it runs in. Cancelling the task closes every connection at once.
  /// - Parameter onListening: called with the port of each address, in any order, when it listens.
  /// - Throws: `WebServerError` if an address cannot be listened on; the others are closed then.
  package func run(
    onListening: @escaping @Sendable (_ address: ListenAddress, _ port: Int) async -> Void = {
      _, _ in
    }
  ) async throws {
    let total = ConnectionCount()
    try await withThrowingTaskGroup(of: Void.self) { group in
      for address in options.listenAddresses {
        let listener = makeListener(address, total, onListening)
        listeners.withLock { $0.append(listener) }
        group.addTask { try await self.listen(listener, address) }
      }
      try await group.waitForAll()
    }
  }

  /// Takes no new connections, lets requests under way finish, and ends `run`.
  package func stop() async {
    for listener in listeners.withLock({ $0 }) {
      do {
        try await listener.shutdownGracefully()
      } catch {
        log.warning("Unable to stop web listener", ["err": "\(error)"])
      }
    }
  }

  private func listen(_ listener: Listener, _ address: ListenAddress) async throws {
    do {
      try await listener.run()
    } catch let error as IOError {
      let why = error.errnoCode == 98 ? "address already in use" : "\(error)"
      throw WebServerError(description: "listen tcp \(address): bind: \(why)")
    }
  }

  private func makeListener(
    _ address: ListenAddress, _ total: ConnectionCount,
    _ onListening: @escaping @Sendable (ListenAddress, Int) async -> Void
  ) -> Listener {
    let exchange = exchange
    let connections = connections
    let log = log
    let decoder = HTTP1Channel.Configuration.DecoderConfiguration(
      maxHeaderFieldSize: Limits.headerBytesMax, maxHeaderListSize: Limits.headerBytesMax,
      maxHeaderFieldCount: Limits.headerCountMax)
    let channel = HTTP1Channel(
      responder: { request, writer, channel in
        try await exchange.answer(request, writer, channel)
      },
      configuration: HTTP1Channel.Configuration(
        additionalChannelHandlers: [ConnectionWatch(connections)],
        idleTimeout: .milliseconds(options.readTimeoutMs), httpDecoderConfiguration: decoder))
    var quiet = log.logger
    // Its own lines about starting and stopping are in other words than ours.
    quiet.logLevel = .critical
    return Server(
      childChannelSetup: channel,
      configuration: ServerConfiguration(
        address: .hostname(address.host, port: address.port), backlog: 1024,
        availableConnectionsDelegate: ConnectionLimit(
          total: total, most: options.connectionsMax)),
      onServerRunning: { channel in
        log.info("Start listening for connections", ["address": "\(address)"])
        await onListening(address, channel.localAddress?.port ?? address.port)
      },
      eventLoopGroup: EventLoopGroupProvider.singleton.eventLoopGroup, logger: quiet)
  }
}
