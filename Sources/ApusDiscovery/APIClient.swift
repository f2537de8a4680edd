internal import ApusHTTP

/// Asks an HTTP API for JSON. Answers beyond `Limits.answerBytesMax` are refused.
struct APIClient: Sendable {
  let fetcher: any HTTPFetcher
  let timeoutMs: Int64
  var headers: [(name: String, value: String)] = []

  init(
    _ fetcher: any HTTPFetcher, timeoutMs: Int64,
    headers: [(name: String, value: String)] = []
  ) {
    self.fetcher = fetcher
    self.timeoutMs = min(max(timeoutMs, 1), Limits.answerTimeoutMsMax)
    self.headers = headers
  }

  /// The answer to a GET.
  /// - Throws: unless its status is 2xx.
  func get(_ url: String, _ what: String) async throws -> FetchResponse {
    var request = FetchRequest(
      url: url, timeoutMs: timeoutMs, bodyBytesMax: Limits.answerBytesMax)
    request.headers = [(name: "Accept", value: "application/json")] + headers
    return try await send(request, what)
  }

  /// An answer with a 2xx status.
  func send(_ request: FetchRequest, _ what: String) async throws -> FetchResponse {
    let answer = try await fetcher.fetch(request)
    guard (200..<300).contains(answer.status) else {
      throw APIStatusError(status: answer.status, what: what, body: answer.body)
    }
    return answer
  }

  func json(_ url: String, _ what: String) async throws -> JSONTree {
    try await JSONTree.decode(try await get(url, what).body)
  }
}

/// A server refused.
struct APIStatusError: Error, CustomStringConvertible {
  let status: Int
  let what: String
  /// The beginning of what it said.
  let reason: String

  init(status: Int, what: String, body: [UInt8]) {
    self.status = status
    self.what = what
    reason = String(decoding: body.prefix(Limits.shownAnswerBytesMax), as: UTF8.self)
      .split(whereSeparator: \.isNewline).joined(separator: " ")
  }

  var description: String {
    "\(what): server returned HTTP status \(status)" + (reason.isEmpty ? "" : ": \(reason)")
  }
}
