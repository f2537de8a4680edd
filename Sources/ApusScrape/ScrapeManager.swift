package import ApusConfig
package import ApusModel
package import ApusTelemetry
internal import ApusSystem

/// Jobs come and go on reload; their targets are scraped for as long as `run()` runs.
package actor ScrapeManager {
  private let doors: ScrapeDoors
  private let options: ScrapeOptions
  private let metrics: ScrapeMetrics
  private let log: Log
  private let signal = WakeSignal()
  private var pools: [String: ScrapePool] = [:]
  private var seed: UInt64
  private var scheduled: [Int: Scheduled] = [:]
  private var queue = DueQueue()
  private let ids = Counter()
  private var runningCount = 0
  private var sleepsUntilMs: Int64?

  /// What an entry of the queue stands for.
  private struct Scheduled {
    let loop: ScrapeLoop
    let job: String
    let schedule: ScrapeSchedule
    /// Set for a target that is gone: when its series end, ms.
    var endMs: Int64?
    var isRunning = false
  }

  private final class Counter {
    var last = 0
    func next() -> Int {
      last += 1
      return last
    }
  }

  package init(
    _ doors: ScrapeDoors, options: ScrapeOptions, metrics registry: MetricRegistry, log: Log
  ) {
    self.doors = doors
    self.options = options
    self.log = log
    metrics = ScrapeMetrics(registry)
    seed = fnv64a(options.hostname)
  }

  /// Makes the jobs those of `configs`. A job whose configuration is the same goes on undisturbed.
  /// - Throws: `ScrapeApplyError` where a job cannot work; all others are applied.
  package func apply(
    _ configs: [ScrapeConfig], externalLabels: Labels
  ) throws(ScrapeApplyError) {
    seed = fnv64a(options.hostname + externalLabels.description)
    var problems: [String] = []
    let names = Set(configs.map(\.jobName))
    for (name, pool) in pools where !names.contains(name) {
      pools[name] = nil
      schedule(pool.sync([]), name)
      metrics.pools.remove(name)
    }
    for config in configs {
      do {
        try apply(config)
      } catch {
        log.error(
          "error creating new scrape pool",
          ["err": "\(error)", "scrape_pool": config.jobName])
        problems.append("job \(config.jobName): \(error)")
      }
    }
    signal.wake()
    if !problems.isEmpty { throw ScrapeApplyError(problems: problems) }
  }

  /// Takes over what discovery found, by job; a job that is not named keeps its targets.
  package func update(_ groups: [String: [TargetGroup]]) {
    for (job, groups) in groups {
      guard let pool = pools[job] else { continue }
      schedule(pool.sync(groups), job)
    }
    signal.wake()
  }

  /// Scrapes until the task is cancelled. Call it once.
  package func run() async {
    await withDiscardingTaskGroup { group in
      while !Task.isCancelled {
        let nowMs = doors.clock.nowMs
        while let due = queue.pop(dueBy: nowMs) { start(due, nowMs, &group) }
        let wakeMs = queue.nextMs ?? nowMs + 3_600_000
        sleepsUntilMs = wakeMs
        await signal.sleep(untilMs: wakeMs, doors.clock)
        sleepsUntilMs = nil
      }
      group.cancelAll()
    }
  }

  /// While nothing is scraped: when the next turn comes, ms. Nil while something goes on.
  package var idleUntilMs: Int64? {
    guard runningCount == 0, let wakeMs = sleepsUntilMs, queue.nextMs.map({ $0 == wakeMs }) ?? true
    else { return nil }
    return wakeMs
  }

  /// What the pages show now.
  /// - Parameter metadata: whether each target's metadata is wanted too.
  package func status(metadata: Bool = true) -> ScrapeStatus {
    var status = ScrapeStatus()
    status.pools = pools.keys.sorted()
    for name in status.pools {
      guard let pool = pools[name] else { continue }
      status.droppedTargets += pool.dropped
      status.droppedCounts[name] = pool.droppedCount
      status.activeTargets += pool.active.map { targetStatus($0.loop, name, metadata) }
        .sorted { ($0.scrapeURL, $0.labels) < ($1.scrapeURL, $1.labels) }
    }
    return status
  }
}

extension ScrapeManager {
  private func apply(_ config: ScrapeConfig) throws {
    let name = config.jobName
    if let pool = pools[name] {
      guard pool.config != config else { return }
      schedule(try pool.reload(config), name)
      return
    }
    metrics.poolsCreated.increment()
    do {
      pools[name] = try ScrapePool(config, doors, options, metrics, log) { [ids] in ids.next() }
    } catch {
      metrics.poolsFailed.increment()
      throw error
    }
  }

  /// New targets are scraped from their next tick on. Those that went away have their series ended
  /// two ticks and a tenth of the interval later, when a target that came back has written again.
  private func schedule(_ changes: ScrapePool.Changes, _ job: String) {
    let nowMs = doors.clock.nowMs
    for active in changes.replaced { scheduled[active.id] = nil }
    for active in changes.stopped {
      active.loop.retire()
      guard var entry = scheduled[active.id] else { continue }
      let tickMs = entry.schedule.tick(notBefore: nowMs + 1)
      entry.endMs = tickMs
      scheduled[active.id] = entry
      let interval = entry.schedule.intervalMs
      queue.add(active.id, dueMs: tickMs + interval + interval / 10)
    }
    for active in changes.started {
      let target = active.loop.target
      let schedule = ScrapeSchedule(
        intervalMs: target.intervalMs, targetHash: target.hash, seed: seed)
      scheduled[active.id] = Scheduled(loop: active.loop, job: job, schedule: schedule)
      // Not now: a loop that this one replaces may just have had this turn.
      queue.add(active.id, dueMs: schedule.tick(notBefore: nowMs + 1))
    }
  }

  private func start(
    _ due: DueQueue.Entry, _ nowMs: Int64, _ group: inout DiscardingTaskGroup
  ) {
    guard var entry = scheduled[due.id] else { return }
    let loop = entry.loop
    if let endMs = entry.endMs {
      let isEnd = due.dueMs == endMs + entry.schedule.intervalMs + entry.schedule.intervalMs / 10
      guard isEnd else { return }
      scheduled[due.id] = nil
      let others = refs(like: loop.target, in: entry.job)
      runningCount += 1
      group.addTask {
        await loop.end(timeMs: endMs, but: others)
        await self.ended(nil)
      }
      return
    }
    guard !entry.isRunning else { return }
    entry.isRunning = true
    runningCount += 1
    scheduled[due.id] = entry
    let timeMs = entry.schedule.timestamp(dueMs: due.dueMs, nowMs: nowMs)
    group.addTask {
      await loop.scrape(timeMs: timeMs)
      await self.ended(due)
    }
  }

  /// - Parameter due: the turn of a scrape; nil for the end of a target.
  private func ended(_ due: DueQueue.Entry?) {
    runningCount -= 1
    guard let due, var entry = scheduled[due.id], entry.endMs == nil else { return }
    entry.isRunning = false
    scheduled[due.id] = entry
    let next = entry.schedule.tick(after: due.dueMs, endedMs: doors.clock.nowMs)
    let isFirst = queue.nextMs.map { next < $0 } ?? true
    queue.add(due.id, dueMs: next)
    if isFirst { signal.wake() }
  }

  /// The series that targets with the same labels keep alive.
  private func refs(like target: Target, in job: String) -> Set<SeriesRef> {
    guard let pool = pools[job] else { return [] }
    return pool.active.filter { $0.loop.target.labels == target.labels }
      .reduce(into: []) { $0.formUnion($1.loop.liveRefs) }
  }

  private func targetStatus(
    _ loop: ScrapeLoop, _ job: String, _ withMetadata: Bool
  ) -> TargetStatus {
    let target = loop.target
    var status = TargetStatus(
      labels: target.labels, discoveredLabels: target.discoveredLabels, scrapePool: job,
      scrapeURL: target.url,
      globalURL: TargetURL.global(
        target.url, externalURL: options.externalURL, listenAddress: options.listenAddress),
      intervalMs: target.intervalMs, timeoutMs: target.timeoutMs)
    let health = loop.currentHealth
    status.lastError = health.error
    status.lastScrapeMs = health.lastScrapeMs
    status.lastScrapeSeconds = health.lastSeconds
    status.health = health.state
    if withMetadata { status.metadata = loop.metadata }
    return status
  }
}

/// Jobs whose configuration cannot work.
package struct ScrapeApplyError: Error, Sendable, CustomStringConvertible {
  package let problems: [String]

  package var description: String {
    "failed to apply the new configuration: \(problems.joined(separator: "; "))"
  }
}
