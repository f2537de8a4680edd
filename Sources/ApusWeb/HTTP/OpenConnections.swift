internal import NIOCore
internal import Synchronization

/// The listeners and connections that are open now, over all addresses.
///
/// One lock, `state`; channels are told what to do after it.
final class OpenConnections: Sendable {
  private struct State {
    var listeners: [any Channel] = []
    var connections: [ObjectIdentifier: Entry] = [:]
    /// Accepted, and not yet closed.
    var count = 0
    var isStopping = false
    var isStarted = false
    var waiting: [CheckedContinuation<Void, Never>] = []
  }

  private struct Entry: Sendable {
    let channel: any Channel
    let connection: NIOLoopBound<HTTPConnection>
  }

  private let state = Mutex(State())
  let countMax: Int

  init(countMax: Int) { self.countMax = countMax }

  var isFull: Bool { state.withLock { $0.count >= countMax } }
  var count: Int { state.withLock { $0.count } }

  /// A listener that belongs to it from now on.
  func add(listener: any Channel) {
    let isStopping = state.withLock { state in
      state.listeners.append(listener)
      return state.isStopping
    }
    listener.closeFuture.whenComplete { _ in
      self.change { state in state.listeners.removeAll { $0 === listener } }
    }
    if isStopping { listener.close(promise: nil) }
  }

  /// All listeners are there: from now on the end of the last channel is the end of all.
  func started() { change { $0.isStarted = true } }

  /// A client was accepted.
  func accepted(_ channel: any Channel) {
    state.withLock { $0.count += 1 }
    channel.closeFuture.whenComplete { _ in self.closed(channel) }
  }

  private func closed(_ channel: any Channel) {
    let listeners = change { state in
      let wasFull = state.count >= countMax
      state.count -= 1
      state.connections.removeValue(forKey: ObjectIdentifier(channel))
      return wasFull ? state.listeners : []
    }
    // There is room again for those who wait to be accepted.
    for listener in listeners { listener.read() }
  }

  func add(_ connection: NIOLoopBound<HTTPConnection>, of channel: any Channel) {
    let isStopping = state.withLock { state in
      state.connections[ObjectIdentifier(channel)] = Entry(
        channel: channel, connection: connection)
      return state.isStopping
    }
    if isStopping { connection.value.stop() }
  }

  /// Takes no new connections, and ends those that are open behind the answer under way.
  func stop() {
    let (listeners, entries) = state.withLock { state in
      state.isStopping = true
      return (state.listeners, Array(state.connections.values))
    }
    for listener in listeners { listener.close(promise: nil) }
    for entry in entries {
      entry.channel.eventLoop.execute { entry.connection.value.stop() }
    }
  }

  /// Ends everything now.
  func closeAll() {
    let (listeners, entries) = state.withLock { state in
      state.isStopping = true
      return (state.listeners, Array(state.connections.values))
    }
    for listener in listeners { listener.close(promise: nil) }
    for entry in entries { entry.channel.close(promise: nil) }
  }

  /// Returns when all listeners and connections have ended.
  func waitUntilOver() async {
    await withCheckedContinuation { waiter in
      change { $0.waiting.append(waiter) }
    }
  }

  @discardableResult
  private func change<R>(_ body: (inout State) -> sending R) -> R {
    let (result, over) = state.withLock { state in
      let result = body(&state)
      let isOver = state.isStarted && state.listeners.isEmpty && state.count == 0
      let over = isOver ? state.waiting : []
      if isOver { state.waiting = [] }
      return (result, over)
    }
    for waiter in over { waiter.resume() }
    return result
  }
}

/// Stops accepting while there are as many connections as there may be.
final class AcceptLimit: ChannelDuplexHandler {
  typealias InboundIn = any Channel
  typealias InboundOut = any Channel
  typealias OutboundIn = Never

  private let connections: OpenConnections

  init(_ connections: OpenConnections) { self.connections = connections }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    connections.accepted(unwrapInboundIn(data))
    context.fireChannelRead(data)
  }

  /// The end of a connection reads again.
  func read(context: ChannelHandlerContext) {
    if !connections.isFull { context.read() }
  }
}
