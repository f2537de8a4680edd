/// Every flag of the server, under Prometheus's names and with its defaults.
enum FlagTable {
  static let all = general + web + storage + agent + rules + query + scrape

  static func spec(named name: String) -> FlagSpec? { all.first { $0.name == name } }

  static let general: [FlagSpec] = [
    .init("config.file", .text, "prometheus.yml", "The configuration file."),
    .init(
      "config.auto-reload", .bool, "false",
      "Reload the configuration when its files change. See --config.auto-reload-interval."),
    .init(
      "config.auto-reload-interval", .duration, "30s",
      "How often to look for changes of the configuration."),
    .init("log.level", .choice(["debug", "info", "warn", "error"]), "info", "Least severe level."),
    .init("log.format", .choice(["logfmt", "json"]), "logfmt", "Format of log lines."),
    .init(
      "enable-feature", .list, "", "Features to switch on, separated by commas. May be repeated."),
    .init("agent", .bool, "false", "Only scrape and forward."),
    .init(
      "auto-gomaxprocs", .bool, "true", "Accepted for Prometheus's sake: threads follow the CPUs."),
    .init(
      "auto-gomemlimit", .bool, "true", "Accepted for Prometheus's sake: there is no collector."),
    .init("auto-gomemlimit.ratio", .number, "0.9", "Accepted for Prometheus's sake."),
    .init("auto-gomemlimit.refresh-interval", .duration, "0s", "Accepted for Prometheus's sake."),
    .init(
      "write-documentation", .bool, "false", "Print the flags as Markdown and exit.",
      isHidden: true),
  ]

  static let web: [FlagSpec] = [
    .init(
      "web.listen-address", .list, "0.0.0.0:9090",
      "Address for pages, API and metrics. May be repeated."),
    .init("web.config.file", .text, "", "Web configuration file: TLS and authentication."),
    .init(
      "web.read-timeout", .duration, "5m",
      "Longest time to read a request, and to keep an idle connection."),
    .init("web.max-connections", .number, "512", "Most connections at one time."),
    .init(
      "web.max-notifications-subscribers", .number, "16",
      "Most subscribers to live notifications."),
    .init(
      "web.external-url", .text, "",
      "URL of the server from outside, for links. Its path prefixes all routes."
    ),
    .init(
      "web.route-prefix", .text, "", "Prefix of all routes; by default that of the external URL."),
    .init("web.user-assets", .text, "", "Directory of static files, served at /user."),
    .init("web.enable-lifecycle", .bool, "false", "Allow reload and shutdown over HTTP."),
    .init("web.enable-admin-api", .bool, "false", "Allow the admin API: delete, clean, snapshot."),
    .init(
      "web.enable-remote-write-receiver", .bool, "false", "Accept remote writes at /api/v1/write."),
    .init(
      "web.remote-write-receiver.accepted-protobuf-messages", .list,
      "prometheus.WriteRequest,io.prometheus.write.v2.Request",
      "Remote write messages to accept."),
    .init("web.enable-otlp-receiver", .bool, "false", "Accept OTLP metrics."),
    .init("web.console.templates", .text, "consoles", "Directory of console templates."),
    .init("web.console.libraries", .text, "console_libraries", "Directory of console libraries."),
    .init(
      "web.page-title", .text, "Prometheus Time Series Collection and Processing Server",
      "Title of the pages."),
    .init(
      "web.cors.origin", .text, ".*",
      #"Regular expression of allowed CORS origins, such as 'https?://(a|b)\.com'."#),
    .init(
      "web.search.max-limit", .number, "10000", "Largest limit of the search API.", mode: .server),
  ]

  static let storage: [FlagSpec] = [
    .init("storage.tsdb.path", .text, "data/", "Directory of the data.", mode: .server),
    .init(
      "storage.tsdb.retention.time", .duration, "",
      "How long to keep samples; 15d if no other bound is set. The configuration file wins.",
      mode: .server),
    .init(
      "storage.tsdb.retention.size", .bytes, "",
      "How many bytes of blocks to keep, such as 512MB. The configuration file wins.",
      mode: .server),
    .init(
      "storage.tsdb.no-lockfile", .bool, "false", "Do not lock the data directory.", mode: .server),
    .init(
      "storage.tsdb.head-chunks-write-queue-size", .number, "0",
      "Accepted for Prometheus's sake: chunks are written in the background anyway.",
      mode: .server),
    .init(
      "storage.tsdb.delay-compact-file.path", .text, "",
      "JSON file of uploaded blocks; others are not compacted yet.", mode: .server),
    .init(
      "storage.tsdb.min-block-duration", .duration, "2h", "Shortest block.", mode: .server,
      isHidden: true),
    .init(
      "storage.tsdb.max-block-duration", .duration, "",
      "Longest block; by default the lesser of 31d and a tenth of the retention.", mode: .server,
      isHidden: true),
    .init(
      "storage.tsdb.max-block-chunk-segment-size", .bytes, "512MB", "Largest chunk file.",
      mode: .server, isHidden: true),
    .init(
      "storage.tsdb.wal-segment-size", .bytes, "128MB", "Size of a WAL segment, 10MB to 256MB.",
      mode: .server, isHidden: true),
    .init(
      "storage.tsdb.allow-overlapping-compaction", .bool, "true", "Merge overlapping blocks.",
      mode: .server, isHidden: true),
    .init(
      "storage.tsdb.wal-compression", .bool, "true", "Compress the WAL.", mode: .server,
      isHidden: true),
    .init(
      "storage.tsdb.wal-compression-type", .choice(["snappy", "zstd", "lz4", "none"]), "snappy",
      "How to compress the WAL; Prometheus cannot read lz4.", mode: .server, isHidden: true),
    .init(
      "storage.tsdb.samples-per-chunk", .number, "120", "Samples that a chunk aims at.",
      mode: .server, isHidden: true),
    .init(
      "storage.tsdb.large-chunks", .bool, "true",
      "Join small chunks into large ones when blocks are merged; every Prometheus reads them. "
        + "Not a flag of Prometheus.", mode: .server),
    .init(
      "storage.tsdb.delayed-compaction.max-percent", .number, "10",
      "Largest delay of a compaction, in percent of the block.", mode: .server, isHidden: true),
    .init(
      "storage.tsdb.block-reload-interval", .duration, "1m", "How often to look for new blocks.",
      mode: .server, isHidden: true),
    .init(
      "storage.tsdb.wal-sync-interval", .duration, "1s",
      "How often the WAL is brought to the disk; 0s for every write. Not a flag of Prometheus.",
      mode: .server),
    .init(
      "storage.remote.flush-deadline", .duration, "1m", "How long to flush at shutdown."),
    .init(
      "storage.remote.read-sample-limit", .number, "5e7", "Most samples of a remote read.",
      mode: .server),
    .init(
      "storage.remote.read-concurrent-limit", .number, "10", "Most remote reads at one time.",
      mode: .server),
    .init(
      "storage.remote.read-max-bytes-in-frame", .number, "1048576",
      "Largest frame of a remote read.", mode: .server),
  ]

  static let agent: [FlagSpec] = [
    .init("storage.agent.path", .text, "data-agent/", "Directory of the data.", mode: .agent),
    .init(
      "storage.agent.wal-compression", .bool, "true", "Compress the agent WAL.", mode: .agent),
    .init(
      "storage.agent.retention.min-time", .duration, "5m", "Youngest sample that may go.",
      mode: .agent),
    .init(
      "storage.agent.retention.max-time", .duration, "4h", "Oldest sample that may stay.",
      mode: .agent),
    .init(
      "storage.agent.checkpoint-from-in-memory-series", .bool, "false",
      "Make checkpoints from memory.", mode: .agent),
    .init(
      "storage.agent.checkpoint-batch-size", .number, "1000", "Series in a checkpoint record.",
      mode: .agent),
    .init(
      "storage.agent.no-lockfile", .bool, "false", "Do not lock the data directory.",
      mode: .agent),
    .init(
      "storage.agent.wal-segment-size", .bytes, "128MB", "Size of a WAL segment.", mode: .agent,
      isHidden: true),
    .init(
      "storage.agent.wal-compression-type", .choice(["snappy", "zstd"]), "snappy",
      "How to compress the WAL.", mode: .agent, isHidden: true),
    .init(
      "storage.agent.wal-truncate-frequency", .duration, "2h", "How often to truncate.",
      mode: .agent, isHidden: true),
  ]

  static let rules: [FlagSpec] = [
    .init(
      "rules.alert.for-outage-tolerance", .duration, "1h",
      "Longest outage after which the 'for' state of alerts is restored.", mode: .server),
    .init(
      "rules.alert.for-grace-period", .duration, "10m",
      "Least time between a restored alert and its firing.", mode: .server),
    .init(
      "rules.alert.resend-delay", .duration, "1m", "Least time before an alert is sent again.",
      mode: .server),
    .init(
      "rules.max-concurrent-evals", .number, "4", "Most rules evaluated at one time.",
      mode: .server),
    .init(
      "alertmanager.notification-queue-capacity", .number, "10000",
      "Most alerts that wait for an Alertmanager.", mode: .server),
    .init(
      "alertmanager.notification-batch-size", .number, "256", "Most alerts in one request.",
      mode: .server),
    .init(
      "alertmanager.drain-notification-queue-on-shutdown", .bool, "true",
      "Send what waits before shutting down.", mode: .server),
  ]

  static let query: [FlagSpec] = [
    .init(
      "query.lookback-delta", .duration, "5m", "How far back a sample still counts.",
      mode: .server),
    .init("query.timeout", .duration, "2m", "Longest time of a query.", mode: .server),
    .init("query.max-concurrency", .number, "20", "Most queries at one time.", mode: .server),
    .init(
      "query.max-samples", .number, "50000000", "Most samples that a query may hold.",
      mode: .server),
    .init(
      "query.slow-log-threshold", .duration, "10s",
      "Queries that take longer are named in the log; 0 for none.", mode: .server,
      isHidden: true),
  ]

  static let scrape: [FlagSpec] = [
    .init(
      "scrape.adjust-timestamps", .bool, "true", "Align scrape times to the interval.",
      isHidden: true),
    .init(
      "scrape.timestamp-tolerance", .duration, "2ms", "How far a scrape time is moved at most.",
      isHidden: true),
    .init(
      "scrape.discovery-reload-interval", .duration, "5s",
      "How often discovered targets are taken over.", isHidden: true),
  ]
}
