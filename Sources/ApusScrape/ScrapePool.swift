internal import ApusConfig
internal import ApusHTTP
internal import ApusModel
internal import ApusSystem
internal import ApusTelemetry

/// One job: its targets kept in step with what discovery says. Owned by the manager's actor.
final class ScrapePool {
  /// A target that is scraped.
  struct Active {
    let loop: ScrapeLoop
    let id: Int
  }

  /// What a change of targets asks the manager to do.
  struct Changes {
    var started: [Active] = []
    /// Those whose series end.
    var stopped: [Active] = []
    /// Those whose series another loop goes on with.
    var replaced: [Active] = []
  }

  private(set) var config: ScrapeConfig
  private(set) var dropped: [DroppedTarget] = []
  private(set) var droppedCount = 0
  private(set) var groups: [TargetGroup] = []
  private var actives: [UInt64: Active] = [:]
  private var fetcher: any HTTPFetcher
  private let doors: ScrapeDoors
  private let options: ScrapeOptions
  private let metrics: ScrapeMetrics
  private let log: Log
  private let nextID: () -> Int

  /// - Throws: where the HTTP client configuration cannot work.
  init(
    _ config: ScrapeConfig, _ doors: ScrapeDoors, _ options: ScrapeOptions,
    _ metrics: ScrapeMetrics, _ log: Log, nextID: @escaping () -> Int
  ) throws {
    self.config = config
    self.doors = doors
    self.options = options
    self.metrics = metrics
    self.log = log.with("scrape_pool", config.jobName)
    self.nextID = nextID
    fetcher = try doors.fetchers.fetcher(for: config.client)
    metrics.pools.targetLimit[config.jobName].set(Double(config.limits.targets))
  }

  var active: [Active] { Array(actives.values) }

  func isActive(_ id: Int, _ hash: UInt64) -> Bool { actives[hash]?.id == id }

  /// Scrapes by a new configuration. Targets that stay keep their health, and their series too
  /// unless the new rules could store them differently.
  func reload(_ new: ScrapeConfig) throws -> Changes {
    let startNs = doors.clock.monotonicNs
    metrics.reloads.increment()
    defer {
      metrics.reloadSeconds[DurationText.text(ms: new.intervalMs)]
        .observe(Double(doors.clock.monotonicNs &- startNs) / 1e9)
    }
    do {
      fetcher = try doors.fetchers.fetcher(for: new.client)
    } catch {
      metrics.reloadsFailed.increment()
      throw error
    }
    let keepsSeries = new.withoutWhatLeavesSeries == config.withoutWhatLeavesSeries
    config = new
    metrics.pools.targetLimit[config.jobName].set(Double(config.limits.targets))
    let old = actives
    actives = [:]
    let found = sync(groups)
    var changes = Changes()
    for active in found.started {
      if let predecessor = old[active.loop.target.hash] {
        active.loop.inherit(from: predecessor.loop, series: keepsSeries)
      }
      changes.started.append(active)
    }
    for predecessor in old.values {
      if keepsSeries, actives[predecessor.loop.target.hash] != nil {
        changes.replaced.append(predecessor)
      } else {
        changes.stopped.append(predecessor)
      }
    }
    applyTargetLimit()
    return changes
  }

  /// Makes the targets those of `groups`.
  func sync(_ groups: [TargetGroup]) -> Changes {
    let startNs = doors.clock.monotonicNs
    self.groups = groups
    dropped = []
    droppedCount = 0
    var changes = Changes()
    var wanted: [UInt64: Active] = [:]
    for group in groups {
      for result in TargetLabels.targets(of: group, config) {
        switch result {
        case .target(let target): add(target, &wanted, &changes)
        case .dropped(let labels): drop(labels)
        case .invalid(let reason):
          log.error("Creating target failed", ["err": reason])
          metrics.pools.syncFailures[config.jobName].increment()
        }
      }
    }
    changes.stopped = actives.filter { wanted[$0.key] == nil }.map(\.value)
    actives = wanted
    applyTargetLimit()
    metrics.pools.targets[config.jobName].set(Double(actives.count))
    metrics.pools.syncs[config.jobName].increment()
    let seconds = Double(doors.clock.monotonicNs &- startNs) / 1e9
    metrics.pools.syncSeconds[config.jobName].observe(seconds)
    metrics.pools.syncHistogram[config.jobName].observe(seconds)
    return changes
  }

  /// Takes a target in; one that is scraped already keeps its loop, a second one is the same.
  private func add(
    _ target: Target, _ wanted: inout [UInt64: Active], _ changes: inout Changes
  ) {
    guard wanted[target.hash] == nil else { return }
    if let known = actives[target.hash] {
      wanted[target.hash] = known
      return
    }
    let loop = ScrapeLoop(target, config, fetcher: fetcher, doors, options, metrics, log)
    let active = Active(loop: loop, id: nextID())
    wanted[target.hash] = active
    changes.started.append(active)
  }

  private func drop(_ labels: Labels) {
    droppedCount += 1
    let limit = config.limits.keptDroppedTargets
    if limit == 0 || dropped.count < limit {
      dropped.append(DroppedTarget(discoveredLabels: labels, scrapePool: config.jobName))
    }
  }

  /// Too many targets: none of them is scraped.
  private func applyTargetLimit() {
    let limit = config.limits.targets
    var error: String?
    if limit > 0, actives.count > limit {
      metrics.exceededTargetLimit.increment()
      error = "target_limit exceeded (number of targets: \(actives.count), limit: \(limit))"
    }
    for active in actives.values { active.loop.force(error: error) }
  }
}

extension ScrapeConfig {
  /// Two configurations that are equal in this store series alike.
  fileprivate var withoutWhatLeavesSeries: ScrapeConfig {
    var copy = self
    copy.intervalMs = 0
    copy.timeoutMs = 0
    copy.limits.samples = 0
    copy.client = HTTPClientConfig()
    copy.discovery = DiscoveryConfigs()
    copy.relabelRules = []
    copy.scrapeFailureLogFile = ""
    return copy
  }
}
