import ApusConfig
import ApusHTTP
import ApusModel
import ApusScrape
import ApusStorage
import ApusSystem
import ApusTelemetry
import ApusTesting
import Synchronization

/// Answers what the test says, by URL; takes simulated time if told so.
final class FakeFetcher: HTTPFetcher, HTTPFetcherFactory {
  enum Answer: Sendable {
    case body(String, contentType: String = "text/plain")
    case bytes([UInt8], contentType: String)
    case status(Int)
    case error(FetchError.Reason, String)
  }

  private struct State {
    var answers: [String: Answer] = [:]
    var requests: [FetchRequest] = []
    var delayMs: Int64 = 0
    var configs: [HTTPClientConfig] = []
    var refusal: String?
  }

  private let state = Mutex(State())
  let clock: SimulatedClock

  init(_ clock: SimulatedClock) { self.clock = clock }

  var requests: [FetchRequest] { state.withLock { $0.requests } }
  var configs: [HTTPClientConfig] { state.withLock { $0.configs } }

  func answer(_ url: String, _ answer: Answer) { state.withLock { $0.answers[url] = answer } }
  /// Makes the next answer come late.
  func delay(byMs delayMs: Int64) { state.withLock { $0.delayMs = delayMs } }
  func refuse(_ text: String?) { state.withLock { $0.refusal = text } }

  func fetcher(for config: HTTPClientConfig) throws -> any HTTPFetcher {
    try state.withLock {
      $0.configs.append(config)
      if let text = $0.refusal { throw FetchError(.tls, url: "", description: text) }
    }
    return self
  }

  func fetch(_ request: FetchRequest) async throws -> FetchResponse {
    let (answer, delayMs) = state.withLock { state in
      state.requests.append(request)
      defer { state.delayMs = 0 }
      return (state.answers[request.url], state.delayMs)
    }
    if delayMs > 0 { clock.jump(byMs: delayMs) }
    switch answer {
    case .body(let text, let contentType):
      return FetchResponse(
        status: 200, headers: [("content-type", contentType)], body: Array(text.utf8))
    case .bytes(let bytes, let contentType):
      return FetchResponse(
        status: 200, headers: [("content-type", contentType)], body: bytes)
    case .status(let code): return FetchResponse(status: code, headers: [], body: [])
    case .error(let reason, let text):
      throw FetchError(reason, url: request.url, description: text)
    case nil:
      throw FetchError(.refused, url: request.url, description: "no answer for \(request.url)")
    }
  }
}

/// A manager that runs on simulated time, with one job of one target unless the test adds more.
final class ScrapeHarness: Sendable {
  static let url = "http://a:1/metrics"

  let clock = SimulatedClock()
  let appender = RecordingAppender()
  let fetcher: FakeFetcher
  let files = MemoryFileSystem()
  let registry = MetricRegistry()
  let manager: ScrapeManager

  init(addsTypeAndUnit: Bool = false) {
    fetcher = FakeFetcher(clock)
    var options = ScrapeOptions(userAgent: "Prometheus/3.0", hostname: "test")
    options.hasExtraScrapeMetrics = false
    options.addsTypeAndUnit = addsTypeAndUnit
    manager = ScrapeManager(
      ScrapeDoors(
        fetchers: fetcher, appender: appender,
        workers: WorkerPool(name: "test", threadCount: 1), clock: clock, files: files),
      options: options, metrics: registry, log: .none)
  }

  static func config(_ job: String = "j") -> ScrapeConfig {
    var config = ScrapeConfig()
    config.jobName = job
    config.intervalMs = 10_000
    config.timeoutMs = 5_000
    config.protocols = [.openMetrics1, .openMetrics0, .text1, .text0]
    return config
  }

  static func group(_ addresses: String...) -> TargetGroup {
    TargetGroup(
      source: "0", targets: addresses.map { ["__address__": $0] }, labels: .empty)
  }

  /// Runs the manager for as long as `body` does.
  func run(
    _ config: ScrapeConfig = config(), targets: TargetGroup = group("a:1"),
    _ body: () async throws -> Void
  ) async throws {
    try await manager.apply([config], externalLabels: .empty)
    await manager.update([config.jobName: [targets]])
    async let _: Void = manager.run()
    try await body()
  }

  /// Lets the next scrape happen; returns what it stored, without the report, as text.
  func scrape(_ body: String, contentType: String = "text/plain") async -> [String] {
    fetcher.answer(Self.url, .body(body, contentType: contentType))
    return await next()
  }

  func scrape(_ answer: FakeFetcher.Answer) async -> [String] {
    fetcher.answer(Self.url, answer)
    return await next()
  }

  /// The same for a protobuf body.
  func scrape(_ families: [UInt8]...) async -> [String] {
    let type =
      "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily;"
      + " encoding=delimited"
    fetcher.answer(Self.url, .bytes(families.flatMap { $0 }, contentType: type))
    return await next()
  }

  private func next() async -> [String] {
    appender.clear()
    let requests = fetcher.requests.count
    while fetcher.requests.count == requests { await advance(toMs: await idle()) }
    return stored
  }

  /// Lets time pass, from one turn of the manager to the next.
  func advance(byMs durationMs: Int64) async {
    let endMs = clock.nowMs + durationMs
    while true {
      let nextMs = await idle()
      guard nextMs <= endMs else { break }
      await advance(toMs: nextMs)
    }
    if clock.nowMs < endMs { await clock.advance(byMs: endMs - clock.nowMs) }
  }

  private func advance(toMs timeMs: Int64) async {
    await clock.advance(byMs: max(0, timeMs - clock.nowMs))
    _ = await idle()
  }

  /// Waits until the manager sleeps and nothing is being scraped; says until when it sleeps.
  @discardableResult
  private func idle() async -> Int64 {
    while true {
      if let untilMs = await manager.idleUntilMs, clock.hasSleeper(at: untilMs) { return untilMs }
      await clock.settle()
    }
  }

  /// The newest samples but the report, without time and target labels.
  var stored: [String] {
    appender.samples.filter { !Self.isReport($0.labels) }.map(Self.short)
  }

  /// The newest value of a synthetic series.
  func report(_ name: String) -> Double? {
    appender.samples.last { $0.labels.metricName == name }?.value
  }

  /// The newest histograms, as `labels count sum schema [buckets]`.
  var storedHistograms: [String] {
    appender.histograms.map { labels, _, h in
      let name = Self.short(.init(labels, 0, 0)).dropLast(2)
      let buckets = (h.negativeBuckets + h.positiveBuckets).map(FloatText.g).joined(separator: " ")
      let bounds = h.customBounds.isEmpty ? "" : " bounds \(h.customBounds)"
      return "\(name) \(FloatText.g(h.count)) \(FloatText.g(h.sum)) schema \(h.schema)"
        + " [\(buckets)]\(bounds)"
    }
  }

  static func isReport(_ labels: Labels) -> Bool {
    let name = labels.metricName
    return name == "up" || name.hasPrefix("scrape_")
  }

  static func short(_ sample: RecordingAppender.Sample) -> String {
    var builder = LabelsBuilder(sample.labels)
    builder.delete("__name__")
    builder.delete("job")
    builder.delete("instance")
    let labels = builder.isEmpty ? "" : builder.labels().description
    let value = StaleMarker.isStale(sample.value) ? "stale" : FloatText.g(sample.value)
    return "\(sample.labels.metricName)\(labels) \(value)"
  }

  func status() async -> TargetStatus? { await manager.status().activeTargets.first }

  func counter(_ name: String) -> Double? {
    registry.snapshot().first { $0.name == name }?.points.first?.value
  }
}
