package import ApusConfig
package import ApusHTTP
internal import Synchronization

/// Alertmanagers that keep what they are sent, and answer when the test says so.
package final class FakeAlertmanagers: HTTPFetcher, HTTPFetcherFactory {
  package let requests: AsyncStream<FetchRequest>
  private let arrived: AsyncStream<FetchRequest>.Continuation
  private let status: Mutex<Int>
  private let gate: AsyncStream<Void>?
  /// Whether configurations with a CA are refused.
  private let refusesTLS: Bool

  /// - Parameter gate: each answer waits for one element of it; nil for answers at once.
  package init(status: Int = 200, gate: AsyncStream<Void>? = nil, refusesTLS: Bool = false) {
    self.status = Mutex(status)
    self.gate = gate
    self.refusesTLS = refusesTLS
    (requests, arrived) = AsyncStream.makeStream()
  }

  package func answer(status: Int) { self.status.withLock { $0 = status } }

  package func fetcher(for config: HTTPClientConfig) throws -> any HTTPFetcher {
    if refusesTLS && !config.tls.caFile.isEmpty {
      throw FetchError(.tls, url: "", description: "no such file")
    }
    return self
  }

  package func fetch(_ request: FetchRequest) async throws -> FetchResponse {
    try Task.checkCancellation()
    arrived.yield(request)
    if let gate {
      var iterator = gate.makeAsyncIterator()
      _ = await iterator.next()
    }
    return FetchResponse(status: status.withLock { $0 }, headers: [], body: [])
  }
}
