internal import ApusHTTP
internal import ApusSystem

/// AWS's query protocol: parameters in the body of a POST, so that no length is too long, and XML
/// as the answer.
enum AWSQuery {
  /// - Parameters:
  ///   - endpoint: without a slash at the end.
  ///   - signer: nil for actions that prove by a token who asks.
  /// - Throws: a refusal in the words of the API.
  static func send(
    _ parameters: [(String, String)], to endpoint: String, signer: SigV4?, api: APIClient,
    nowMs: Int64
  ) async throws -> XMLTree {
    let body = parameters.map {
      "\(URLText.escaped($0, blank: "%20"))=\(URLText.escaped($1, blank: "%20"))"
    }.joined(separator: "&")
    var request = FetchRequest(
      url: endpoint + "/", timeoutMs: api.timeoutMs, bodyBytesMax: Limits.answerBytesMax)
    request.method = "POST"
    request.body = Array(body.utf8)
    let type = (
      name: "content-type", value: "application/x-www-form-urlencoded; charset=utf-8"
    )
    request.headers = [type]
    if let signer {
      request.headers += signer.headers(
        method: "POST", host: AWSAccess.host(of: endpoint), path: "/", headers: [type],
        body: request.body, nowMs: nowMs)
    }
    let answer = try await api.fetcher.fetch(request)
    guard answer.status == 200 else { throw refusal(answer, endpoint) }
    return try await XMLTree.decode(answer.body)
  }

  /// `<Errors><Error>` or `<Error>`, with `<Code>` and `<Message>`.
  private static func refusal(_ answer: FetchResponse, _ endpoint: String) -> any Error {
    let root = try? XMLTree.parse(answer.body)
    guard let error = root?["Errors"]?["Error"] ?? root?["Error"] else {
      return APIStatusError(status: answer.status, what: endpoint, body: answer.body)
    }
    return TargetSourceError(
      "api error \(error.text("Code")): \(error.text("Message")) (status \(answer.status))")
  }
}
