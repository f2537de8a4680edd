import ApusConfig
import ApusHTTP
import ApusModel
import ApusSystem
import ApusTelemetry
import ApusTesting
import Synchronization
import Testing

@testable import ApusDiscovery

/// A mechanism as its configuration makes it, and what it finds.
struct DiscoveryHarness: Sendable {
  let registry = MetricRegistry()
  let files = MemoryFileSystem()
  let clock = JumpingClock()
  var environment: [String: String] = [:]
  var fetchers: any HTTPFetcherFactory = PooledFetcherFactory()

  /// The first mechanism of a job with these lines.
  func mechanism(_ yaml: String) throws -> DiscoveryManager.Mechanism {
    let indented = yaml.split(separator: "\n").map { "    \($0)\n" }.joined()
    let text = "scrape_configs:\n  - job_name: job\n" + indented
    let loader = ConfigLoader(files: files, environment: { _ in nil })
    let config = try loader.load(text: text, path: "prometheus.yml")
    return try #require(
      DiscoveryManager.Mechanism.all(of: config.scrapeConfigs[0].discovery).first)
  }

  var metrics: DiscoveryMetrics { DiscoveryMetrics(registry) }

  func discoverer(_ yaml: String) throws -> any Discoverer {
    let environment = environment
    let doors = DiscoveryDoors(
      files: files, fetchers: fetchers, clock: clock, random: SystemRandomSource(),
      environment: { environment[$0] }, userAgent: "Prometheus/test")
    return try DiscovererFactory(doors: doors, metrics: metrics, log: .none, job: "job")
      .discoverer(try mechanism(yaml))
  }

  /// Runs a discoverer while the body looks at its updates.
  func run<T: Sendable>(
    _ discoverer: any Discoverer,
    _ body: @escaping @Sendable (inout AsyncStream<[TargetGroup]>.Iterator) async throws -> T
  ) async throws -> T {
    let (stream, continuation) = AsyncStream<[TargetGroup]>.makeStream()
    return try await running {
      try await discoverer.run { continuation.yield($0) }
    } _: {
      var iterator = stream.makeAsyncIterator()
      return try await body(&iterator)
    }
  }

  /// The first update of a mechanism.
  func first(_ yaml: String) async throws -> [TargetGroup] {
    try await run(try discoverer(yaml)) { try #require(await $0.next()) }
  }

  /// What a mechanism says of its first refresh that fails; the source itself is asked.
  func failure(_ yaml: String) async throws -> String {
    let source = try #require(try discoverer(yaml) as? RefreshedTargets)
    do {
      _ = try await source.source.groups()
      return ""
    } catch {
      return "\(error)"
    }
  }
}

extension TargetGroup {
  /// All labels of each target, its own over those of the group.
  var all: [[String: String]] {
    targets.map { target in
      var labels: [String: String] = [:]
      for label in self.labels { labels[label.name] = label.value }
      for label in target { labels[label.name] = label.value }
      return labels
    }
  }
}

/// An API that answers from a list of addresses, and refuses all else.
final class RecordedAPI: HTTPFetcher, HTTPFetcherFactory {
  private let answers: [String: String]
  private let type: String
  private let asked = Mutex<[FetchRequest]>([])

  init(_ answers: [String: String], type: String = "application/json") {
    self.answers = answers
    self.type = type
  }

  var requests: [FetchRequest] { asked.withLock { $0 } }
  var urls: [String] { requests.map(\.url) }

  func header(_ name: String) -> String? {
    requests.last?.headers.first { $0.name.lowercased() == name.lowercased() }?.value
  }

  func fetcher(for config: HTTPClientConfig) throws -> any HTTPFetcher { self }

  func fetch(_ request: FetchRequest) async throws -> FetchResponse {
    asked.withLock { $0.append(request) }
    let answer = answers[request.url]
    return FetchResponse(
      status: answer == nil ? 404 : 200, headers: [(name: "Content-Type", value: type)],
      body: Array((answer ?? "no such page").utf8))
  }
}
