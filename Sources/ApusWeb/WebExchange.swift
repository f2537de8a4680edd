internal import ApusSystem
internal import ApusTelemetry
internal import HTTPTypes
internal import Hummingbird
internal import HummingbirdCore
internal import Logging
internal import NIOCore
internal import Synchronization

/// One request and its answer, on the wire.
struct WebExchange: Sendable {
  private let handlers: WebHandlers
  private let connections: ConnectionTable
  private let metrics: RequestMetrics
  private let ids = RequestIDs()
  private let dates = HTTPDates()

  init(handlers: WebHandlers, connections: ConnectionTable) {
    self.handlers = handlers
    self.connections = connections
    metrics = RequestMetrics(handlers.backends.metrics)
  }

  private var clock: any WallClock { handlers.backends.clock }

  func answer(
    _ request: Request, _ writer: consuming ResponseWriter, _ channel: any Channel
  ) async throws {
    let startNs = clock.monotonicNs
    let head = WebExchange.head(of: request, channel)
    let (response, label, leavesBody) = try await response(to: request, head, &writer, channel)
    let sent = try await send(
      response, isHead: head.method == .head, closes: closes(request), writer)
    let seconds = Double(clock.monotonicNs - startNs) / 1e9
    metrics.observe(handler: label, status: response.status, seconds: seconds, bytes: sent)
    note(head, response, seconds: seconds, bytes: sent)
    // An error closes the connection: nobody reads the rest of such a body.
    if leavesBody { throw UnreadBody() }
  }

  private struct UnreadBody: Error {}

  private func closes(_ request: Request) -> Bool { request.headers[.connection] == "close" }

  /// The request without its body.
  private static func head(of request: Request, _ channel: any Channel) -> WebRequest {
    let target = request.head.path ?? "/"
    let parts = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
    var headers = HeaderFields()
    for field in request.headers { headers.add(field.name.rawName, field.value) }
    return WebRequest(
      method: WebMethod(rawValue: request.method.rawValue),
      path: parts.first.map(String.init) ?? "/", query: parts.count > 1 ? String(parts[1]) : "",
      headers: headers, peer: channel.remoteAddress?.ipAddress ?? "")
  }

  private func response(
    to request: Request, _ head: WebRequest, _ writer: inout ResponseWriter,
    _ channel: any Channel
  ) async throws -> (WebResponse, label: String, leavesBody: Bool) {
    switch handlers.decide(head) {
    case .answer(let response, let label): return (response, label, false)
    case .run(let route, let value, let changes):
      let body: [UInt8]
      if head.method == .get || head.method == .head {
        body = []
      } else {
        if head.headers["expect"]?.lowercased() == "100-continue" {
          try await writer.writeInformationalHead(HTTPResponse(status: .continue))
        }
        switch try await read(request, bytesMax: route.bodyBytesMax) {
        case .whole(let bytes): body = bytes
        case .tooLarge(let isRead): return (tooLarge(route), route.label, !isRead)
        }
      }
      var whole = WebRequest(
        method: head.method, path: head.path, query: head.query, headers: head.headers,
        body: body, peer: head.peer)
      whole.pathValue = value
      let response = await cancelledWithClient(channel, route) { [handlers, whole] in
        await handlers.run(route, whole, changes)
      }
      return (response, route.label, false)
    }
  }

  private enum Body {
    case whole([UInt8])
    /// `isRead`: all the same, so that the client comes to read the answer.
    case tooLarge(isRead: Bool)
  }

  private func read(_ request: Request, bytesMax: Int) async throws -> Body {
    let declared = request.headers[.contentLength].flatMap { Int($0) } ?? 0
    guard declared <= Limits.discardedBytesMax else { return .tooLarge(isRead: false) }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(min(declared, bytesMax))
    var count = 0
    for try await chunk in request.body {
      count += chunk.readableBytes
      guard count <= Limits.discardedBytesMax else { return .tooLarge(isRead: false) }
      if count <= bytesMax { bytes.append(contentsOf: chunk.readableBytesView) }
    }
    return count <= bytesMax ? .whole(bytes) : .tooLarge(isRead: true)
  }

  private func tooLarge(_ route: Route) -> WebResponse {
    var response = WebResponse.text(
      "request body exceeds the \(route.bodyBytesMax) bytes limit", status: 413)
    response.headers.append(("Connection", "close"))
    return response
  }

  /// Cancels `work` when the client goes away.
  private func cancelledWithClient(
    _ channel: any Channel, _ route: Route,
    _ work: @escaping @Sendable () async -> WebResponse
  ) async -> WebResponse {
    guard route.needsReady, let watch = connections.watch(of: channel) else {
      return await work()
    }
    return await withTaskGroup(of: WebResponse?.self) { group in
      group.addTask { await work() }
      group.addTask {
        await watch.waitUntilClosed()
        return nil
      }
      var response: WebResponse?
      for await done in group {
        if let done { response = done }
        // The work is done, or nobody waits for it any more.
        group.cancelAll()
      }
      return response ?? WebResponse(status: 499)
    }
  }
}

extension WebExchange {
  /// - Returns: how many bytes the body had.
  private func send(
    _ response: WebResponse, isHead: Bool, closes: Bool, _ writer: consuming ResponseWriter
  ) async throws -> Int {
    var head = HTTPResponse(status: .init(code: response.status))
    for (name, value) in response.headers {
      guard let name = HTTPField.Name(name) else { continue }
      head.headerFields.append(HTTPField(name: name, value: value))
    }
    head.headerFields[.date] = dates.text(atMs: clock.nowMs)
    if closes { head.headerFields[.connection] = "close" }
    switch response.body {
    case .bytes(let bytes):
      if response.status != 204 { head.headerFields[.contentLength] = String(bytes.count) }
      if isHead || bytes.isEmpty {
        try await writer.writeResponse(head)
        return 0
      }
      let buffer = ByteBuffer(bytes: bytes)
      try await writer.write(response: head, body: ResponseBody(byteBuffer: buffer))
      return bytes.count
    case .pieces(let source):
      if isHead {
        try await writer.writeResponse(head)
        return 0
      }
      return try await send(source, after: head, writer)
    }
  }

  private func send(
    _ source: any PieceSource, after head: HTTPResponse, _ writer: consuming ResponseWriter
  ) async throws -> Int {
    var body = try await writer.writeHead(head)
    var source = source
    var sent = 0
    while true {
      let now = source
      // The next piece is made when the client has taken the one before.
      let (piece, next) = await handlers.backends.workers.run {
        var moving = now
        let piece = moving.next()
        return (piece, moving)
      }
      guard let piece else { break }
      source = next
      sent += piece.count
      try await body.write(ByteBuffer(bytes: piece))
    }
    try await body.finish(nil)
    return sent
  }

  private func note(_ head: WebRequest, _ response: WebResponse, seconds: Double, bytes: Int) {
    let isFailure = response.status >= 500 && response.status != 503
    guard isFailure || handlers.backends.log.logger.logLevel <= .debug else { return }
    let log = handlers.backends.log.with("request_id", ids.next())
    if isFailure {
      log.warning("HTTP request failed", fields(head, response, seconds, bytes))
    } else {
      log.debug("HTTP request", fields(head, response, seconds, bytes))
    }
  }

  private func fields(
    _ head: WebRequest, _ response: WebResponse, _ seconds: Double, _ bytes: Int
  ) -> KeyValuePairs<String, String> {
    [
      "method": head.method?.rawValue ?? "?", "path": head.path,
      "status": "\(response.status)", "seconds": "\(seconds)", "bytes": "\(bytes)",
      "client": head.peer,
    ]
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
