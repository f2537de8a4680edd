package import ApusConfig

/// Door: one request out, one answer in, bounded in size and time.
package protocol HTTPFetcher: Sendable {
  /// - Throws: `FetchError`, or `CancellationError`.
  func fetch(_ request: FetchRequest) async throws -> FetchResponse
}

package struct FetchRequest: Sendable {
  package var method = "GET"
  package var url: String
  package var headers: [(name: String, value: String)] = []
  package var body: [UInt8] = []
  package var timeoutMs: Int64
  /// Largest body that is read; 0 for no bound. A compressed body counts after expansion too.
  package var bodyBytesMax: Int
  /// Takes the body of an answer with status 200 as it comes, piece by piece, the next one when
  /// the last is done with; the answer then has none. An error ends the request. Pieces are not
  /// expanded, and their sum is not bounded.
  package var onPiece: (@Sendable ([UInt8]) async throws -> Void)?

  package init(url: String, timeoutMs: Int64, bodyBytesMax: Int = 0) {
    self.url = url
    self.timeoutMs = timeoutMs
    self.bodyBytesMax = bodyBytesMax
  }
}

package struct FetchResponse: Sendable {
  package let status: Int
  /// Names as sent; compare them without regard to case.
  package let headers: [(name: String, value: String)]
  /// Expanded where the server compressed it.
  package let body: [UInt8]

  package init(status: Int, headers: [(name: String, value: String)], body: [UInt8]) {
    self.status = status
    self.headers = headers
    self.body = body
  }

  package func header(_ name: String) -> String? {
    headers.first { $0.name.lowercased() == name.lowercased() }?.value
  }
}

/// Makes fetchers from client configurations; a configuration that cannot work (a certificate
/// file that is missing) throws at once.
package protocol HTTPFetcherFactory: Sendable {
  func fetcher(for config: HTTPClientConfig) throws -> any HTTPFetcher
}
