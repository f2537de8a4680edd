/// The pages for people.
enum UIPages {
  static let paths = [
    "/query", "/alerts", "/rules", "/targets", "/service-discovery", "/alertmanager-discovery",
    "/status", "/tsdb-status", "/flags", "/config",
  ]
}

extension WebHandlers {
  func home(_ request: WebRequest) async -> WebResponse {
    .redirect(to: options.externalURL.path + "/query")
  }

  /// Links of the second Prometheus.
  func graph(_ request: WebRequest) async -> WebResponse {
    let query = request.query.isEmpty ? "" : "?" + request.query
    return .redirect(to: options.externalURL.path + "/query" + query)
  }

  func page(_ request: WebRequest) async -> WebResponse { .plain("") }

  func asset(_ request: WebRequest) async -> WebResponse { .plain("") }

  func favicon(_ request: WebRequest) async -> WebResponse { .plain("") }
}
