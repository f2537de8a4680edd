internal import ApusConfig
internal import ApusModel
internal import ApusNotify
internal import ApusPromQL
internal import ApusRemote
internal import ApusRules
internal import ApusScrape
internal import ApusStorage
internal import ApusSystem
internal import ApusTSDB
internal import ApusTelemetry
internal import ApusWeb

/// The doors and snapshots of the parts, as the web server wants them.
struct WebSetup {
  let parts: ServerParts
  let settings: Settings
  let reloader: Reloader
  let control: Control
  let process: ProcessMetrics
  let startTimeMs: Int64
  let gate: WebGate?

  func server() throws -> WebServer {
    WebServer(options: try options(), backends: backends, gate: gate)
  }

  func options() throws -> WebOptions {
    let flags = settings.flags
    var options = try WebOptions()
    options.listenAddresses = settings.addresses
    options.connectionsMax = flags.count("web.max-connections")
    options.readTimeoutMs = flags.durationMs("web.read-timeout") ?? 300_000
    options.routePrefix = settings.externalURL.routePrefix
    options.externalURL = externalURL
    options.corsOrigin = settings.corsOrigin
    options.notificationSubscribersMax = flags.count("web.max-notifications-subscribers")
    options.allowsLifecycle = flags.bool("web.enable-lifecycle")
    options.allowsAdmin = flags.bool("web.enable-admin-api")
    options.pageTitle = flags.text("web.page-title")
    return options
  }

  private var externalURL: ApusWeb.ExternalURL {
    var url = ApusWeb.ExternalURL()
    let text = settings.externalURL.url
    let parts = text.split(separator: "/", maxSplits: 3, omittingEmptySubsequences: false)
    url.scheme = text.hasPrefix("https:") ? "https" : "http"
    url.host = parts.count > 2 ? String(parts[2]) : ""
    url.path = parts.count > 3 && !parts[3].isEmpty ? "/" + parts[3] : ""
    return url
  }

  var backends: Backends {
    let engine = parts.engine
    let storage = parts.storage
    var queries = QueryBackend(
      parserOptions: settings.parserOptions,
      lookbackDeltaMs: settings.flags.durationMs("query.lookback-delta") ?? 300_000
    ) { request async throws(QueryError) in try await engine.execute(request, on: storage) }
    queries.workers = parts.pools.queries
    var stored = StorageBackend(queryable: storage, admin: storage)
    stored.blocks = { storage.blocks }
    stored.walReplay = { ReplayStatus(storage.replay.state) }
    var backends = Backends(
      queries: queries, storage: stored, status: status, lifecycle: lifecycle,
      metrics: parts.registry, workers: parts.pools.web,
      environment: .init(clock: parts.clock, log: parts.log.with("component", "web")))
    if settings.flags.bool("web.enable-remote-write-receiver") {
      backends.writes = WriteReceiver(
        appender: storage, clock: parts.clock, log: parts.log.with("component", "web"),
        metrics: parts.registry, accepted: settings.acceptedWriteMessages,
        addsTypeAndUnit: settings.addsTypeAndUnit)
    }
    backends.reads = reads
    if settings.flags.bool("web.enable-otlp-receiver") {
      let live = parts.live
      backends.otlp = OTLPReceiver(
        appender: storage, clock: parts.clock, log: parts.log.with("component", "web"),
        lookbackDeltaMs: backends.queries.lookbackDeltaMs,
        addsTypeAndUnit: settings.addsTypeAndUnit, config: { live.config.otlp })
    }
    return backends
  }

  private var reads: ReadServer {
    let live = parts.live
    var options = ReadOptions()
    options.samplesMax = settings.flags.count("storage.remote.read-sample-limit")
    options.frameBytesMax = settings.flags.count("storage.remote.read-max-bytes-in-frame")
    return ReadServer(
      store: parts.storage, options: options, log: parts.log.with("component", "web"),
      externalLabels: { live.config.global.externalLabels }
    ) { samples in
      var chunks: [WireChunk] = []
      WireChunks.encode(samples) { encoding, minTimeMs, maxTimeMs, bytes in
        chunks.append(
          WireChunk(
            minTimeMs: minTimeMs, maxTimeMs: maxTimeMs, encoding: encoding, bytes: bytes))
      }
      return chunks
    }
  }

  private var lifecycle: LifecycleBackend {
    let storage = parts.storage
    let reloader = reloader
    let control = control
    let phase = parts.phase
    return LifecycleBackend(
      isReady: { storage.isReady && !phase.isStopping }, isStopping: { phase.isStopping },
      reload: { await reloader.reload() }, quit: { control.quit() })
  }

  private var status: StatusBackend {
    let parts = parts
    var status = StatusBackend()
    status.scrape = { await parts.scrape.status() }
    status.rules = { await parts.rules.status }
    status.notify = { parts.notifier.status() }
    status.configText = { parts.live.config.shownText }
    status.externalLabels = { parts.live.config.global.externalLabels }
    status.runtime = runtime
    status.notifications = { parts.notifications }
    status.features = ServerFeatures(settings: settings).categories
    status.flags = settings.flags.shown
    status.build.version = BuildInfo.version
    status.build.branch = BuildInfo.branch
    status.build.revision = "apus-\(BuildInfo.apusVersion)"
    status.build.buildUser = "apus"
    status.build.goVersion = BuildInfo.language
    status.scrapePoolText = { parts.live.config.shownText(ofJob: $0) }
    status.relabelRules = { pool in
      parts.live.config.scrapeConfigs.first { $0.jobName == pool }?.relabelRules
    }
    return status
  }

  private var runtime: @Sendable () -> RuntimeStatus {
    let parts = parts
    let settings = settings
    let process = process
    let startTimeMs = startTimeMs
    return {
      let live = parts.live.current
      var status = RuntimeStatus()
      status.startTimeMs = startTimeMs
      status.workingDirectory = WorkingDirectory.path
      status.hostname = settings.hostName
      status.reloadSucceeded = live.reloadSucceeded
      status.lastConfigTimeMs = live.lastReloadMs
      status.threadCount = process.threadCount
      status.cpuCount = WorkerPool.processorCount
      status.storageRetention = settings.retentionText(live.config.storage)
      return status
    }
  }
}

extension ReplayStatus {
  fileprivate init(_ state: ReplayProgress.State) {
    self.init()
    min = state.firstSegment
    max = state.lastSegment
    current = state.currentSegment
    self.state = state.phase.rawValue
  }
}
