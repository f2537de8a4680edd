internal import ApusSystem

/// Which pages of other origins may read answers.
extension WebHandlers {
  /// `Vary: Origin` always; the permission where the origin has one.
  func corsHeaders(_ request: WebRequest) -> [(name: String, value: String)] {
    var headers = [(name: "Vary", value: "Origin")]
    guard let origin = request.headers["origin"], options.corsOrigin.fullyMatches(origin.utf8.span)
    else { return headers }
    headers += [
      ("Access-Control-Allow-Headers", "Accept, Authorization, Content-Type, Origin"),
      ("Access-Control-Allow-Methods", "GET, POST, OPTIONS"),
      ("Access-Control-Allow-Origin", origin),
      ("Access-Control-Expose-Headers", "Date"),
    ]
    return headers
  }

  func preflight(_ request: WebRequest) -> WebResponse {
    WebResponse(status: 204, headers: corsHeaders(request))
  }
}
