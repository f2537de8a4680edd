internal import ApusConfig
internal import ApusModel
internal import ApusSystem
internal import ApusTelemetry

/// Services of Consul, each watched by a query that waits for a change of it; where not all are
/// named, the catalog is watched for their names.
struct ConsulTargets: Discoverer {
  private let config: ConsulDiscoveryConfig
  private let api: ConsulAPI
  private let clock: any WallClock
  private let metrics: DiscoveryMetrics
  private let log: Log

  init(
    _ config: ConsulDiscoveryConfig, api: ConsulAPI, clock: any WallClock,
    metrics: DiscoveryMetrics, log: Log
  ) {
    self.config = config
    self.api = api
    self.clock = clock
    self.metrics = metrics
    self.log = log.with("discovery", "consul")
  }

  func run(_ send: @escaping @Sendable ([TargetGroup]) async -> Void) async throws {
    let datacenter = try await datacenter()
    if !config.services.isEmpty && config.tags.isEmpty {
      try await withThrowingDiscardingTaskGroup { group in
        for service in Set(config.services) {
          group.addTask { try await watch(service, datacenter, send) }
        }
      }
      return
    }
    try await withThrowingDiscardingTaskGroup { group in
      var watched: [String: StopSignal] = [:]
      var state = ConsulWatch()
      while true {
        let startMs = clock.nowMs
        let answer = await attempt("Error refreshing service list") {
          try await api.services(after: state.index, datacenter: datacenter)
        }
        try Task.checkCancellation()
        if let answer, state.isNews(answer.index), let wanted = wanted(answer.tree) {
          for name in wanted where watched[name] == nil {
            let signal = StopSignal()
            watched[name] = signal
            group.addTask {
              await signal.run { try await watch(name, datacenter, send) }
            }
          }
          for name in Set(watched.keys).subtracting(wanted) {
            // What the watch has under way must not come behind the end of the group.
            await watched.removeValue(forKey: name)?.stop()
            await send([TargetGroup(source: name, targets: [], labels: .empty)])
          }
          // Somebody may wait for the first answer, be it empty.
          if watched.isEmpty { await send([]) }
        }
        try await pause(since: startMs, hasFailed: answer == nil)
      }
    }
  }

  private func datacenter() async throws -> String {
    if !config.datacenter.isEmpty { return config.datacenter }
    while true {
      let found = await attempt("Error retrieving datacenter name") {
        try await api.datacenter()
      }
      if let found { return found }
      try await clock.sleep(forMs: Limits.consulRetryMs)
    }
  }

  /// The names of services that are to be watched; nil where the answer is none.
  private func wanted(_ tree: JSONTree) -> Set<String>? {
    guard case .object(let services) = tree else {
      metrics.lookups.consulFailures.increment()
      log.error("Error refreshing service list", ["err": "the list of services is no object"])
      return nil
    }
    return Set(
      services.compactMap { name, tags in
        let isNamed = config.services.isEmpty || config.services.contains(name)
        return isNamed && Set(config.tags).isSubset(of: tags.texts) ? name : nil
      })
  }

  private func watch(
    _ service: String, _ datacenter: String,
    _ send: @escaping @Sendable ([TargetGroup]) async -> Void
  ) async throws {
    let instances = ConsulInstances(
      service: service, datacenter: datacenter, tagSeparator: config.tagSeparator)
    var state = ConsulWatch()
    while true {
      let startMs = clock.nowMs
      let before = state.index
      let found = await attempt("Error refreshing service", service) {
        let answer = try await api.instances(
          of: service, after: before, datacenter: datacenter)
        return (index: answer.index, group: try instances.group(answer.tree))
      }
      try Task.checkCancellation()
      if let found, state.isNews(found.index) { await send([found.group]) }
      try await pause(since: startMs, hasFailed: found == nil)
    }
  }

  /// What a call gives; nil where it fails, which is counted and said.
  private func attempt<T: Sendable>(
    _ failure: StaticString, _ service: String = "", _ call: () async throws -> T
  ) async -> T? {
    do {
      return try await call()
    } catch {
      if Task.isCancelled { return nil }
      metrics.lookups.consulFailures.increment()
      let tags = config.tags.joined(separator: ",")
      log.error(failure, ["service": service, "tags": tags, "err": "\(error)"])
      return nil
    }
  }

  /// Queries begin one refresh interval apart, or more where they wait for longer.
  private func pause(since startMs: Int64, hasFailed: Bool) async throws {
    let dueMs = startMs + max(config.refreshIntervalMs, Limits.refreshEveryMsMin)
    let retryMs = hasFailed ? clock.nowMs + Limits.consulRetryMs : dueMs
    try await clock.sleep(untilMs: max(dueMs, retryMs))
  }
}

/// How far a watch has seen.
struct ConsulWatch: Sendable, Equatable {
  /// For the next query; 0 for one that does not wait.
  private(set) var index: UInt64 = 0
  private var hasAnswer = false

  init() {}

  /// Takes the index of an answer; false if it shows nothing new. One that goes back means that the
  /// servers lost their state, so that the next query must not wait for the old one.
  mutating func isNews(_ new: UInt64) -> Bool {
    defer {
      hasAnswer = true
      index = new < index ? 0 : new
    }
    return !hasAnswer || new != index
  }
}
