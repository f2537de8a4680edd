internal import ApusConfig
internal import ApusModel
package import ApusSystem
internal import ApusTelemetry
internal import Logging

/// The program: arguments in, exit code out.
package struct ServerCommand: Sendable {
  let files: any FileSystem
  let clock: any WallClock
  let random: any RandomSource
  let environment: @Sendable (String) -> String?

  package init(
    files: any FileSystem, clock: any WallClock, random: any RandomSource,
    environment: @escaping @Sendable (String) -> String?
  ) {
    self.files = files
    self.clock = clock
    self.random = random
    self.environment = environment
  }

  /// 0 after an orderly end; 1 if a part failed; 2 for a bad command line or configuration; 3 for
  /// flags of the other mode.
  package func run(_ arguments: [String]) async -> Int32 {
    let flags: Flags
    do {
      let parser = try FlagParser(arguments) { path in
        try files.readText(path).split(separator: "\n").map(String.init)
      }
      if parser.wantsHelp { return say(FlagHelp.text) }
      if parser.wantsVersion { return say(BuildInfo.text(program: "apus")) }
      flags = Flags(parser)
    } catch {
      StandardStreams.writeError(
        "Error parsing command line arguments: \(error)\n\(FlagHelp.usage)\n"
          + "Try 'apus --help' for the flags.\n")
      return 2
    }
    if let refusal = flags.refusal {
      StandardStreams.writeError(refusal + "\n")
      return 3
    }
    if flags.bool("write-documentation") { return say(FlagHelp.text) }
    return await run(flags)
  }

  private func say(_ text: String) -> Int32 {
    StandardStreams.writeOutput(text)
    return 0
  }

  private func run(_ flags: Flags) async -> Int32 {
    let settings: Settings
    do throws(FlagError) {
      settings = try Settings(flags: flags, hostName: hostName)
    } catch {
      StandardStreams.writeError("\(error)\n")
      return 2
    }
    let clock = clock
    let log = LogSetup.standardError(
      level: LogSetup.level(named: flags.text("log.level")) ?? .info,
      format: LogFormat(rawValue: flags.text("log.format")) ?? .logfmt
    ) { clock.nowMs }
    log.info(
      "Starting Prometheus Server",
      [
        "mode": "server",
        "version": "(apus=\(BuildInfo.apusVersion), "
          + "version=\(BuildInfo.version), branch=\(BuildInfo.branch))",
      ])
    for warning in settings.features.warnings {
      log.warning("Feature flag", ["warning": warning.text, "option": warning.option])
    }
    for warning in settings.warnings { log.warning("Command line", ["warning": warning]) }
    let source = ConfigSource(
      path: flags.text("config.file"),
      loader: ConfigLoader(files: files, environment: environment), settings: settings,
      files: files)
    do throws(ConfigErrors) {
      log.info("Loading configuration file", ["filename": source.path])
      let loaded = try source.load()
      return await Server(
        settings: settings, source: source, loaded: loaded,
        world: World(files: files, clock: clock, random: random, log: log)
      ).run()
    } catch {
      log.error(
        "Error loading config",
        ["file": source.path, "err": "\(error)"])
      return 2
    }
  }

  private var hostName: String {
    let text = (try? files.readText("/proc/sys/kernel/hostname")) ?? "localhost"
    return text.split(separator: "\n").first.map(String.init) ?? "localhost"
  }
}

/// Disk, time, chance and the log: what every part is given.
struct World: Sendable {
  let files: any FileSystem
  let clock: any WallClock
  let random: any RandomSource
  let log: Log
}
