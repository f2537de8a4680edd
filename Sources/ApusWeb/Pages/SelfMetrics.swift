internal import ApusTelemetry

extension WebHandlers {
  /// The server's own metrics, in OpenMetrics where the client asks for it, else in the classic
  /// text format.
  func selfMetrics(_ request: WebRequest) async -> WebResponse {
    let accepted = request.headers["accept"] ?? ""
    let wantsOpenMetrics = accepted.contains("application/openmetrics-text")
    let families = backends.metrics.snapshot()
    var text = MetricsText(isOpenMetrics: wantsOpenMetrics)
    for family in families { text.append(family) }
    let type =
      wantsOpenMetrics
      ? "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=underscores"
      : "text/plain; version=0.0.4; charset=utf-8; escaping=underscores"
    return WebResponse(
      status: 200, headers: [("Content-Type", type)], body: .bytes(text.finished()))
  }
}
