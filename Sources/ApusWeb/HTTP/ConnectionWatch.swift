internal import NIOCore
internal import Synchronization

/// Notices that the client of a connection went away, also while nothing is read from it.
final class ConnectionWatch: ChannelInboundHandler, RemovableChannelHandler, Sendable {
  typealias InboundIn = NIOAny

  private enum State {
    case open
    case waiting(CheckedContinuation<Void, Never>)
    case closed
  }

  private let table: ConnectionTable
  private let state = Mutex(State.open)

  init(_ table: ConnectionTable) { self.table = table }

  func handlerAdded(context: ChannelHandlerContext) {
    table.add(self, of: ObjectIdentifier(context.channel))
  }

  func handlerRemoved(context: ChannelHandlerContext) {
    table.remove(ObjectIdentifier(context.channel))
    close()
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    context.fireChannelRead(data)
  }

  func channelInactive(context: ChannelHandlerContext) {
    close()
    context.fireChannelInactive()
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    // A client that closes its side does not wait for the answer (as Go's server takes it).
    if case ChannelEvent.inputClosed? = event as? ChannelEvent { close() }
    context.fireUserInboundEventTriggered(event)
  }

  private func close() {
    let waiter: CheckedContinuation<Void, Never>? = state.withLock { state in
      defer { state = .closed }
      if case .waiting(let waiter) = state { return waiter }
      return nil
    }
    waiter?.resume()
  }

  /// Returns when the client is gone, or the calling task is cancelled. One caller at a time.
  func waitUntilClosed() async {
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let isOver = state.withLock { state in
          if case .closed = state { return true }
          if Task.isCancelled { return true }
          state = .waiting(continuation)
          return false
        }
        if isOver { continuation.resume() }
      }
    } onCancel: {
      let waiter: CheckedContinuation<Void, Never>? = state.withLock { state in
        guard case .waiting(let waiter) = state else { return nil }
        state = .open
        return waiter
      }
      waiter?.resume()
    }
  }
}

/// The connections that are open now.
final class ConnectionTable: Sendable {
  private let watches = Mutex<[ObjectIdentifier: ConnectionWatch]>([:])

  init() {}

  var count: Int { watches.withLock { $0.count } }

  func add(_ watch: ConnectionWatch, of channel: ObjectIdentifier) {
    watches.withLock { $0[channel] = watch }
  }

  func remove(_ channel: ObjectIdentifier) {
    _ = watches.withLock { $0.removeValue(forKey: channel) }
  }

  func watch(of channel: any Channel) -> ConnectionWatch? {
    watches.withLock { $0[ObjectIdentifier(channel)] }
  }
}
