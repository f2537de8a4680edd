internal import NIOCore
internal import NIOHTTP1

/// One connection of a client: reads its requests, one after the other, and writes the answers.
///
///     parts of a request -> IncomingRequest -> an answer at once, or
///                                              a task on a worker -> back to the event loop
///
/// All of it belongs to the channel's event loop; only the task of a request runs elsewhere, so a
/// request costs two changes of thread, or none. The task is cancelled when the client goes away.
final class HTTPConnection: ChannelDuplexHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias OutboundIn = HTTPServerResponsePart
  typealias OutboundOut = HTTPServerResponsePart

  private enum State {
    /// Waits for a request.
    case idle
    case reading
    case answering
    /// The last answer is out, and the client has a moment to read it.
    case leaving
    case closed
  }

  private let exchange: WebExchange
  private let timeout: TimeAmount
  private var state = State.idle
  /// While reading and answering.
  private var request: IncomingRequest?
  /// Makes the answer; nil where that is done on the event loop.
  private var task: Task<Void, Never>?
  private var status = 0
  private var context: ChannelHandlerContext?
  private var peer = ""
  /// Parts that came before the answer to the request before them was out.
  private var waiting = CircularBuffer<HTTPServerRequestPart>()
  private var isTakingParts = false
  private var owesRead = false
  /// The next answer is the last one.
  private var isLast = false
  /// When the connection ends unless a whole request has come.
  private var deadline = NIODeadline.distantFuture
  private var timer: Scheduled<Void>?

  /// - Parameter timeout: to read a request, and to wait for the next one.
  init(_ exchange: WebExchange, timeout: TimeAmount) {
    self.exchange = exchange
    self.timeout = timeout
  }

  func handlerAdded(context: ChannelHandlerContext) {
    self.context = context
    peer = context.channel.remoteAddress?.ipAddress ?? ""
    deadline = context.eventLoop.now + timeout
    startTimer(context)
  }

  func handlerRemoved(context: ChannelHandlerContext) { end() }

  func channelInactive(context: ChannelHandlerContext) {
    end()
    context.fireChannelInactive()
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    waiting.append(unwrapInboundIn(data))
    takeParts(context)
  }

  /// A client that sends requests without end while an answer is made is not read from, and none
  /// whose last answer is out: what it still sends stays with it.
  func read(context: ChannelHandlerContext) {
    if state == .leaving { return }
    if waiting.count < Limits.waitingPartsMax { return context.read() }
    owesRead = true
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if case ChannelEvent.inputClosed? = event as? ChannelEvent { clientStoppedSending(context) }
    context.fireUserInboundEventTriggered(event)
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    switch (state, error) {
    case (.idle, let error as HTTPParserError), (.reading, let error as HTTPParserError):
      refuse(context, error == .headerOverflow ? .tooManyHeaderBytes : .malformed)
    case (.leaving, _), (.closed, _): return
    case (.answering, is HTTPParserError):
      // What came behind a good request: that one is still answered.
      isLast = true
    default: context.close(promise: nil)
    }
  }

  /// No further request is taken; one under way is answered.
  func stop() {
    isLast = true
    if state == .idle { context?.close(promise: nil) }
  }

  private func end() {
    if request?.endsWithClient == true { task?.cancel() }
    task = nil
    request = nil
    state = .closed
    timer?.cancel()
    timer = nil
    context = nil
    waiting.removeAll()
  }

  /// A client that closes its side does not wait for the answer, as Go's server takes it.
  private func clientStoppedSending(_ context: ChannelHandlerContext) {
    switch state {
    case .idle, .reading, .leaving: context.close(promise: nil)
    case .answering:
      isLast = true
      if request?.endsWithClient == true { task?.cancel() }
    case .closed: return
    }
  }
}

// Requests.
extension HTTPConnection {
  private func takeParts(_ context: ChannelHandlerContext) {
    // An answer that is made at once comes back here: one loop is enough.
    guard !isTakingParts else { return }
    isTakingParts = true
    defer { isTakingParts = false }
    while state != .answering, let part = waiting.popFirst() { take(part, context) }
    if owesRead && waiting.count < Limits.waitingPartsMax {
      owesRead = false
      context.read()
    }
  }

  private func take(_ part: HTTPServerRequestPart, _ context: ChannelHandlerContext) {
    switch (part, state) {
    case (.head(let head), .idle): begin(head, context)
    case (.body(let bytes), .reading):
      request?.add(bytes)
      if request?.isEndless == true { answer(context) }
    case (.end, .reading):
      request?.end()
      answer(context)
    default: return
    }
  }

  private func begin(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
    deadline = context.eventLoop.now + timeout
    if !head.isKeepAlive { isLast = true }
    guard head.version.major == 1 else { return refuse(context, .otherVersion) }
    guard head.version.minor == 0 || head.headers.contains(name: "host") else {
      return refuse(context, .withoutHost)
    }
    let request = exchange.begin(head, peer: peer)
    self.request = request
    state = .reading
    if request.isEndless { return answer(context) }
    guard request.waitsForContinue else { return }
    // A client that is not told to go on gets the answer instead.
    guard request.isWanted else { return answer(context) }
    let go = HTTPResponseHead(version: .http1_1, status: .continue)
    context.writeAndFlush(wrapOutboundOut(.head(go)), promise: nil)
  }

  /// Answers the request; one that was not read to its end is the last.
  private func answer(_ context: ChannelHandlerContext) {
    guard let request else { return }
    state = .answering
    if !request.isWhole { isLast = true }
    take(exchange.next(request), context)
  }

  /// The credentials of the request were compared.
  func verified(_ isGood: Bool) {
    guard let context, let request, state == .answering else { return }
    task = nil
    take(
      isGood ? exchange.next(request, isVerified: true) : .answer(exchange.refusal), context)
  }

  private func take(_ next: WebExchange.Next, _ context: ChannelHandlerContext) {
    switch next {
    case .verify(let credentials):
      let channel = AnswerChannel(NIOLoopBound(self, eventLoop: context.eventLoop))
      let exchange = exchange
      task = Task(executorPreference: exchange.workers) {
        channel.verified(await exchange.verify(credentials))
      }
    case .answer(let response): send(response, body: ByteBuffer(bytes: response.wholeBody()))
    case .run(let work):
      let channel = AnswerChannel(NIOLoopBound(self, eventLoop: context.eventLoop))
      let exchange = exchange
      task = Task(executorPreference: work.workers) { await exchange.run(work, channel) }
    }
  }

  /// What is wrong with a request that is none; the texts are those of Go's server.
  private enum Refusal: String {
    case malformed = "400 Bad Request"
    case withoutHost = "400 Bad Request: missing required Host header"
    case tooManyHeaderBytes = "431 Request Header Fields Too Large"
    case otherVersion = "505 HTTP Version Not Supported: unsupported protocol version"

    var status: HTTPResponseStatus {
      switch self {
      case .malformed, .withoutHost: .badRequest
      case .tooManyHeaderBytes: .requestHeaderFieldsTooLarge
      case .otherVersion: .httpVersionNotSupported
      }
    }
  }

  private func refuse(_ context: ChannelHandlerContext, _ refusal: Refusal) {
    let headers: HTTPHeaders = [
      "Content-Type": "text/plain; charset=utf-8", "Connection": "close",
      "Content-Length": String(refusal.rawValue.utf8.count),
    ]
    let head = HTTPResponseHead(version: .http1_1, status: refusal.status, headers: headers)
    context.write(wrapOutboundOut(.head(head)), promise: nil)
    context.write(
      wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: refusal.rawValue)))), promise: nil)
    leave(context)
  }
}

// Answers.
extension HTTPConnection {
  /// Sends a whole answer.
  func send(_ response: WebResponse, body: ByteBuffer) {
    guard let (context, request) = beginAnswer(response, bodyBytes: body.readableBytes) else {
      return
    }
    let count = request.isHead ? 0 : body.readableBytes
    if count > 0 { context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil) }
    finishAnswer(bytes: count, isComplete: true)
  }

  /// Sends the head of an answer that comes in pieces.
  /// - Parameter flushes: the body may take long to begin.
  func sendHead(_ response: WebResponse, flushes: Bool = false) {
    guard let (context, request) = beginAnswer(response, bodyBytes: nil) else { return }
    if flushes { context.flush() }
    if request.isHead { finishAnswer(bytes: 0, isComplete: true) }
  }

  /// - Returns: done when the client has taken the piece; fails when it has gone.
  func sendPiece(_ bytes: ByteBuffer, on loop: any EventLoop) -> EventLoopFuture<Void> {
    guard let context, state == .answering, request?.isHead == false else {
      return loop.makeFailedFuture(ChannelError.ioOnClosedChannel)
    }
    let sent = loop.makePromise(of: Void.self)
    context.writeAndFlush(wrapOutboundOut(.body(.byteBuffer(bytes))), promise: sent)
    return sent.futureResult
  }

  private func beginAnswer(
    _ response: WebResponse, bodyBytes: Int?
  ) -> (ChannelHandlerContext, IncomingRequest)? {
    guard let context, let request, state == .answering else { return nil }
    status = response.status
    // Without chunks only the end of the connection shows the end of the body.
    if bodyBytes == nil && request.isHTTP10 { isLast = true }
    let head = exchange.head(of: response, to: request, bodyBytes: bodyBytes, isLast: isLast)
    context.write(wrapOutboundOut(.head(head)), promise: nil)
    return (context, request)
  }

  /// - Parameter isComplete: false where the answer could not be made to its end: the client must
  ///   not take it for a whole one.
  func finishAnswer(bytes: Int, isComplete: Bool) {
    guard let context, let request, state == .answering else { return }
    exchange.finished(request, status: status, bytes: bytes)
    task = nil
    self.request = nil
    guard isComplete else {
      context.close(promise: nil)
      return
    }
    if isLast { return leave(context, isRead: request.isWhole) }
    context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    state = .idle
    deadline = context.eventLoop.now + timeout
    takeParts(context)
  }

  /// Ends the connection behind the last answer. While the client still sends, closing at once
  /// would take the answer away from it; so it gets a moment to read.
  private func leave(_ context: ChannelHandlerContext, isRead: Bool = false) {
    state = .leaving
    waiting.removeAll()
    timer?.cancel()
    let sent = context.eventLoop.makePromise(of: Void.self)
    context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: sent)
    let channel = context.channel
    if isRead {
      sent.futureResult.whenComplete { _ in channel.close(promise: nil) }
      return
    }
    sent.futureResult.whenComplete { _ in channel.close(mode: .output, promise: nil) }
    timer = context.eventLoop.scheduleTask(in: Limits.lingering) { channel.close(promise: nil) }
  }

  private func startTimer(_ context: ChannelHandlerContext) {
    let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
    timer = context.eventLoop.scheduleTask(deadline: deadline) { bound.value.timeIsUp() }
  }

  /// The timer is left alone while requests come and go, and set anew when it has run out.
  private func timeIsUp() {
    guard let context else { return }
    switch state {
    case .answering: deadline = context.eventLoop.now + timeout
    case .idle, .reading:
      if context.eventLoop.now >= deadline { return context.close(promise: nil) }
    case .leaving, .closed: return
    }
    startTimer(context)
  }
}
