package import ApusConfig
package import ApusHTTP
internal import Synchronization

/// A fetcher that gives the answers it was made with, one after the other, and keeps what it was
/// asked.
package final class ScriptedFetcher: HTTPFetcher, HTTPFetcherFactory {
  package typealias Answer = Result<FetchResponse, FetchError>

  private let answers: Mutex<[Answer]>
  private let asked = Mutex<[FetchRequest]>([])

  /// The last answer is given again and again.
  package init(_ answers: [Answer]) { self.answers = Mutex(answers) }

  package var requests: [FetchRequest] { asked.withLock { $0 } }

  package func fetcher(for config: HTTPClientConfig) throws -> any HTTPFetcher { self }

  package func fetch(_ request: FetchRequest) async throws -> FetchResponse {
    asked.withLock { $0.append(request) }
    return try answers.withLock { $0.count > 1 ? $0.removeFirst() : $0[0] }.get()
  }

  package static func json(
    _ text: String, type: String = "application/json", status: Int = 200
  ) -> Answer {
    .success(
      FetchResponse(
        status: status, headers: [(name: "content-type", value: type)], body: Array(text.utf8)))
  }
}
