internal import ApusConfig
internal import ApusHTTP

/// Fetchers whose requests say who asks.
struct NamedFetchers: HTTPFetcherFactory {
  let inner: any HTTPFetcherFactory
  let userAgent: String

  func fetcher(for config: HTTPClientConfig) throws -> any HTTPFetcher {
    Named(inner: try inner.fetcher(for: config), userAgent: userAgent)
  }

  private struct Named: HTTPFetcher {
    let inner: any HTTPFetcher
    let userAgent: String

    func fetch(_ request: FetchRequest) async throws -> FetchResponse {
      var request = request
      request.headers.insert((name: "User-Agent", value: userAgent), at: 0)
      return try await inner.fetch(request)
    }
  }
}
