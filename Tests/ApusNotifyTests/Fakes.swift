import ApusConfig
import ApusHTTP
import ApusModel
import ApusNotify
import ApusSystem
import ApusTelemetry
import Synchronization

final class FixedClock: WallClock {
  private let time = Mutex<Int64>(1_000)

  var nowMs: Int64 { time.withLock { $0 } }
  var monotonicNs: UInt64 { UInt64(nowMs) * 1_000_000 }

  func sleep(untilMs timeMs: Int64) async throws {
    try Task.checkCancellation()
    time.withLock { $0 = max($0, timeMs) }
  }
}

/// Alertmanagers that keep what they are sent, and answer when the test says so.
final class FakeAlertmanagers: HTTPFetcher, HTTPFetcherFactory {
  let requests: AsyncStream<FetchRequest>
  private let arrived: AsyncStream<FetchRequest>.Continuation
  private let status: Mutex<Int>
  private let gate: AsyncStream<Void>?
  /// Client configurations that no fetcher can be made for.
  let refusesTLS: Bool

  /// - Parameter gate: each answer waits for one element of it; nil for answers at once.
  init(status: Int = 200, gate: AsyncStream<Void>? = nil, refusesTLS: Bool = false) {
    self.status = Mutex(status)
    self.gate = gate
    self.refusesTLS = refusesTLS
    (requests, arrived) = AsyncStream.makeStream()
  }

  func answer(status: Int) { self.status.withLock { $0 = status } }

  func fetcher(for config: HTTPClientConfig) throws -> any HTTPFetcher {
    if refusesTLS && !config.tls.caFile.isEmpty {
      throw FetchError(.tls, url: "", description: "no such file")
    }
    return self
  }

  func fetch(_ request: FetchRequest) async throws -> FetchResponse {
    try Task.checkCancellation()
    arrived.yield(request)
    if let gate {
      var iterator = gate.makeAsyncIterator()
      _ = await iterator.next()
    }
    return FetchResponse(status: status.withLock { $0 }, headers: [], body: [])
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

func alert(_ name: String, _ labels: Labels = [:], startsAtMs: Int64 = 0) -> Alert {
  var builder = LabelsBuilder(labels)
  builder.set("alertname", name)
  return Alert(
    labels: builder.labels(), annotations: .empty, startsAtMs: startsAtMs, endsAtMs: 0,
    generatorURL: "")
}

func group(_ addresses: String..., labels: Labels = .empty) -> TargetGroup {
  TargetGroup(
    source: "0", targets: addresses.map { Labels([Label("__address__", $0)]) }, labels: labels)
}
