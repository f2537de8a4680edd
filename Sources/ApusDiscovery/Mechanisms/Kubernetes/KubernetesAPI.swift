internal import ApusHTTP
internal import ApusSystem
internal import ApusTelemetry

/// Lists and watches objects of a cluster.
struct KubernetesAPI: Sendable {
  /// The state from which changes were asked for is too old: everything is to be listed again.
  struct Gone: Error, CustomStringConvertible {
    let description: String
  }

  /// Without a slash at the end.
  let base: String
  let fetcher: any HTTPFetcher
  let clock: any WallClock
  let metrics: KubernetesMetrics

  /// Hands on all objects, page by page.
  /// - Returns: the version from which changes can be watched.
  func list(
    _ path: String, query: [(String, String)], _ take: ([JSONTree]) async -> Void
  ) async throws -> String {
    var next = ""
    for _ in 0..<Limits.pagesMax {
      var page = query + [("limit", "\(Limits.kubernetesPageCount)")]
      if !next.isEmpty { page.append(("continue", next)) }
      let answer = try await send(
        request(path, page, timeoutMs: Limits.answerTimeoutMsMax), path)
      let tree = try await JSONTree.decode(answer.body).object("a list of objects")
      await take(try tree["items"].list("items"))
      next = tree["metadata"]["continue"].text
      if next.isEmpty { return tree["metadata"]["resourceVersion"].text }
    }
    throw TargetSourceError("\(path): more than \(Limits.pagesMax) pages")
  }

  /// Hands on changes as they come, until the server ends the watch.
  func watch(
    _ path: String, query: [(String, String)], lastingMs: Int64,
    _ take: @escaping @Sendable ([UInt8]) async throws -> Void
  ) async throws {
    var request = request(
      path, query + [("timeoutSeconds", "\(lastingMs / 1_000)")],
      timeoutMs: lastingMs + Limits.kubernetesSlackMs)
    request.onPiece = take
    _ = try await send(request, path)
  }

  private func request(
    _ path: String, _ query: [(String, String)], timeoutMs: Int64
  ) -> FetchRequest {
    let text = query.map { "\($0)=\(URLText.queryEscaped($1))" }.joined(separator: "&")
    var request = FetchRequest(
      url: "\(base)\(path)?\(text)", timeoutMs: timeoutMs, bodyBytesMax: Limits.answerBytesMax)
    request.headers = [(name: "Accept", value: "application/json")]
    return request
  }

  private func send(_ request: FetchRequest, _ path: String) async throws -> FetchResponse {
    let startNs = clock.monotonicNs
    let answer: FetchResponse
    do {
      answer = try await fetcher.fetch(request)
    } catch {
      metrics.requests["<error>"].increment()
      throw error
    }
    metrics.requests["\(answer.status)"].increment()
    metrics.requestDurations[path].observe(Double(clock.monotonicNs - startNs) / 1e9)
    let refusal = APIStatusError(status: answer.status, what: path, body: answer.body)
    if answer.status == 410 { throw Gone(description: "\(refusal)") }
    guard answer.status == 200 else { throw refusal }
    return answer
  }
}
