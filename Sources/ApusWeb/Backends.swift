package import ApusModel
package import ApusNotify
package import ApusPromQL
package import ApusPromQLSyntax
package import ApusRemote
package import ApusRules
package import ApusScrape
package import ApusStorage
package import ApusSystem
package import ApusTelemetry

/// The doors and snapshots that handlers may use. Nothing behind them knows of HTTP.
package struct Backends: Sendable {
  package var queries: QueryBackend
  package var storage: StorageBackend
  package var status: StatusBackend
  package var lifecycle: LifecycleBackend
  /// Nil unless remote writes are taken (--web.enable-remote-write-receiver).
  package var writes: WriteReceiver?
  package var reads: ReadServer?
  /// Nil unless OpenTelemetry metrics are taken (--web.enable-otlp-receiver).
  package var otlp: OTLPReceiver?
  package var metrics: MetricRegistry
  /// Where blocking and CPU-heavy work of handlers runs.
  package var workers: WorkerPool
  package var clock: any WallClock
  package var log: Log

  package init(
    queries: QueryBackend, storage: StorageBackend, status: StatusBackend,
    lifecycle: LifecycleBackend, metrics: MetricRegistry, workers: WorkerPool,
    environment: Environment
  ) {
    self.queries = queries
    self.storage = storage
    self.status = status
    self.lifecycle = lifecycle
    self.metrics = metrics
    self.workers = workers
    clock = environment.clock
    log = environment.log
    writes = nil
    reads = nil
    otlp = nil
  }

  /// What every part is given.
  package struct Environment: Sendable {
    package let clock: any WallClock
    package let log: Log

    package init(clock: any WallClock, log: Log) {
      self.clock = clock
      self.log = log
    }
  }
}

/// Running queries.
package struct QueryBackend: Sendable {
  /// `Engine.execute`. The query ends early when the calling task is cancelled.
  package var execute: @Sendable (QueryRequest) async throws(QueryError) -> QueryResult
  package var parserOptions: ParserOptions
  /// How far back an instant query, and federation, looks for a sample.
  package var lookbackDeltaMs: Int64
  /// The threads on which `execute` evaluates. A request that begins there is spared the way to
  /// them and back; nil for the other handlers' threads.
  package var workers: WorkerPool?

  package init(
    parserOptions: ParserOptions, lookbackDeltaMs: Int64,
    execute: @escaping @Sendable (QueryRequest) async throws(QueryError) -> QueryResult
  ) {
    self.execute = execute
    self.parserOptions = parserOptions
    self.lookbackDeltaMs = lookbackDeltaMs
  }
}

/// What is stored.
package struct StorageBackend: Sendable {
  package var queryable: any Queryable
  /// Local data only, for federation; the same as `queryable` where there is no remote read.
  package var local: any Queryable
  package var admin: any StorageAdmin
  /// The meta.json of every block, as JSON objects.
  package var blocks: @Sendable () -> [String] = { [] }
  package var walReplay: @Sendable () -> ReplayStatus = { ReplayStatus() }

  package init(queryable: any Queryable, admin: any StorageAdmin) {
    self.queryable = queryable
    local = queryable
    self.admin = admin
  }
}

/// The fields of /api/v1/status/walreplay: numbers of segments of the log.
package struct ReplayStatus: Sendable {
  package var min = 0
  package var max = 0
  package var current = 0
  /// `waiting`, `in progress` or `done`.
  package var state = "done"

  package init() {}
}

/// Snapshots for the pages and the status API; each is cheap and never waits.
package struct StatusBackend: Sendable {
  package var scrape: @Sendable () async -> ScrapeStatus = { ScrapeStatus() }
  package var rules: @Sendable () async -> [RuleGroupStatus] = { [] }
  package var notify: @Sendable () async -> NotifyStatus = {
    NotifyStatus(active: [], dropped: [])
  }
  /// The configuration as YAML, secrets hidden.
  package var configText: @Sendable () -> String = { "" }
  package var externalLabels: @Sendable () -> Labels = { .empty }
  package var runtime: @Sendable () -> RuntimeStatus = { RuntimeStatus() }
  package var notifications: @Sendable () -> [Notification] = { [] }
  /// Every flag with its value, sorted by name.
  package var flags: [(name: String, value: String)] = []
  package var build = BuildStatus()
  /// Features by category, both sorted by name.
  package var features: [FeatureCategory] = []
  /// The configuration of one scrape pool as YAML, secrets hidden; nil where there is no such pool.
  package var scrapePoolText: @Sendable (_ pool: String) -> String? = { _ in nil }
  /// The relabelling rules of a scrape pool with the YAML of each; nil where there is no such
  /// pool.
  package var relabelRules: @Sendable (_ pool: String) -> [RelabelRule]? = { _ in nil }

  package init() {}
}

/// One part of /api/v1/features.
package struct FeatureCategory: Sendable {
  package let name: String
  package let features: [(name: String, isOn: Bool)]

  package init(name: String, features: [(name: String, isOn: Bool)]) {
    self.name = name
    self.features = features
  }
}

/// Something that whoever looks at the pages should know.
package struct Notification: Sendable {
  package let text: String
  package let dateMs: Int64
  package let isActive: Bool

  package init(text: String, dateMs: Int64, isActive: Bool) {
    self.text = text
    self.dateMs = dateMs
    self.isActive = isActive
  }
}

/// The fields of /api/v1/status/buildinfo.
package struct BuildStatus: Sendable {
  package var version = ""
  package var revision = ""
  package var branch = ""
  package var buildUser = ""
  package var buildDate = ""
  package var goVersion = ""

  package init() {}
}

/// The fields of /api/v1/status/runtimeinfo.
package struct RuntimeStatus: Sendable {
  package var startTimeMs: Int64 = 0
  package var workingDirectory = ""
  package var hostname = ""
  package var reloadSucceeded = true
  package var lastConfigTimeMs: Int64?
  package var corruptionCount: Int64 = 0
  package var threadCount = 0
  package var cpuCount = 0
  /// Int64.max where there is no limit.
  package var memoryLimitBytes: Int64 = .max
  package var storageRetention = ""

  package init() {}
}

/// The only things that a client may make the server do.
package struct LifecycleBackend: Sendable {
  /// False until the log was replayed, and while stopping.
  package var isReady: @Sendable () -> Bool
  package var isStopping: @Sendable () -> Bool
  /// Loads the configuration anew; the text of what is wrong with it, nil if nothing.
  package var reload: @Sendable () async -> String?
  /// Begins the end of the process.
  package var quit: @Sendable () -> Void

  package init(
    isReady: @escaping @Sendable () -> Bool, isStopping: @escaping @Sendable () -> Bool,
    reload: @escaping @Sendable () async -> String?, quit: @escaping @Sendable () -> Void
  ) {
    self.isReady = isReady
    self.isStopping = isStopping
    self.reload = reload
    self.quit = quit
  }
}
