internal import NIOCore

/// Where the task of a request leaves its answer: the way back to the connection's event loop.
struct AnswerChannel: Sendable {
  private let connection: NIOLoopBound<HTTPConnection>

  init(_ connection: NIOLoopBound<HTTPConnection>) { self.connection = connection }

  private var loop: any EventLoop { connection.eventLoop }

  func verified(_ isGood: Bool) {
    loop.execute { connection.value.verified(isGood) }
  }

  func send(_ response: WebResponse, body: [UInt8]) {
    // Made here, so that the event loop need not copy.
    let buffer = ByteBuffer(bytes: body)
    loop.execute { connection.value.send(response, body: buffer) }
  }

  /// Sends events as they come, until the client has gone.
  func send(_ response: WebResponse, events: any EventSource) async {
    loop.execute { connection.value.sendHead(response, flushes: true) }
    var source = events
    var count = 0
    while !Task.isCancelled, let event = await source.next() {
      count += event.count
      let buffer = ByteBuffer(bytes: event)
      let sent = loop.flatSubmit {
        connection.value.sendPiece(buffer, on: connection.eventLoop)
      }
      do { try await sent.get() } catch { break }
    }
    let bytes = count
    loop.execute { connection.value.finishAnswer(bytes: bytes, isComplete: true) }
  }

  /// Sends an answer piece by piece: the next one is made while the client takes the one before,
  /// and no more than these two stand in memory.
  func send(_ response: WebResponse, pieces: any PieceSource) async {
    loop.execute { connection.value.sendHead(response) }
    var source = pieces
    var last: EventLoopFuture<Void>?
    var count = 0
    var isComplete = true
    while let piece = source.next() {
      count += piece.count
      let buffer = ByteBuffer(bytes: piece)
      do {
        try Task.checkCancellation()
        try await last?.get()
      } catch {
        isComplete = false
        break
      }
      last = loop.flatSubmit { connection.value.sendPiece(buffer, on: connection.eventLoop) }
    }
    let (bytes, isWhole) = (count, isComplete && !source.hasFailed)
    loop.execute { connection.value.finishAnswer(bytes: bytes, isComplete: isWhole) }
  }
}
