import ApusModel
import ApusPromQL
import ApusSystem
import ApusTelemetry
import ApusWeb
import NIOCore
import Synchronization
import Testing

struct WebServerTests {
  /// Runs a server on a free port while `body` talks to it.
  private func serving(
    _ backends: Backends = Fixture.backends(), _ change: (inout WebOptions) -> Void = { _ in },
    _ body: @escaping @Sendable (_ port: Int, WebServer) async throws -> Void
  ) async throws {
    var options = try WebOptions()
    options.listenAddresses = [ListenAddress(host: "127.0.0.1", port: 0)]
    change(&options)
    let server = WebServer(options: options, backends: backends)
    let (ports, source) = AsyncStream<Int>.makeStream()
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await server.run { _, port in source.yield(port) } }
      var iterator = ports.makeAsyncIterator()
      let port = try #require(await iterator.next())
      try await body(port, server)
      server.stop()
      try await group.waitForAll()
    }
  }

  private static func get(_ path: String, _ headers: String = "") -> String {
    "GET \(path) HTTP/1.1\r\nHost: x\r\n\(headers)\r\n"
  }

  @Test func `requests on one connection are answered in turn`() async throws {
    try await serving { port, _ in
      let answers = try await RawClient.connect(port: port).exchange(
        [Self.get("/-/healthy"), Self.get("/-/ready")], answerEndsWith: ".\n")
      #expect(answers[0].hasPrefix("HTTP/1.1 200 OK\r\n"))
      #expect(answers[0].hasSuffix("\r\n\r\nPrometheus Server is Healthy.\n"))
      #expect(answers[0].lowercased().contains("date: thu, 01 jan 2026 00:00:00 gmt"))
      #expect(answers[1].hasSuffix("Prometheus Server is Ready.\n"))
    }
  }

  @Test func `an answer to HEAD has a length and no body`() async throws {
    try await serving { port, _ in
      let text = try await RawClient.connect(port: port).exchange(
        "HEAD /-/healthy HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
      #expect(text.lowercased().contains("content-length: 30\r\n"))
      #expect(text.hasSuffix("\r\n\r\n"))
    }
  }

  @Test func `a body that declares too many bytes is refused unread`() async throws {
    try await serving { port, _ in
      let text = try await RawClient.connect(port: port).exchange(
        "POST /api/v1/query HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n")
      #expect(text.hasPrefix("HTTP/1.1 413 "))
      #expect(text.hasSuffix("request body exceeds the 10485760 bytes limit\n"))
    }
  }

  @Test func `a body that turns out too large is refused when it is over`() async throws {
    try await serving { port, _ in
      let chunk = String(repeating: "x", count: 1 << 20)
      let body = String(repeating: "100000\r\n\(chunk)\r\n", count: 12) + "0\r\n\r\n"
      let text = try await RawClient.connect(port: port).exchange(
        "POST /api/v1/query HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
          + "Transfer-Encoding: chunked\r\n\r\n\(body)")
      #expect(text.hasPrefix("HTTP/1.1 413 "))
      #expect(text.hasSuffix("request body exceeds the 10485760 bytes limit\n"))
    }
  }

  @Test func `a form in a body is read`() async throws {
    let engine = FakeEngine(.scalar(timeMs: 0, value: 7))
    try await serving(Fixture.backends(engine: engine)) { port, _ in
      let body = "query=1%2B6&time=0"
      let text = try await RawClient.connect(port: port).exchange(
        "POST /api/v1/query HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
          + "Content-Type: application/x-www-form-urlencoded\r\n"
          + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)")
      #expect(text.hasSuffix(#""result":[0,"7"]}}"#))
      #expect(engine.last?.expression == "1+6")
    }
  }

  @Test func `a long answer comes in chunks`() async throws {
    let points = 30_000
    let series = RangeSeries(
      labels: ["a": "b"], times: (0..<points).map { Int64($0) * 1000 },
      values: (0..<points).map(Double.init))
    try await serving(Fixture.backends(engine: FakeEngine(.matrix([series])))) { port, _ in
      let text = try await RawClient.connect(port: port).exchange(
        Self.get(
          "/api/v1/query_range?query=x&start=0&end=1&step=1", "Connection: close\r\n"))
      #expect(text.lowercased().contains("transfer-encoding: chunked"))
      #expect(text.contains(#"[29999,"29999"]]}]}}"#))
      #expect(text.hasSuffix("\r\n0\r\n\r\n"))
    }
  }

  @Test func `a query ends when its client goes away`() async throws {
    let (begun, beganSource) = AsyncStream<Void>.makeStream()
    let (ended, endedSource) = AsyncStream<Void>.makeStream()
    let engine = FakeEngine { _ throws(QueryError) in
      beganSource.yield()
      do {
        try await Task.sleep(for: .seconds(600))
      } catch {
        endedSource.yield()
      }
      throw .canceled("query was canceled")
    }
    try await serving(Fixture.backends(engine: engine)) { port, _ in
      try await RawClient.connect(port: port).sendAndLeave(
        Self.get("/api/v1/query?query=slow"),
        when: {
          var iterator = begun.makeAsyncIterator()
          await iterator.next()
        })
      var iterator = ended.makeAsyncIterator()
      await iterator.next()
    }
    #expect(engine.asked.withLock { $0.count } == 1)
  }

  @Test func `stopping lets a request under way finish`() async throws {
    let (begun, beganSource) = AsyncStream<Void>.makeStream()
    let (released, release) = AsyncStream<Void>.makeStream()
    let engine = FakeEngine { _ throws(QueryError) in
      beganSource.yield()
      var iterator = released.makeAsyncIterator()
      await iterator.next()
      return QueryResult(
        value: .scalar(timeMs: 0, value: 3), annotations: Annotations(),
        statistics: QueryStatistics())
    }
    try await serving(Fixture.backends(engine: engine)) { port, server in
      async let answer = RawClient.connect(port: port).exchange(
        Self.get("/api/v1/query?query=slow"))
      var iterator = begun.makeAsyncIterator()
      await iterator.next()
      server.stop()
      release.yield()
      let text = try await answer
      #expect(text.hasSuffix(#""result":[0,"3"]}}"#))
      #expect(text.contains("Connection: close"))
    }
  }

  @Test func `requests sent without waiting are answered in their order`() async throws {
    let (released, release) = AsyncStream<Void>.makeStream()
    let engine = FakeEngine { _ throws(QueryError) in
      var iterator = released.makeAsyncIterator()
      await iterator.next()
      return QueryResult(
        value: .scalar(timeMs: 0, value: 3), annotations: Annotations(),
        statistics: QueryStatistics())
    }
    try await serving(Fixture.backends(engine: engine)) { port, _ in
      async let answers = RawClient.connect(port: port).exchange(
        Self.get("/api/v1/query?query=slow") + Self.get("/-/healthy")
          + Self.get("/-/ready", "Connection: close\r\n"))
      release.yield()
      let text = try await answers
      let places = ["\"3\"", "Healthy", "Ready"].map { text.firstRange(of: $0)?.lowerBound }
      #expect(!places.contains(nil))
      #expect(places.compactMap { $0 }.sorted() == places.compactMap { $0 })
    }
  }

  @Test func `a client beyond the bound waits until another has gone`() async throws {
    try await serving(Fixture.backends(), { $0.connectionsMax = 1 }) { port, _ in
      let first = try await RawClient.connect(port: port)
      async let second = RawClient.connect(port: port).exchange(
        Self.get("/-/healthy", "Connection: close\r\n"))
      // The first one is served while the second one waits.
      let answer = try await first.exchange(Self.get("/-/ready", "Connection: close\r\n"))
      #expect(answer.hasSuffix("Prometheus Server is Ready.\n"))
      #expect(try await second.hasSuffix("Prometheus Server is Healthy.\n"))
    }
  }

  @Test func `a long answer to HTTP 1.0 ends with the connection`() async throws {
    let points = 30_000
    let series = RangeSeries(
      labels: ["a": "b"], times: (0..<points).map { Int64($0) * 1000 },
      values: (0..<points).map(Double.init))
    try await serving(Fixture.backends(engine: FakeEngine(.matrix([series])))) { port, _ in
      let text = try await RawClient.connect(port: port).exchange(
        "GET /api/v1/query_range?query=x&start=0&end=1&step=1 HTTP/1.0\r\n\r\n")
      #expect(text.hasPrefix("HTTP/1.0 200 OK\r\n"))
      #expect(!text.lowercased().contains("transfer-encoding"))
      #expect(text.hasSuffix(#"[29999,"29999"]]}]}}"#))
      let head = try await RawClient.connect(port: port).exchange(
        "HEAD /api/v1/query_range?query=x&start=0&end=1&step=1 HTTP/1.1\r\nHost: x\r\n"
          + "Connection: close\r\n\r\n")
      #expect(head.hasSuffix("\r\n\r\n"))
    }
  }

  @Test func `cancelling the server's task ends it at once`() async throws {
    var options = try WebOptions()
    options.listenAddresses = [ListenAddress(host: "127.0.0.1", port: 0)]
    let server = WebServer(options: options, backends: Fixture.backends())
    let (ports, source) = AsyncStream<Int>.makeStream()
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await server.run { _, port in source.yield(port) } }
      var iterator = ports.makeAsyncIterator()
      let port = try #require(await iterator.next())
      let client = try await RawClient.connect(port: port)
      async let text = client.exchange("")
      group.cancelAll()
      try await group.waitForAll()
      // Closed by the end of the connection, or of the listener before it was accepted.
      #expect((try? await text) ?? "" == "")
    }
  }

  @Test func `garbage is a bad request, and the server goes on`() async throws {
    try await serving { port, _ in
      let text = try await RawClient.connect(port: port).exchange("garbage\r\n\r\n")
      #expect(text.hasPrefix("HTTP/1.1 400 "))
      let header = String(repeating: "x", count: 2 << 20)
      let endless = try await RawClient.connect(port: port).exchange(
        Self.get("/", "X-Long: \(header)\r\n"))
      #expect(endless.hasPrefix("HTTP/1.1 431 "))
      let good = try await RawClient.connect(port: port).exchange(
        Self.get("/-/healthy", "Connection: close\r\n"))
      #expect(good.hasPrefix("HTTP/1.1 200 OK"))
    }
  }

  @Test func `several addresses are listened on, and requests are counted`() async throws {
    let backends = Fixture.backends()
    var options = try WebOptions()
    options.listenAddresses = [
      ListenAddress(host: "127.0.0.1", port: 0), ListenAddress(host: "127.0.0.1", port: 0),
    ]
    let server = WebServer(options: options, backends: backends)
    let (ports, source) = AsyncStream<Int>.makeStream()
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await server.run { _, port in source.yield(port) } }
      var iterator = ports.makeAsyncIterator()
      for _ in 0..<2 {
        let port = try #require(await iterator.next())
        _ = try await RawClient.connect(port: port).exchange(
          Self.get("/api/v1/label/job/values", "Connection: close\r\n"))
      }
      server.stop()
      try await group.waitForAll()
    }
    let counted = backends.metrics.snapshot().first { $0.name == "prometheus_http_requests_total" }
    let point = counted?.points.first
    #expect(point?.value == 2)
    #expect(point?.labels.map(\.value) == ["200", "/api/v1/label/:name/values"])
  }

  @Test func `an address in use is an error that names it`() async throws {
    try await serving { port, _ in
      var options = try WebOptions()
      options.listenAddresses = [ListenAddress(host: "127.0.0.1", port: port)]
      let second = WebServer(options: options, backends: Fixture.backends())
      let error = await #expect(throws: WebServerError.self) { try await second.run() }
      #expect(
        error?.description == "listen tcp 127.0.0.1:\(port): bind: address already in use")
    }
  }

  @Test func `addresses are read as Go writes them`() {
    #expect(ListenAddress("0.0.0.0:9090") == ListenAddress(host: "0.0.0.0", port: 9090))
    #expect(ListenAddress(":9090") == ListenAddress(host: "0.0.0.0", port: 9090))
    #expect(ListenAddress("[::1]:80")?.description == "[::1]:80")
    #expect(ListenAddress("9090") == nil)
    #expect(ListenAddress("a:99999") == nil)
  }
}
