import ApusModel
import ApusPromQL
import ApusPromQLSyntax
import ApusStorage
import ApusSystem
import ApusTelemetry
import ApusWeb
import Synchronization

/// A clock that stands still.
struct FixedClock: WallClock {
  let nowMs: Int64

  var monotonicNs: UInt64 { 0 }

  func sleep(untilMs timeMs: Int64) async throws { try Task.checkCancellation() }
}

/// What a fixture's engine was asked, and what it answers.
final class FakeEngine: Sendable {
  let asked = Mutex<[QueryRequest]>([])
  private let reply: @Sendable (QueryRequest) async throws(QueryError) -> QueryResult

  init(
    _ reply: @escaping @Sendable (QueryRequest) async throws(QueryError) -> QueryResult = {
      _ throws(QueryError) in
      QueryResult(value: .vector([]), annotations: Annotations(), statistics: QueryStatistics())
    }
  ) {
    self.reply = reply
  }

  convenience init(_ value: QueryResult.Value, warnings: [String] = []) {
    self.init { _ throws(QueryError) in
      var annotations = Annotations()
      for warning in warnings { annotations.warn(warning) }
      return QueryResult(
        value: value, annotations: annotations, statistics: QueryStatistics())
    }
  }

  func execute(_ request: QueryRequest) async throws(QueryError) -> QueryResult {
    asked.withLock { $0.append(request) }
    return try await reply(request)
  }

  var last: QueryRequest? { asked.withLock { $0.last } }
}

enum Fixture {
  /// 2026-01-01T00:00:00Z
  static let nowMs: Int64 = 1_767_225_600_000

  static func backends(
    store: FakeStore = FakeStore(), engine: FakeEngine = FakeEngine(),
    lifecycle: LifecycleBackend? = nil, status: StatusBackend = StatusBackend()
  ) -> Backends {
    let queries = QueryBackend(parserOptions: .init(), lookbackDeltaMs: 300_000) {
      request async throws(QueryError) in
      try await engine.execute(request)
    }
    return Backends(
      queries: queries, storage: StorageBackend(queryable: store, admin: store),
      status: status, lifecycle: lifecycle ?? self.lifecycle(), metrics: MetricRegistry(),
      workers: WorkerPool(name: "test", threadCount: 1),
      environment: .init(clock: FixedClock(nowMs: nowMs), log: .none))
  }

  static func lifecycle(
    isReady: Bool = true, isStopping: Bool = false, reloadProblem: String? = nil,
    quit: @escaping @Sendable () -> Void = {}
  ) -> LifecycleBackend {
    LifecycleBackend(
      isReady: { isReady }, isStopping: { isStopping }, reload: { reloadProblem }, quit: quit)
  }

  static func handlers(
    _ backends: Backends = backends(), _ change: (inout WebOptions) -> Void = { _ in }
  ) throws -> WebHandlers {
    var options = try WebOptions()
    change(&options)
    return WebHandlers(backends: backends, options: options)
  }
}

extension WebHandlers {
  func get(_ path: String, headers: HeaderFields = .init()) async -> WebResponse {
    await send(.get, path, headers: headers)
  }

  func post(_ path: String, form: String = "") async -> WebResponse {
    var request = WebRequest(
      method: .post, path: path,
      headers: ["Content-Type": "application/x-www-form-urlencoded; charset=utf-8"],
      body: Array(form.utf8))
    request.peer = "127.0.0.1"
    return await respond(to: request)
  }

  func send(
    _ method: WebMethod, _ path: String, headers: HeaderFields = .init()
  ) async -> WebResponse {
    let parts = path.split(separator: "?", maxSplits: 1)
    return await respond(
      to: WebRequest(
        method: method, path: String(parts[0]), query: parts.count > 1 ? String(parts[1]) : "",
        headers: headers, peer: "127.0.0.1"))
  }
}

extension WebResponse {
  var bodyText: String { String(decoding: wholeBody(), as: UTF8.self) }
}
