internal import ApusDiscovery
internal import ApusHTTP
internal import ApusNotify
internal import ApusRules
internal import ApusScrape
internal import ApusStorage
internal import ApusSystem
internal import ApusTSDB
internal import ApusTelemetry
internal import ApusWeb
internal import ServiceLifecycle
internal import Synchronization

/// Runs every part in order, and ends them in the opposite order.
struct Server: Sendable {
  let settings: Settings
  let source: ConfigSource
  let loaded: LoadedConfig
  let world: World

  /// - Returns: the exit code.
  func run() async -> Int32 {
    let gate: WebGate?
    let webConfig = settings.flags.text("web.config.file")
    do throws(WebConfigFile.Failure) {
      gate =
        webConfig.isEmpty
        ? nil
        : try WebGate(
          path: webConfig, files: world.files, log: world.log.with("component", "web"))
    } catch {
      world.log.error(
        "Unable to validate web configuration file", ["file": webConfig, "err": "\(error)"])
      return 1
    }
    let parts = ServerParts(settings: settings, loaded: loaded, world: world)
    let startTimeMs = world.clock.nowMs
    let reloader = Reloader(source: source, parts: parts)
    let control = Control(
      reloader: reloader, phase: parts.phase, clock: world.clock, log: world.log)
    let process = ProcessMetrics(files: world.files)
    process.register(in: parts.registry, startTimeMs: startTimeMs)
    ServerParts.registerBuild(in: parts.registry)
    let store = StoreService(
      parts: parts, settings: settings, loaded: loaded, reloader: reloader)
    let web: WebServer
    do {
      web = try WebSetup(
        parts: parts, settings: settings, reloader: reloader, control: control,
        process: process, startTimeMs: startTimeMs, gate: gate
      ).server()
    } catch {
      world.log.error("Unable to set up the web server", ["err": "\(error)"])
      return 1
    }
    var configuration = ServiceGroupConfiguration(
      services: services(parts, store, web, control), logger: Log.none.logger)
    configuration.maximumGracefulShutdownDuration = .seconds(60)
    do {
      try await ServiceGroup(configuration: configuration).run()
      world.log.info("See you next time!")
      return 0
    } catch {
      world.log.error("Fatal error", ["err": "\(error)"])
      return 1
    }
  }

  /// In order of start. The end comes in the opposite order: first nobody looks for targets, then
  /// nothing is evaluated or scraped, then the store closes, then the pages go, and at last the
  /// alerts that still wait are sent.
  private func services(
    _ parts: ServerParts, _ store: StoreService, _ web: WebServer, _ control: Control
  ) -> [ServiceGroupConfiguration.ServiceConfiguration] {
    let address = settings.addresses
    let log = world.log
    var all: [ServiceGroupConfiguration.ServiceConfiguration] = [
      .init(service: Part("notifier") { try await parts.notifier.run() }),
      .init(
        service: WholePart("web") {
          log.info(
            "Start listening for connections",
            ["address": address.map(\.description).joined(separator: ",")])
          try await withGracefulShutdownHandler {
            try await web.run()
          } onGracefulShutdown: {
            web.stop()
          }
        }),
      .init(service: store),
    ]
    let ready = store.ready
    all += [
      Part("scrape manager") {
        try await ready.wait()
        await parts.scrape.run()
      },
      Part("rule manager") {
        try await ready.wait()
        try await parts.rules.run()
      },
      Part("notify discovery") { try await parts.notifyDiscovery.run() },
      Part("scrape discovery") { try await parts.discovery.run() },
    ].map { .init(service: $0) }
    all.append(.init(service: control, successTerminationBehavior: .gracefullyShutdownGroup))
    return all
  }
}

/// A part that runs until it is cancelled.
struct Part: Service {
  let name: String
  let body: @Sendable () async throws -> Void

  init(_ name: String, _ body: @escaping @Sendable () async throws -> Void) {
    self.name = name
    self.body = body
  }

  func run() async throws {
    do {
      try await cancelWhenGracefulShutdown { try await body() }
    } catch is CancellationError {
      return
    }
  }
}

/// A part that knows of graceful shutdown itself.
struct WholePart: Service {
  let name: String
  let body: @Sendable () async throws -> Void

  init(_ name: String, _ body: @escaping @Sendable () async throws -> Void) {
    self.name = name
    self.body = body
  }

  func run() async throws { try await body() }
}
