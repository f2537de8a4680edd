package import ApusConfig
package import ApusHTTP
package import ApusModel
package import ApusSystem
package import ApusTelemetry
internal import Synchronization

package struct NotifierOptions: Sendable {
  /// Alerts that may wait for one Alertmanager.
  package var queueCapacity = 10_000
  /// Alerts in one request.
  package var batchSize = 256
  package var drainsOnShutdown = true
  /// Such as `Prometheus/3.5.0`.
  package var userAgent = "Prometheus"

  package init() {}
}

/// Alertmanagers that cannot be spoken to; all others are in use.
package struct NotifyApplyError: Error, Sendable, CustomStringConvertible {
  package let problems: [String]
  package var description: String { problems.joined(separator: "; ") }
}

/// Takes alerts from the rules, gives them the labels of the outside, and hands them to every
/// Alertmanager that discovery knows, each behind a queue of its own.
package final class Notifier: AlertSink {
  private let context: ClientContext
  private let fetchers: any HTTPFetcherFactory
  private let state = Mutex(State())
  private let clients: AsyncStream<AlertmanagerClient>
  private let start: AsyncStream<AlertmanagerClient>.Continuation

  private struct State {
    var externalLabels = Labels.empty
    var relabelRules: [RelabelRule] = []
    var sets: [String: ManagedSet] = [:]
  }

  /// The Alertmanagers of one entry of the configuration.
  private struct ManagedSet {
    let config: AlertmanagerConfig
    let fetcher: any HTTPFetcher
    var clients: [AlertmanagerClient] = []
    var dropped: [String] = []
  }

  package init(
    options: NotifierOptions, fetchers: any HTTPFetcherFactory, clock: any WallClock,
    metrics registry: MetricRegistry, log: Log
  ) {
    self.fetchers = fetchers
    context = ClientContext(
      options: options, clock: clock,
      metrics: NotifyMetrics(registry, queueCapacity: options.queueCapacity),
      log: log)
    (clients, start) = AsyncStream.makeStream()
  }

  /// What discovery must run for a configuration; `update` expects the groups by these names.
  package static func discovery(_ config: AlertingConfig) -> [String: DiscoveryConfigs] {
    Dictionary(
      uniqueKeysWithValues: config.alertmanagers.enumerated()
        .map { ("config-\($0.offset)", $0.element.discovery) })
  }

  /// Makes the configuration the one in use. Alertmanagers of an entry that is the same, wherever
  /// it stands now, keep their queues.
  /// - Throws: `NotifyApplyError` where an entry cannot work; all others are applied.
  package func apply(
    _ config: AlertingConfig, externalLabels: Labels
  ) throws(NotifyApplyError) {
    var problems: [String] = []
    var fetchersOfNew: [Int: any HTTPFetcher] = [:]
    for (index, manager) in config.alertmanagers.enumerated() {
      do {
        fetchersOfNew[index] = try fetchers.fetcher(for: manager.client)
      } catch {
        problems.append("alertmanager \(index): \(error)")
      }
    }
    let stopped = state.withLock { state in
      var old = Array(state.sets.values)
      state.externalLabels = externalLabels
      state.relabelRules = config.relabelRules
      state.sets = [:]
      for (index, manager) in config.alertmanagers.enumerated() {
        guard let fetcher = fetchersOfNew[index] else { continue }
        if let at = old.firstIndex(where: { $0.config == manager }) {
          state.sets["config-\(index)"] = old.remove(at: at)
        } else {
          state.sets["config-\(index)"] = ManagedSet(config: manager, fetcher: fetcher)
        }
      }
      return old.flatMap(\.clients)
    }
    for client in stopped { client.stop() }
    countActive()
    if !problems.isEmpty { throw NotifyApplyError(problems: problems) }
  }

  /// Takes over what discovery found, by the names of `discovery(_:)`.
  package func update(_ groups: [String: [TargetGroup]]) {
    var stopped: [AlertmanagerClient] = []
    var started: [AlertmanagerClient] = []
    state.withLock { state in
      for (name, groups) in groups {
        guard var set = state.sets[name] else { continue }
        let found = AlertmanagerSet.endpoints(groups, set.config)
        for problem in found.problems {
          context.log.error(
            "Creating alertmanagers from target group failed", ["err": problem])
        }
        var known = Dictionary(uniqueKeysWithValues: set.clients.map { ($0.url, $0) })
        set.clients = found.active.map { url in
          if let client = known.removeValue(forKey: url) { return client }
          let client = AlertmanagerClient(
            url: url, timeoutMs: set.config.timeoutMs, fetcher: set.fetcher, context: context)
          started.append(client)
          return client
        }
        stopped += known.values
        set.dropped = found.dropped
        state.sets[name] = set
      }
    }
    for client in stopped { client.stop() }
    for client in started { start.yield(client) }
    countActive()
  }

  /// Queues alerts for every Alertmanager. Never waits.
  package func send(_ alerts: [Alert]) {
    let now = state.withLock { $0 }
    let relabelled = Self.relabel(
      alerts, external: now.externalLabels, rules: now.relabelRules)
    if relabelled.isEmpty { return }
    for set in now.sets.values {
      let own = Self.relabel(relabelled, external: .empty, rules: set.config.alertRelabelRules)
      if own.isEmpty { continue }
      for client in set.clients { client.enqueue(own) }
    }
  }

  /// Sends until the task is cancelled; then what still waits, if the options say so. Call it once.
  package func run() async throws {
    await withDiscardingTaskGroup { group in
      for await client in clients {
        group.addTask { await self.run(client) }
      }
      // The stream ends with the task that reads it.
      group.cancelAll()
    }
    try Task.checkCancellation()
  }

  package func status() -> NotifyStatus {
    state.withLock { state in
      let sets = state.sets.sorted { $0.key < $1.key }.map(\.value)
      return NotifyStatus(
        active: sets.flatMap { $0.clients.map(\.url) }, dropped: sets.flatMap(\.dropped))
    }
  }
}

extension Notifier {
  private func run(_ client: AlertmanagerClient) async {
    await client.run()
    // Another entry may speak to the same Alertmanager and go on counting.
    let isUsed = state.withLock { state in
      state.sets.values.contains { $0.clients.contains { $0.url == client.url } }
    }
    if !isUsed { context.metrics.end(client.url) }
  }

  private func countActive() {
    let count = state.withLock { state in
      state.sets.values.reduce(0) { $0 + $1.clients.count }
    }
    context.metrics.discovered.set(Double(count))
  }

  /// Alerts with external labels where they have none of that name, after the rules; one that
  /// loses all its labels is dropped.
  private static func relabel(
    _ alerts: [Alert], external: Labels, rules: [RelabelRule]
  ) -> [Alert] {
    if external.isEmpty && rules.isEmpty { return alerts }
    return alerts.compactMap { alert in
      var builder = LabelsBuilder(alert.labels)
      for label in external where builder[label.name].isEmpty {
        builder.set(label.name, label.value)
      }
      guard RelabelRule.apply(rules, to: &builder), !builder.isEmpty else { return nil }
      return Alert(
        labels: builder.labels(), annotations: alert.annotations, startsAtMs: alert.startsAtMs,
        endsAtMs: alert.endsAtMs, generatorURL: alert.generatorURL)
    }
  }
}
