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
      part("notifier") { try await parts.notifier.run() },
      .init(
        service: WholePart {
          log.info(
            "Start listening for connections",
            ["address": address.map(\.description).joined(separator: ",")])
          try await withGracefulShutdownHandler {
            try await web.run()
          } onGracefulShutdown: {
            web.stop()
          }
        }, serviceName: "web"),
      .init(service: store, serviceName: "storage"),
    ]
    let ready = store.ready
    all += [
      part("scrape manager") {
        try await ready.wait()
        await parts.scrape.run()
      },
      part("rule manager") {
        try await ready.wait()
        try await parts.rules.run()
      },
      part("notify discovery") { try await parts.notifyDiscovery.run() },
      part("scrape discovery") { try await parts.discovery.run() },
    ]
    all.append(
      .init(
        service: control, successTerminationBehavior: .gracefullyShutdownGroup,
        serviceName: "control"))
    return all
  }

  /// The name is said: to make one of the whole part by reflection takes a fifth of a start.
  private func part(
    _ name: String, _ body: @escaping @Sendable () async throws -> Void
  ) -> ServiceGroupConfiguration.ServiceConfiguration {
    .init(service: Part(body: body), serviceName: name)
  }
}

/// A part that runs until it is cancelled.
struct Part: Service {
  let body: @Sendable () async throws -> Void

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
  let body: @Sendable () async throws -> Void

  func run() async throws { try await body() }
}
