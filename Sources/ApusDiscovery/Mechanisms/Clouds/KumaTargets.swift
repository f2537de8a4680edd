internal import ApusConfig
internal import ApusHTTP
internal import ApusModel
internal import ApusSystem
internal import ApusTelemetry

/// Dataplanes of a Kuma mesh. Each query says what is known, and the control plane answers when
/// there is something else, or when time is up (xDS version 3, as JSON).
struct KumaTargets: Discoverer {
  private let config: KumaDiscoveryConfig
  private let fetcher: any HTTPFetcher
  private let clientID: String
  private let clock: any WallClock
  private let metrics: LookupMetrics
  private let log: Log

  private static let resource = "type.googleapis.com/kuma.observability.v1.MonitoringAssignment"

  init(
    _ config: KumaDiscoveryConfig, fetcher: any HTTPFetcher, clientID: String,
    clock: any WallClock, metrics: LookupMetrics, log: Log
  ) {
    self.config = config
    self.fetcher = fetcher
    self.clientID = clientID
    self.clock = clock
    self.metrics = metrics
    self.log = log.with("discovery", "kuma")
  }

  func run(_ send: @escaping @Sendable ([TargetGroup]) async -> Void) async throws {
    var state = State()
    while true {
      let startMs = clock.nowMs
      let startNs = clock.monotonicNs
      do {
        let groups = try await fetch(&state)
        if let groups { await send(groups) } else { metrics.kumaSkippedUpdates.increment() }
      } catch {
        try Task.checkCancellation()
        metrics.kumaFailures.increment()
        log.error("error parsing resources", ["err": "\(error)"])
      }
      metrics.kumaDurations.observe(Double(clock.monotonicNs - startNs) / 1e9)
      let everyMs = max(config.refreshIntervalMs, Limits.refreshEveryMsMin)
      try await clock.sleep(untilMs: max(startMs + everyMs, clock.nowMs))
    }
  }

  /// What was answered last.
  private struct State {
    var version = ""
    var nonce = ""
  }

  /// Nil where nothing is new.
  private func fetch(_ state: inout State) async throws -> [TargetGroup]? {
    let base = config.server.hasSuffix("/") ? String(config.server.dropLast()) : config.server
    let wait = URLText.queryEscaped(DurationText.text(ms: config.fetchTimeoutMs))
    var request = FetchRequest(
      url: "\(base)/v3/discovery:monitoringassignments?fetch-timeout=\(wait)",
      timeoutMs: config.fetchTimeoutMs + Limits.consulSlackMs,
      bodyBytesMax: Limits.answerBytesMax)
    request.method = "POST"
    request.headers = [
      (name: "Content-Type", value: "application/json"),
      (name: "Accept", value: "application/json"),
    ]
    var members = ["\"node\":{\"id\":\(JSONText.quoted(clientID))}"]
    members.append("\"type_url\":\(JSONText.quoted(Self.resource))")
    if !state.version.isEmpty {
      members.append("\"version_info\":\(JSONText.quoted(state.version))")
    }
    if !state.nonce.isEmpty {
      members.append("\"response_nonce\":\(JSONText.quoted(state.nonce))")
    }
    request.body = Array("{\(members.joined(separator: ","))}".utf8)
    let answer = try await fetcher.fetch(request)
    if answer.status == 304 { return nil }
    guard answer.status == 200 else {
      throw TargetSourceError("non 200 status '\(answer.status)' response during xDS fetch")
    }
    let tree = try await JSONTree.decode(answer.body).object("the answer")
    let type = Self.member(tree, "type_url", "typeUrl").text
    guard type == Self.resource else {
      throw TargetSourceError("received invalid typeURL for Kuma MADS v1 Resource: \(type)")
    }
    let targets = try tree["resources"].list("resources").flatMap(Self.targets)
    state.version = Self.member(tree, "version_info", "versionInfo").text
    state.nonce = tree["nonce"].text
    return [TargetGroup(source: "kuma", targets: targets, labels: .empty)]
  }

  /// Names of members may be written in two ways.
  private static func member(_ tree: JSONTree, _ name: String, _ other: String) -> JSONTree {
    tree[name].isNull ? tree[other] : tree[name]
  }

  private static func targets(_ assignment: JSONTree) -> [Labels] {
    let prefix = "__meta_kuma_"
    return assignment["targets"].items.map { target in
      var labels = LabelsBuilder()
      labels.set(target["labels"].textMembers, prefix: "\(prefix)label_")
      labels.set(assignment["labels"].textMembers, prefix: "\(prefix)label_")
      labels.set("\(prefix)mesh", assignment["mesh"].text)
      labels.set("\(prefix)service", assignment["service"].text)
      labels.set("\(prefix)dataplane", target["name"].text)
      labels.set(LabelNames.address, target["address"].text)
      labels.set(LabelNames.instance, target["name"].text)
      labels.set(LabelNames.scheme, target["scheme"].text)
      labels.set(LabelNames.metricsPath, member(target, "metrics_path", "metricsPath").text)
      return labels.labels()
    }
  }
}
