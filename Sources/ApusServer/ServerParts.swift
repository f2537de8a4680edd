internal import ApusConfig
internal import ApusDiscovery
internal import ApusHTTP
internal import ApusModel
internal import ApusNotify
internal import ApusPromQL
internal import ApusRules
internal import ApusScrape
internal import ApusSystem
internal import ApusTelemetry

/// Every moving part, built and connected, not yet running.
struct ServerParts: Sendable {
  let world: World
  let registry: MetricRegistry
  let live: LiveConfig
  let storage: ReadyStorage
  let phase: ServerPhase
  let pools: Pools
  let engine: Engine
  let queryLog: QueryLog
  let scrape: ScrapeManager
  let discovery: DiscoveryManager
  let notifyDiscovery: DiscoveryManager
  let rules: RuleManager
  let notifier: Notifier
  private let settings: Settings

  var log: Log { world.log }
  var clock: any WallClock { world.clock }

  /// Threads by what they are for, so that a heavy query does not keep a scrape waiting.
  struct Pools: Sendable {
    let queries: WorkerPool
    let scrapes: WorkerPool
    let rules: WorkerPool
    let web: WorkerPool
    let maintenance: BlockingThread

    /// - Parameter queries: that run at the same time. Each has a thread of its own, so that
    ///   heavy ones share the processors with light ones; one thread more sees who must wait.
    init(queries queriesMax: Int, ruleThreads: Int) {
      let processors = WorkerPool.processorCount
      queries = WorkerPool(name: "query", threadCount: max(1, queriesMax) + 1)
      scrapes = WorkerPool(name: "scrape", threadCount: max(2, processors))
      rules = WorkerPool(name: "rule", threadCount: max(1, ruleThreads))
      web = WorkerPool(name: "web", threadCount: max(2, processors))
      maintenance = BlockingThread(name: "storage")
    }
  }

  init(settings: Settings, loaded: LoadedConfig, world: World) {
    self.settings = settings
    self.world = world
    registry = MetricRegistry()
    live = LiveConfig(loaded.config, loadedAtMs: world.clock.nowMs)
    storage = ReadyStorage()
    phase = ServerPhase(startMs: world.clock.nowMs)
    pools = Pools(
      queries: settings.queriesMax,
      ruleThreads: min(settings.flags.count("rules.max-concurrent-evals"), 1_024))
    queryLog = QueryLog(files: world.files, metrics: registry, log: world.log)
    engine = Engine(
      options: settings.engineOptions(live), clock: world.clock, pool: pools.queries,
      metrics: registry, queryLog: queryLog, log: world.log)
    let fetchers = PooledFetcherFactory(files: world.files)
    scrape = ScrapeManager(
      ScrapeDoors(
        fetchers: fetchers, appender: storage, workers: pools.scrapes, clock: world.clock,
        files: world.files),
      options: ServerParts.scrapeOptions(settings), metrics: registry, log: world.log)
    notifier = Notifier(
      options: ServerParts.notifierOptions(settings), fetchers: fetchers, clock: world.clock,
      metrics: registry, log: world.log.with("component", "notifier"))
    let doors = DiscoveryDoors(
      files: world.files, fetchers: fetchers, clock: world.clock, random: world.random,
      environment: ProcessEnvironment.value, userAgent: "Prometheus/\(BuildInfo.version)")
    let discoveryMetrics = DiscoveryMetrics(registry)
    let scrape = scrape
    discovery = DiscoveryManager(
      name: "scrape", doors: doors, metrics: discoveryMetrics, log: world.log
    ) { groups in await scrape.update(groups) }
    let notifier = notifier
    notifyDiscovery = DiscoveryManager(
      name: "notify", doors: doors, metrics: discoveryMetrics, log: world.log
    ) { groups in notifier.update(groups) }
    rules = RuleManager(
      environment: ServerParts.ruleEnvironment(settings, world, registry, storage, notifier),
      workers: pools.rules)
  }

  /// Puts a configuration into force, part by part.
  /// - Returns: what could not be applied.
  func apply(_ loaded: LoadedConfig) async -> [String] {
    var problems: [String] = []
    let config = loaded.config
    for warning in config.warnings {
      log.warning("Configuration", ["warning": warning.description])
    }
    if config.storage.floatChunkEncoding == "xor2" {
      log.warning("storage.tsdb.chunk_encoding.floats is not followed: float chunks are XOR")
    }
    do {
      let path = config.global.queryLogFile
      try queryLog.setPath(path.isEmpty ? nil : path)
    } catch {
      problems.append("query log: \(error)")
    }
    do {
      try storage.apply(settings.storageOptions(config.storage))
    } catch {
      problems.append("storage: \(error)")
    }
    do {
      try await scrape.apply(config.scrapeConfigs, externalLabels: config.global.externalLabels)
    } catch {
      problems.append("scrape: \(error)")
    }
    do {
      try notifier.apply(config.alerting, externalLabels: config.global.externalLabels)
    } catch {
      problems.append("notify: \(error)")
    }
    await discovery.apply(
      Dictionary(config.scrapeConfigs.map { ($0.jobName, $0.discovery) }) { first, _ in first })
    await notifyDiscovery.apply(Notifier.discovery(config.alerting))
    let query = RuleQuery(engine: engine, store: storage)
    var context = RuleContext(
      externalLabels: config.global.externalLabels, externalURL: settings.externalURL.url,
      queryOffsetMs: config.global.ruleQueryOffsetMs,
      query: { expression, timeMs throws(RuleError) in try query.run(expression, timeMs) })
    context.queryOfGroup = { file, name in
      let own = query.ofGroup(file: file, name: name)
      return { expression, timeMs throws(RuleError) in try own.run(expression, timeMs) }
    }
    await rules.apply(loaded.groups, context: context)
    return problems
  }
}
