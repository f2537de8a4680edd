internal import ApusConfig
internal import ApusSystem
internal import ApusTelemetry
internal import Logging
internal import NIOCore
internal import NIOHTTP1
internal import Synchronization

/// What stands between the connections and the handlers: heads in, heads out, counts and log.
///
/// Its calls take no time to speak of, except for `run`, which belongs on a worker.
final class WebExchange: Sendable {
  private let handlers: WebHandlers
  /// Nil where everybody may come in.
  private let gate: WebGate?
  private let metrics: RequestMetrics
  private let ids = RequestIDs()
  private let dates = HTTPDates()

  init(handlers: WebHandlers, gate: WebGate? = nil) {
    self.handlers = handlers
    self.gate = gate
    metrics = RequestMetrics(handlers.backends.metrics)
  }

  private var clock: any WallClock { handlers.backends.clock }

  /// Reads the head of a request, and decides what will be done with it.
  func begin(_ head: HTTPRequestHead, peer: String) -> IncomingRequest {
    let parts = head.uri.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
    var headers = HeaderFields()
    for field in head.headers { headers.add(field.name, field.value) }
    let request = WebRequest(
      headOf: WebMethod(rawValue: head.method.rawValue),
      path: parts.first.map(String.init) ?? "/", query: parts.count > 1 ? String(parts[1]) : "",
      headers: headers, peer: peer)
    return IncomingRequest(
      head: request, version: head.version, plan: handlers.decide(request),
      startNs: clock.monotonicNs)
  }

  /// What is to be done with a request now that it has come.
  enum Next: Sendable {
    case answer(WebResponse)
    case run(Work)
    /// Its credentials come first.
    case verify(WebGate.Credentials)
  }

  /// A request for a worker.
  struct Work: Sendable {
    let request: IncomingRequest
    let route: Route
    let pathValue: String
    var changes: WebHandlers.HeadChanges
    let workers: WorkerPool
  }

  /// - Parameter isVerified: the credentials of the request were found good.
  func next(_ request: IncomingRequest, isVerified: Bool = false) -> Next {
    var headers: [WebHeader] = []
    if let gate {
      switch gate.judge(request.head, isVerified: isVerified) {
      case .pass(let added): headers = added
      case .refuse(let response): return .answer(response)
      case .verify(let credentials): return .verify(credentials)
      }
    }
    let next = admitted(request)
    guard !headers.isEmpty else { return next }
    let more = headers.map { (name: $0.name, value: $0.value) }
    switch next {
    case .answer(var response):
      response.headers += more
      return .answer(response)
    case .run(var work):
      work.changes.headers += more
      return .run(work)
    case .verify: return next
    }
  }

  /// Whether credentials are good. Waits for a thread of its own.
  func verify(_ credentials: WebGate.Credentials) async -> Bool {
    await gate?.verify(credentials) ?? false
  }

  var refusal: WebResponse { gate?.refusal() ?? .text("Unauthorized", status: 401) }

  /// Where credentials are waited for.
  var workers: WorkerPool { handlers.backends.workers }

  private func admitted(_ request: IncomingRequest) -> Next {
    if request.isEndless || request.isTooLarge { return .answer(tooLarge(request)) }
    switch request.plan {
    case .answer(let response, _): return .answer(response)
    case .run(let route, let value, let changes):
      let work = Work(
        request: request, route: route, pathValue: value, changes: changes,
        workers: handlers.workers(for: route))
      guard case .atOnce(let handler) = route.handler else { return .run(work) }
      var response = handler(handlers, whole(work))
      response.headers += changes.headers
      return .answer(response)
    }
  }

  private func tooLarge(_ request: IncomingRequest) -> WebResponse {
    guard case .run(let route, _, _) = request.plan else {
      return .text("request body too large", status: 413)
    }
    return .text("request body exceeds the \(route.bodyBytesMax) bytes limit", status: 413)
  }

  /// Makes an answer and sends it, on the worker that the work names.
  func run(_ work: Work, _ channel: AnswerChannel) async {
    let response = await handlers.run(work.route, whole(work), work.changes)
    switch response.body {
    case .bytes(let bytes): channel.send(response, body: bytes)
    case .pieces(let source): await channel.send(response, pieces: source)
    case .events(let source): await channel.send(response, events: source)
    }
  }

  private func whole(_ work: Work) -> WebRequest {
    var request = work.request.head
    request.body = work.request.body
    request.pathValue = work.pathValue
    request.readForm()
    return request
  }

  /// - Parameters:
  ///   - bodyBytes: nil where the body comes in pieces.
  ///   - isLast: the connection ends behind the answer.
  func head(
    of response: WebResponse, to request: IncomingRequest, bodyBytes: Int?, isLast: Bool
  ) -> HTTPResponseHead {
    let status = HTTPResponseStatus(statusCode: response.status)
    var head = HTTPResponseHead(
      version: request.isHTTP10 ? .http1_0 : .http1_1, status: status)
    head.headers.reserveCapacity(response.headers.count + 3)
    for (name, value) in response.headers { head.headers.add(name: name, value: value) }
    head.headers.add(name: "Date", value: dates.text(atMs: clock.nowMs))
    if let bodyBytes, status.mayHaveResponseBody {
      head.headers.add(name: "Content-Length", value: String(bodyBytes))
    }
    if isLast {
      head.headers.replaceOrAdd(name: "Connection", value: "close")
    } else if request.isHTTP10 {
      head.headers.replaceOrAdd(name: "Connection", value: "keep-alive")
    }
    return head
  }

  /// Counts and notes a request that was answered.
  func finished(_ request: IncomingRequest, status: Int, bytes: Int) {
    let seconds = Double(clock.monotonicNs &- request.startNs) / 1e9
    metrics.observe(handler: request.label, status: status, seconds: seconds, bytes: bytes)
    let isFailure = status >= 500 && status != 503
    guard isFailure || handlers.backends.log.logger.logLevel <= .debug else { return }
    let log = handlers.backends.log.with("request_id", ids.next())
    let head = request.head
    let fields: KeyValuePairs = [
      "method": head.method?.rawValue ?? "?", "path": head.path, "status": "\(status)",
      "seconds": "\(seconds)", "bytes": "\(bytes)", "client": head.peer,
    ]
    if isFailure {
      log.warning("HTTP request failed", fields)
    } else {
      log.debug("HTTP request", fields)
    }
  }
}

/// Numbers requests.
private final class RequestIDs: Sendable {
  private let last = Atomic<UInt64>(0)

  func next() -> String { String(last.add(1, ordering: .relaxed).newValue, radix: 16) }
}

/// The text of the Date field, made once a second.
private final class HTTPDates: Sendable {
  private let made = Mutex<(second: Int64, text: String)>((.min, ""))

  func text(atMs nowMs: Int64) -> String {
    made.withLock { made in
      let second = nowMs / 1000
      if made.second != second { made = (second, CivilTime(ms: nowMs).httpDate) }
      return made.text
    }
  }
}
