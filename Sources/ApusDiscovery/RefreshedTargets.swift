package import ApusModel
package import ApusSystem
package import ApusTelemetry

/// Asks a source again after every refresh interval. Groups that it does not give any more are
/// taken away; when it fails, all stay.
package struct RefreshedTargets: Discoverer {
  let source: any TargetSource
  private let kind: String
  private let config: String
  private let refreshIntervalMs: Int64
  private let clock: any WallClock
  private let metrics: DiscoveryMetrics
  private let log: Log

  /// - Parameters:
  ///   - kind: of the mechanism, such as `http`, in metrics and log.
  ///   - config: the job that it was first started for, in metrics.
  package init(
    _ source: any TargetSource, kind: String, config: String, refreshIntervalMs: Int64,
    clock: any WallClock, metrics: DiscoveryMetrics, log: Log
  ) {
    self.source = source
    self.kind = kind
    self.config = config
    self.refreshIntervalMs = refreshIntervalMs
    self.clock = clock
    self.metrics = metrics
    self.log = log.with("discovery", kind).with("config", config)
  }

  package func run(_ send: @escaping @Sendable ([TargetGroup]) async -> Void) async throws {
    var known: Set<String> = []
    // Shown from the start, so that an alert on its growth sees the first failure.
    _ = metrics.refreshFailures[kind, config]
    while true {
      let startNs = clock.monotonicNs
      do {
        let groups = try await source.groups()
        let gone = known.subtracting(groups.map(\.source))
        known = Set(groups.map(\.source))
        await send(
          groups + gone.sorted().map { TargetGroup(source: $0, targets: [], labels: .empty) })
      } catch {
        try Task.checkCancellation()
        metrics.refreshFailures[kind, config].increment()
        log.error("Unable to refresh target groups", ["err": "\(error)"])
      }
      let seconds = Double(clock.monotonicNs - startNs) / 1e9
      metrics.refreshes[kind].observe(seconds)
      metrics.refreshDurations[kind, config].observe(seconds)
      try await clock.sleep(forMs: max(refreshIntervalMs, Limits.refreshEveryMsMin))
    }
  }
}
