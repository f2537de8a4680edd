internal import ApusModel
internal import ApusNotify
internal import ApusRules
internal import ApusScrape
internal import ApusStorage
internal import ApusTelemetry
internal import ApusWeb

/// What the flags mean to each part.
extension ServerParts {
  static func scrapeOptions(_ settings: Settings) -> ScrapeOptions {
    var options = ScrapeOptions(
      userAgent: "Prometheus/\(BuildInfo.version)", hostname: settings.hostName)
    options.externalURL = settings.externalURL.url
    options.listenAddress = settings.addresses.first?.description ?? ""
    options.hasExtraScrapeMetrics = settings.features.has("extra-scrape-metrics")
    options.addsTypeAndUnit = settings.addsTypeAndUnit
    return options
  }

  static func notifierOptions(_ settings: Settings) -> NotifierOptions {
    var options = NotifierOptions()
    options.userAgent = "Prometheus/\(BuildInfo.version)"
    let flags = settings.flags
    options.queueCapacity = flags.count("alertmanager.notification-queue-capacity")
    options.batchSize = flags.count("alertmanager.notification-batch-size")
    options.drainsOnShutdown = flags.bool("alertmanager.drain-notification-queue-on-shutdown")
    return options
  }

  static func ruleEnvironment(
    _ settings: Settings, _ world: World, _ registry: MetricRegistry, _ storage: ReadyStorage,
    _ alerts: any AlertSink
  ) -> RuleEnvironment {
    var environment = RuleEnvironment(
      appender: storage, store: storage, alerts: alerts, clock: world.clock,
      log: world.log.with("component", "rule manager"), metrics: RuleMetrics(registry))
    let flags = settings.flags
    environment.resendDelayMs = flags.durationMs("rules.alert.resend-delay") ?? 60_000
    environment.forGracePeriodMs =
      flags.durationMs("rules.alert.for-grace-period") ?? 600_000
    environment.forOutageToleranceMs =
      flags.durationMs("rules.alert.for-outage-tolerance") ?? 3_600_000
    return environment
  }
}

extension ServerParts {
  static func registerBuild(in registry: MetricRegistry) {
    registry.register(
      "prometheus_build_info",
      help: "A metric with a constant '1' value labeled by version, revision, branch, goversion"
        + " from which prometheus was built, and the goos and goarch for the build.",
      kind: .gauge
    ) {
      let platform = BuildInfo.platform.split(separator: "/").map(String.init)
      return [
        .init(
          labels: [
            (name: "branch", value: BuildInfo.branch),
            (name: "goarch", value: platform.last ?? ""),
            (name: "goos", value: platform.first ?? ""),
            (name: "goversion", value: BuildInfo.language),
            (name: "revision", value: "apus-\(BuildInfo.apusVersion)"),
            (name: "tags", value: "apus"), (name: "version", value: BuildInfo.version),
          ], value: 1)
      ]
    }
  }

  /// What whoever looks at the pages should know.
  var notifications: [Notification] {
    let state = live.current
    guard !state.reloadSucceeded else { return phase.notifications }
    let failed = Notification(
      text: "Configuration reload has failed.", dateMs: state.lastReloadMs ?? 0, isActive: true)
    return phase.notifications + [failed]
  }
}
