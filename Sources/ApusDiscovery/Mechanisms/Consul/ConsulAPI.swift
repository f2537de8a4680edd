internal import ApusConfig
internal import ApusHTTP
internal import ApusModel
internal import ApusSystem
internal import ApusTelemetry

/// Asks a Consul agent, with queries that wait for a change.
struct ConsulAPI: Sendable {
  /// An answer and the state of the catalog that it shows.
  struct Answer: Sendable {
    let tree: JSONTree
    /// 0 where the agent tells none.
    let index: UInt64
  }

  private let config: ConsulDiscoveryConfig
  private let fetcher: any HTTPFetcher
  private let clock: any WallClock
  private let metrics: DiscoveryMetrics

  init(
    _ config: ConsulDiscoveryConfig, fetcher: any HTTPFetcher, clock: any WallClock,
    metrics: DiscoveryMetrics
  ) {
    self.config = config
    self.fetcher = fetcher
    self.clock = clock
    self.metrics = metrics
  }

  /// The datacenter of the agent.
  func datacenter() async throws -> String {
    let answer = try await send("/v1/agent/self", query: [], timeoutMs: Limits.consulSlackMs)
    let name = try await JSONTree.decode(answer.body)["Config"]["Datacenter"]
    guard let text = name.optionalText else {
      throw TargetSourceError("invalid value for Config.Datacenter")
    }
    return text
  }

  /// Names and tags of all services, when the state is another than `index` or time is up.
  func services(after index: UInt64, datacenter: String) async throws -> Answer {
    try await timed("services") {
      try await waiting("/v1/catalog/services", after: index, datacenter, filter: config.filter)
    }
  }

  /// The instances of a service, when the state is another than `index` or time is up.
  func instances(
    of service: String, after index: UInt64, datacenter: String
  ) async throws -> Answer {
    let path = "/v1/health/service/" + URLText.escaped(service, blank: "%20")
    return try await timed("service") {
      try await waiting(
        path, after: index, datacenter, filter: config.healthFilter, tags: config.tags)
    }
  }

  private func timed(_ call: String, _ body: () async throws -> Answer) async throws -> Answer {
    let startNs = clock.monotonicNs
    defer {
      metrics.lookups.consulDurations["catalog", call].observe(
        Double(clock.monotonicNs - startNs) / 1e9)
    }
    return try await body()
  }

  private func waiting(
    _ path: String, after index: UInt64, _ datacenter: String, filter: String,
    tags: [String] = []
  ) async throws -> Answer {
    var query = tags.map { ("tag", $0) }
    query.append(("dc", datacenter))
    query.append(("ns", config.namespace))
    query.append(("partition", config.partition))
    query.append(("filter", filter))
    if index > 0 { query.append(("index", "\(index)")) }
    query.append(("wait", "\(Limits.consulWatchMs)ms"))
    for pair in config.nodeMeta { query.append(("node-meta", "\(pair.name):\(pair.value)")) }
    query = query.filter { !$0.1.isEmpty }
    if config.allowsStale { query.append(("stale", "")) }
    let answer = try await send(
      path, query: query, timeoutMs: Limits.consulWatchMs + Limits.consulSlackMs)
    return Answer(
      tree: try await JSONTree.decode(answer.body),
      index: answer.header("X-Consul-Index").flatMap { UInt64($0) } ?? 0)
  }

  private func send(
    _ path: String, query: [(String, String)], timeoutMs: Int64
  ) async throws -> FetchResponse {
    let text = query.map { "\($0)=\(URLText.queryEscaped($1))" }.joined(separator: "&")
    var request = FetchRequest(
      url: base + path + (text.isEmpty ? "" : "?\(text)"), timeoutMs: timeoutMs,
      bodyBytesMax: Limits.answerBytesMax)
    if !config.token.isEmpty {
      request.headers.append((name: "X-Consul-Token", value: config.token.text))
    }
    let answer = try await fetcher.fetch(request)
    guard answer.status == 200 else {
      throw APIStatusError(status: answer.status, what: path, body: answer.body)
    }
    return answer
  }

  /// The server may be given with its scheme.
  private var base: String {
    let server =
      config.server.contains("://") ? config.server : "\(config.scheme)://\(config.server)"
    let prefix = config.pathPrefix.split(separator: "/").joined(separator: "/")
    let plain = server.hasSuffix("/") ? String(server.dropLast()) : server
    return prefix.isEmpty ? plain : "\(plain)/\(prefix)"
  }
}
