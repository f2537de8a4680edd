internal import ApusSystem
internal import ApusTelemetry

/// Answers requests. Knows nothing of sockets: tests call `respond` with a request of their own.
package struct WebHandlers: Sendable {
  let backends: Backends
  let options: WebOptions
  let federationErrors: Counter
  let subscribers = Subscribers()
  private let table = RouteTable(WebHandlers.routes)

  package init(backends: Backends, options: WebOptions) {
    self.backends = backends
    self.options = options
    let metrics = backends.metrics
    federationErrors = metrics.counter(
      "prometheus_web_federation_errors_total",
      help: "Total number of errors that occurred while sending federation responses.")
    _ = metrics.counter(
      "prometheus_web_federation_warnings_total",
      help: "Total number of warnings that occurred while sending federation responses.")
    let isReady = backends.lifecycle.isReady
    metrics.gauge(
      "prometheus_ready",
      help: "Whether Prometheus startup was fully completed and the server is ready for normal "
        + "operation."
    ) { isReady() ? 1 : 0 }
  }

  /// What is to be done with a request whose body was not read yet.
  enum Decision: Sendable {
    case answer(WebResponse, label: String)
    case run(Route, pathValue: String, head: HeadChanges)
  }

  /// What a route's kind adds to every answer.
  struct HeadChanges: Sendable {
    var headers: [(name: String, value: String)] = []
    var compresses = false
  }

  /// Answers a whole request.
  package func respond(to request: WebRequest) async -> WebResponse {
    switch decide(request) {
    case .answer(let response, _): return response
    case .run(let route, let value, let head):
      var request = request
      request.pathValue = value
      return await run(route, request, head)
    }
  }

  func run(_ route: Route, _ request: WebRequest, _ head: HeadChanges) async -> WebResponse {
    var response =
      switch route.handler {
      case .atOnce(let handler): handler(self, request)
      case .worker(let handler), .queryWorker(let handler): await handler(self, request)
      }
    response.headers += head.headers
    return head.compresses ? compressed(response, for: request) : response
  }

  /// Where the handler of a route runs.
  func workers(for route: Route) -> WorkerPool {
    if case .queryWorker = route.handler { return backends.queries.workers ?? backends.workers }
    return backends.workers
  }

  /// Finds the route of a request; answers at once what needs no handler.
  func decide(_ request: WebRequest) -> Decision {
    if let clean = CleanPath.redirect(request.path) {
      let query = request.query.isEmpty ? "" : "?" + request.query
      return .answer(.redirect(to: clean + query, status: 301), label: "redirect")
    }
    guard let path = pathBelowPrefix(request.path) else {
      return prefixRedirect(request)
    }
    switch table.find(path) {
    case .none:
      if request.method == .options && path.hasPrefix("/api/v1/") {
        return .answer(preflight(request), label: "/api/v1/*path")
      }
      return .answer(.plain("404 page not found\n", status: 404), label: "404")
    case .redirect(let other):
      let query = request.query.isEmpty ? "" : "?" + request.query
      let status = request.method == .get ? 301 : 308
      return .answer(
        .redirect(to: options.routePrefix + other + query, status: status), label: "redirect")
    case .found(let route, let value): return decide(request, route, value)
    }
  }

  private func decide(_ request: WebRequest, _ route: Route, _ value: Substring) -> Decision {
    if request.method == .options {
      if route.isAPI { return .answer(preflight(request), label: "/api/v1/*path") }
      return .answer(
        WebResponse(status: 200, headers: [("Allow", allowed(route))]), label: route.label)
    }
    // As with Prometheus's router, a route answers HEAD only where it says so.
    guard request.method.map(route.methods.contains) == true else {
      var response = WebResponse.text("Method Not Allowed", status: 405)
      response.headers.append(("Allow", allowed(route)))
      return .answer(response, label: route.label)
    }
    var head = HeadChanges(compresses: route.compresses)
    if route.isAPI { head.headers = corsHeaders(request) }
    if route.compresses { head.headers.append(("Vary", "Accept-Encoding")) }
    if route.needsReady && !backends.lifecycle.isReady() {
      var response = notReady()
      response.headers += head.headers
      return .answer(response, label: route.label)
    }
    guard case .success(let bytes) = PercentEncoding.decode(value.utf8, plusIsSpace: false),
      let text = String(validating: bytes, as: UTF8.self)
    else {
      return .answer(
        Envelope.failure(APIError(.badData, "invalid label name: \"\(value)\"")),
        label: route.label)
    }
    return .run(route, pathValue: text, head: head)
  }

  private func allowed(_ route: Route) -> String {
    (route.methods + [.options]).map(\.rawValue).sorted().joined(separator: ", ")
  }

  private func notReady() -> WebResponse {
    var response = WebResponse.plain("Service Unavailable", status: 503)
    response.headers.append(
      ("X-Prometheus-Stopping", backends.lifecycle.isStopping() ? "true" : "false"))
    return response
  }

  /// The path behind the route prefix; nil where it does not stand below it.
  private func pathBelowPrefix(_ path: String) -> String? {
    if options.routePrefix.isEmpty { return path }
    guard path.hasPrefix(options.routePrefix + "/") else { return nil }
    return String(path.dropFirst(options.routePrefix.count))
  }

  private func prefixRedirect(_ request: WebRequest) -> Decision {
    if request.path == "/" || request.path == options.routePrefix {
      return .answer(.redirect(to: options.routePrefix + "/"), label: "redirect")
    }
    return .answer(.plain("404 page not found\n", status: 404), label: "404")
  }
}

extension WebHandlers {
  /// Turns what a handler throws into an error envelope.
  func answering(
    _ body: () async throws(APIError) -> WebResponse
  ) async -> WebResponse {
    do throws(APIError) {
      return try await body()
    } catch {
      return Envelope.failure(error)
    }
  }
}
