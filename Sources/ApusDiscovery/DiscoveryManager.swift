package import ApusConfig
package import ApusHTTP
package import ApusModel
package import ApusSystem
package import ApusTelemetry

/// What discovery needs of the world.
package struct DiscoveryDoors: Sendable {
  package let files: any FileSystem
  package let fetchers: any HTTPFetcherFactory
  package let clock: any WallClock
  package let random: any RandomSource
  /// The value of a variable of the process.
  package let environment: @Sendable (String) -> String?

  /// - Parameter userAgent: how requests name who asks, such as `Prometheus/3.5.0`.
  package init(
    files: any FileSystem, fetchers: any HTTPFetcherFactory, clock: any WallClock,
    random: any RandomSource, environment: @escaping @Sendable (String) -> String?,
    userAgent: String
  ) {
    self.files = files
    self.fetchers = NamedFetchers(inner: fetchers, userAgent: userAgent)
    self.clock = clock
    self.random = random
    self.environment = environment
  }
}

/// Runs one task for each mechanism, and tells the groups of all jobs whenever some change: at
/// once after `apply`, else gathered, at most every `Limits.updateEveryMs`.
package actor DiscoveryManager {
  package typealias Deliver = @Sendable ([String: [TargetGroup]]) async -> Void

  private let name: String
  private let doors: DiscoveryDoors
  private let metrics: DiscoveryMetrics
  private let log: Log
  private let deliver: Deliver
  private let commands: AsyncStream<Provider>
  private let start: AsyncStream<Provider>.Continuation
  private let changes: AsyncStream<Void>
  private let changed: AsyncStream<Void>.Continuation

  private var statics: [String: [TargetGroup]] = [:]
  private var providers: [Provider] = []
  private var isUrgent = false

  /// - Parameters:
  ///   - name: `scrape` or `notify`, in metrics.
  ///   - deliver: takes the groups of all jobs; those of a job without targets are empty.
  package init(
    name: String, doors: DiscoveryDoors, metrics: DiscoveryMetrics, log: Log,
    deliver: @escaping Deliver
  ) {
    self.name = name
    self.doors = doors
    self.metrics = metrics
    self.log = log.with("component", "discovery manager \(name)")
    self.deliver = deliver
    (commands, start) = AsyncStream.makeStream()
    (changes, changed) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
  }

  /// Makes the jobs those of `configs`. A mechanism whose configuration is the same goes on, and
  /// keeps what it found.
  package func apply(_ configs: [String: DiscoveryConfigs]) {
    for job in statics.keys where configs[job] == nil {
      metrics.forget(job: job, manager: name)
    }
    statics = configs.mapValues(\.staticGroups)
    var wanted: [Mechanism: Set<String>] = [:]
    for (job, config) in configs {
      for mechanism in Mechanism.all(of: config) { wanted[mechanism, default: []].insert(job) }
    }
    for provider in providers where wanted[provider.mechanism] == nil { provider.stop() }
    providers.removeAll { wanted[$0.mechanism] == nil }
    var failures = 0
    for (mechanism, jobs) in wanted {
      if let known = providers.first(where: { $0.mechanism == mechanism }) {
        known.jobs = jobs
        continue
      }
      do {
        let provider = Provider(
          mechanism: mechanism,
          discoverer: try DiscovererFactory(
            doors: doors, metrics: metrics, log: log, job: jobs.min() ?? ""
          ).discoverer(mechanism), jobs: jobs)
        providers.append(provider)
        start.yield(provider)
      } catch {
        failures += 1
        log.error(
          "Cannot create service discovery",
          [
            "err": "\(error)", "type": mechanism.kind,
            "config": jobs.sorted().joined(separator: ","),
          ])
      }
    }
    metrics.failedConfigs[name].set(Double(failures))
    isUrgent = true
    changed.yield()
  }

  /// Runs the mechanisms and delivers, until the task is cancelled. Call it once.
  package func run() async throws {
    try await withThrowingDiscardingTaskGroup { group in
      group.addTask { try await self.deliverChanges() }
      for await provider in commands {
        group.addTask { await self.run(provider) }
      }
      // The stream ends with the task that reads it.
      group.cancelAll()
      try Task.checkCancellation()
    }
  }

  package func status() -> DiscoveryStatus {
    DiscoveryStatus(
      mechanisms: providers.map { provider in
        DiscoveryStatus.Mechanism(
          kind: provider.mechanism.kind, jobs: provider.jobs.sorted(),
          targetCount: provider.merge.targetCount, lastUpdateMs: provider.lastUpdateMs)
      })
  }
}

extension DiscoveryManager {
  /// The configuration of a mechanism, by which equal ones are run once.
  enum Mechanism: Hashable, Sendable {
    case file(FileDiscoveryConfig)
    case http(HTTPDiscoveryConfig)
    case other(MechanismConfig)

    static func all(of config: DiscoveryConfigs) -> [Mechanism] {
      config.files.map { .file($0) } + config.http.map { .http($0) }
        + config.others.map { .other($0) }
    }

    var kind: String {
      switch self {
      case .file: "file"
      case .http: "http"
      case .other(let config): config.kind
      }
    }

    func hash(into hasher: inout Hasher) {
      switch self {
      case .file(let config): hasher.combine(config.patterns)
      case .http(let config): hasher.combine(config.url)
      case .other(let config): hasher.combine(config.kind)
      }
    }
  }

  /// A running mechanism. Only the manager touches what changes.
  final class Provider: @unchecked Sendable {
    // Sound because every variable is read and written only on the manager's actor.
    let mechanism: Mechanism
    let discoverer: any Discoverer
    var jobs: Set<String>
    var merge = GroupMerge()
    var lastUpdateMs: Int64?
    let stopped: AsyncStream<Never>
    private let end: AsyncStream<Never>.Continuation

    init(mechanism: Mechanism, discoverer: any Discoverer, jobs: Set<String>) {
      self.mechanism = mechanism
      self.discoverer = discoverer
      self.jobs = jobs
      (stopped, end) = AsyncStream.makeStream()
    }

    func stop() { end.finish() }
  }

  /// Until the provider is stopped or the task is cancelled.
  private func run(_ provider: Provider) async {
    await withTaskGroup { group in
      group.addTask {
        try? await provider.discoverer.run { await self.receive($0, from: provider) }
      }
      group.addTask {
        for await _ in provider.stopped {}
      }
      await group.next()
      group.cancelAll()
    }
  }

  private func receive(_ groups: [TargetGroup], from provider: Provider) {
    metrics.received[name].increment()
    provider.lastUpdateMs = doors.clock.nowMs
    // One that was stopped meanwhile has nobody left to tell.
    guard provider.merge.update(groups), providers.contains(where: { $0 === provider })
    else { return }
    changed.yield()
  }

  private func deliverChanges() async throws {
    var nextMs = Int64.min
    for await _ in changes {
      if !isUrgent { try await settle(untilMs: nextMs) }
      isUrgent = false
      let all = groupsByJob()
      for (job, groups) in all {
        let targets = groups.reduce(0) { $0 + $1.targets.count }
        metrics.discovered.child([name, job]).set(Double(targets))
        metrics.lastUpdates.child([name, job]).set(Double(doors.clock.nowMs) / 1_000)
      }
      await deliver(all)
      metrics.sent[name].increment()
      nextMs = doors.clock.nowMs + Limits.updateEveryMs
    }
    try Task.checkCancellation()
  }

  /// Waits for more changes, and until the last delivery is long enough ago; `apply` ends it.
  private func settle(untilMs: Int64) async throws {
    let dueMs = max(untilMs, doors.clock.nowMs + Limits.settleMs)
    if untilMs > doors.clock.nowMs { metrics.delayed[name].increment() }
    while !isUrgent, doors.clock.nowMs < dueMs {
      try await doors.clock.sleep(
        untilMs: min(dueMs, doors.clock.nowMs + Limits.settleMs))
    }
  }

  private func groupsByJob() -> [String: [TargetGroup]] {
    var all = statics
    for provider in providers {
      for job in provider.jobs { all[job, default: []] += provider.merge.groups }
    }
    return all
  }
}
