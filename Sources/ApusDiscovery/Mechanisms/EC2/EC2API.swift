internal import ApusHTTP
internal import ApusSystem

/// Asks EC2's query API, with signed requests.
struct EC2API: Sendable {
  /// Without a slash at the end.
  let endpoint: String
  let signer: SigV4
  let api: APIClient
  let clock: any WallClock

  private static let version = "2016-11-15"

  /// The answer to an action; parameters are in the body, so that no length is too long.
  func call(_ action: String, _ parameters: [(String, String)]) async throws -> XMLTree {
    let body =
      ([("Action", action), ("Version", Self.version)] + parameters)
      .map { "\(URLText.escaped($0, blank: "%20"))=\(URLText.escaped($1, blank: "%20"))" }
      .joined(separator: "&")
    var request = FetchRequest(
      url: endpoint + "/", timeoutMs: api.timeoutMs, bodyBytesMax: Limits.answerBytesMax)
    request.method = "POST"
    request.body = Array(body.utf8)
    let type = (
      name: "content-type", value: "application/x-www-form-urlencoded; charset=utf-8"
    )
    request.headers =
      [type]
      + signer.headers(
        method: "POST", host: AWSAccess.host(of: endpoint), path: "/", headers: [type],
        body: request.body,
        nowMs: clock.nowMs)
    let answer = try await api.fetcher.fetch(request)
    guard answer.status == 200 else { throw refusal(answer) }
    return try await XMLTree.decode(answer.body)
  }

  /// `<Response><Errors><Error><Code>..</Code><Message>..</Message></Error></Errors></Response>`
  private func refusal(_ answer: FetchResponse) -> any Error {
    let error = (try? XMLTree.parse(answer.body))?["Errors"]?["Error"]
    guard let error else {
      return APIStatusError(status: answer.status, what: endpoint, body: answer.body)
    }
    return TargetSourceError(
      "api error \(error.text("Code")): \(error.text("Message")) (status \(answer.status))")
  }
}
