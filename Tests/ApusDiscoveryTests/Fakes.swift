import ApusConfig
import ApusDiscovery
import ApusHTTP
import ApusModel
import ApusSystem
import ApusTelemetry
import Synchronization

/// A clock on which waiting takes no time: it jumps to where someone waits for.
final class JumpingClock: WallClock {
  private let time = Mutex<Int64>(1_000_000)

  var nowMs: Int64 { time.withLock { $0 } }
  var monotonicNs: UInt64 { UInt64(nowMs) * 1_000_000 }

  func sleep(untilMs timeMs: Int64) async throws {
    try Task.checkCancellation()
    time.withLock { $0 = max($0, timeMs) }
    // Real waiting, so that a loop that polls does not starve the others.
    try await Task.sleep(nanoseconds: 200_000)
  }
}

/// Answers what it is told to.
final class FakeFetcher: HTTPFetcher, HTTPFetcherFactory {
  private let answers: Mutex<[Result<FetchResponse, FetchError>]>
  let requests = Mutex<[FetchRequest]>([])

  /// The last answer is given again and again.
  init(_ answers: [Result<FetchResponse, FetchError>]) { self.answers = Mutex(answers) }

  func fetcher(for config: HTTPClientConfig) throws -> any HTTPFetcher { self }

  func fetch(_ request: FetchRequest) async throws -> FetchResponse {
    requests.withLock { $0.append(request) }
    return try answers.withLock { $0.count > 1 ? $0.removeFirst() : $0[0] }.get()
  }

  static func json(_ text: String, type: String = "application/json", status: Int = 200)
    -> Result<FetchResponse, FetchError>
  {
    .success(
      FetchResponse(
        status: status, headers: [(name: "content-type", value: type)], body: Array(text.utf8)))
  }
}

/// Runs a part until the body is done with it.
func running<T: Sendable>(
  _ part: @escaping @Sendable () async throws -> Void,
  _ body: @escaping @Sendable () async throws -> T
) async throws -> T {
  try await withThrowingTaskGroup(of: T?.self) { group in
    group.addTask {
      try? await part()
      return nil
    }
    group.addTask { try await body() }
    while let result = try await group.next() {
      if let result {
        group.cancelAll()
        return result
      }
    }
    throw CancellationError()
  }
}

extension TargetGroup {
  var addresses: [String] { targets.map { $0.value(of: "__address__") } }
}
