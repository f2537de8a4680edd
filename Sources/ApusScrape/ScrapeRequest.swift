internal import ApusConfig
internal import ApusExposition
internal import ApusHTTP
internal import ApusModel

/// The request that Prometheus sends to a target.
enum ScrapeRequest {
  static func make(
    _ target: Target, _ config: ScrapeConfig, userAgent: String
  ) -> FetchRequest {
    let limit = config.limits.bodyBytes
    var request = FetchRequest(
      url: target.url, timeoutMs: target.timeoutMs,
      // Prometheus refuses a body that reaches the limit.
      bodyBytesMax: limit > 0 ? min(max(1, limit - 1), Int(UInt32.max)) : Limits.bodyBytesMax)
    let accept = AcceptHeader.value(
      config.protocols.map { $0.choice }, escaping: config.nameEscaping.rawValue)
    request.headers = [
      ("Accept", accept),
      ("Accept-Encoding", config.enablesCompression ? "gzip" : "identity"),
      ("User-Agent", userAgent),
      (
        "X-Prometheus-Scrape-Timeout-Seconds",
        FloatText.f(Double(target.timeoutMs) / 1000)
      ),
    ]
    return request
  }
}

extension ScrapeProtocol {
  var choice: AcceptHeader.Choice {
    switch self {
    case .protobuf: AcceptHeader.protobuf
    case .text0: AcceptHeader.text0
    case .text1: AcceptHeader.text1
    case .openMetrics0: AcceptHeader.openMetrics0
    case .openMetrics1: AcceptHeader.openMetrics1
    }
  }

  /// As it stands in a Content-Type header, without parameters.
  var mediaType: String {
    switch self {
    case .protobuf: "application/vnd.google.protobuf"
    case .text0, .text1: "text/plain"
    case .openMetrics0, .openMetrics1: "application/openmetrics-text"
    }
  }
}

/// Status codes with their names.
enum HTTPStatusText {
  static func text(_ code: Int) -> String {
    guard let name = names[code] else { return "\(code)" }
    return "\(code) \(name)"
  }

  private static let names: [Int: String] = [
    201: "Created", 202: "Accepted", 203: "Non-Authoritative Information", 204: "No Content",
    205: "Reset Content", 206: "Partial Content", 300: "Multiple Choices",
    301: "Moved Permanently", 302: "Found", 303: "See Other", 304: "Not Modified",
    307: "Temporary Redirect", 308: "Permanent Redirect", 400: "Bad Request",
    401: "Unauthorized", 402: "Payment Required", 403: "Forbidden", 404: "Not Found",
    405: "Method Not Allowed", 406: "Not Acceptable", 407: "Proxy Authentication Required",
    408: "Request Timeout", 409: "Conflict", 410: "Gone", 411: "Length Required",
    412: "Precondition Failed", 413: "Request Entity Too Large", 414: "Request URI Too Long",
    415: "Unsupported Media Type", 416: "Requested Range Not Satisfiable",
    417: "Expectation Failed", 418: "I'm a teapot", 421: "Misdirected Request",
    422: "Unprocessable Entity", 423: "Locked", 424: "Failed Dependency", 425: "Too Early",
    426: "Upgrade Required", 428: "Precondition Required", 429: "Too Many Requests",
    431: "Request Header Fields Too Large", 451: "Unavailable For Legal Reasons",
    500: "Internal Server Error", 501: "Not Implemented", 502: "Bad Gateway",
    503: "Service Unavailable", 504: "Gateway Timeout", 505: "HTTP Version Not Supported",
    507: "Insufficient Storage", 508: "Loop Detected", 511: "Network Authentication Required",
  ]
}
