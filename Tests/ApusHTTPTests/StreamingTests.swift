import ApusConfig
import ApusHTTP
import ApusTesting
import Synchronization
import Testing

struct StreamingTests {
  private struct Enough: Error {}

  private let head = Array("HTTP/1.1 200 OK\r\n\r\n".utf8)

  @Test func `a body is handed on as it comes, though the answer has no end`() async throws {
    let server = try await LocalServer { [head] _ in .stall(after: head + Array("one\n".utf8)) }
    let fetcher = try PooledFetcherFactory().fetcher(for: HTTPClientConfig())
    let (stream, continuation) = AsyncStream<[UInt8]>.makeStream()
    var request = FetchRequest(url: server.url, timeoutMs: 60_000, bodyBytesMax: 10)
    request.onPiece = { continuation.yield($0) }
    let sent = request
    let first = try await running {
      _ = try await fetcher.fetch(sent)
    } _: {
      await stream.first { _ in true }
    }
    #expect(first == Array("one\n".utf8))
  }

  @Test func `who takes pieces may be slow, and may end the request`() async throws {
    let server = try await LocalServer { [head] _ in
      .endless(start: head, more: [UInt8](repeating: 7, count: 1 << 16))
    }
    let fetcher = try PooledFetcherFactory().fetcher(for: HTTPClientConfig())
    let taken = Mutex(0)
    var request = FetchRequest(url: server.url, timeoutMs: 60_000, bodyBytesMax: 10)
    request.onPiece = { piece in
      await Task.yield()
      let total = taken.withLock { taken in
        taken += piece.count
        return taken
      }
      if total > 1 << 20 { throw Enough() }
    }
    let sent = request
    await #expect(throws: FetchError.self) { try await fetcher.fetch(sent) }
    // Far less than what was sent was taken.
    #expect(taken.withLock { $0 } < 2 << 20)
  }

  @Test func `a refusal is gathered, not handed on`() async throws {
    let server = try await LocalServer { _ in .answer(status: 410, body: Array("gone".utf8)) }
    let fetcher = try PooledFetcherFactory().fetcher(for: HTTPClientConfig())
    var request = FetchRequest(url: server.url, timeoutMs: 60_000, bodyBytesMax: 10)
    request.onPiece = { _ in Issue.record("handed on") }
    let answer = try await fetcher.fetch(request)
    #expect(answer.status == 410)
    #expect(answer.body == Array("gone".utf8))
  }

  @Test func `more than eight requests may wait at one server`() async throws {
    let server = try await LocalServer { request in
      request.target == "/last" ? .answer(body: []) : .stall(after: [])
    }
    let fetcher = try PooledFetcherFactory().fetcher(for: HTTPClientConfig())
    let url = server.url
    let status = try await running {
      try await withThrowingTaskGroup(of: Void.self) { group in
        for _ in 0..<20 {
          group.addTask {
            _ = try await fetcher.fetch(FetchRequest(url: "\(url)/wait", timeoutMs: 60_000))
          }
        }
        try await group.waitForAll()
      }
    } _: {
      while server.requests.count < 20 { try await Task.sleep(nanoseconds: 200_000) }
      return try await fetcher.fetch(FetchRequest(url: "\(url)/last", timeoutMs: 60_000)).status
    }
    #expect(status == 200)
  }

  @Test func `no redirect leads to a socket of this machine`() async throws {
    let server = try await LocalServer { _ in
      .answer(
        status: 302, headers: ["Location": "http+unix://%2Fvar%2Frun%2Fdocker.sock/info"],
        body: [])
    }
    let fetcher = try PooledFetcherFactory().fetcher(for: HTTPClientConfig())
    let error = await #expect(throws: FetchError.self) {
      try await fetcher.fetch(FetchRequest(url: server.url, timeoutMs: 60_000))
    }
    #expect(error?.reason == .badAddress)
  }
}
