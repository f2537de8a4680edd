internal import ApusConfig
internal import ApusModel
internal import ApusRules
internal import ApusSystem
internal import ApusTelemetry

/// Everything that a configuration file says, loaded and checked, not yet in force.
struct LoadedConfig: Sendable {
  let config: Config
  let groups: [RuleGroupDefinition]
}

/// Configuration files -> `LoadedConfig`.
struct ConfigSource: Sendable {
  let path: String
  let loader: ConfigLoader
  let settings: Settings
  let files: any FileSystem

  /// - Throws: `ConfigErrors` with everything that is wrong in any file.
  func load() throws(ConfigErrors) -> LoadedConfig {
    let config = try loader.load(path: path)
    let rules = RuleLoader(
      files: files, options: settings.parserOptions, validation: config.global.nameValidation)
    let groups = try rules.load(
      config.ruleFiles, intervalMs: config.global.evaluationIntervalMs)
    return LoadedConfig(config: config, groups: groups)
  }
}

/// SIGHUP or POST /-/reload: load, check, and only then apply to every part in order.
actor Reloader {
  private let source: ConfigSource
  private let parts: ServerParts
  private let succeeded: Gauge
  private let lastSuccess: Gauge

  init(source: ConfigSource, parts: ServerParts) {
    self.source = source
    self.parts = parts
    succeeded = parts.registry.gauge(
      "prometheus_config_last_reload_successful",
      help: "Whether the last configuration reload attempt was successful.")
    lastSuccess = parts.registry.gauge(
      "prometheus_config_last_reload_success_timestamp_seconds",
      help: "Timestamp of the last successful configuration reload.")
  }

  /// Puts into force what was loaded at start.
  func applyFirst(_ loaded: LoadedConfig) async -> String? { await apply(loaded) }

  /// Nothing changes unless all of it is good.
  /// - Returns: what is wrong; nil if nothing.
  func reload() async -> String? {
    parts.log.info("Loading configuration file", ["filename": source.path])
    do throws(ConfigErrors) {
      return await apply(try source.load())
    } catch {
      succeeded.set(0)
      parts.live.update { $0.reloadSucceeded = false }
      parts.log.error("Error reloading config", ["err": "\(error)"])
      return "couldn't load configuration (--config.file=\(GoQuote.quote(source.path))): \(error)"
    }
  }

  private func apply(_ loaded: LoadedConfig) async -> String? {
    let startNs = parts.clock.monotonicNs
    let problems = await parts.apply(loaded)
    let nowMs = parts.clock.nowMs
    parts.live.update {
      $0.config = loaded.config
      $0.reloadSucceeded = problems.isEmpty
      $0.lastReloadMs = nowMs
    }
    guard problems.isEmpty else {
      succeeded.set(0)
      for problem in problems {
        parts.log.error("Failed to apply configuration", ["err": problem])
      }
      return "one or more errors occurred while applying the new configuration "
        + "(--config.file=\(GoQuote.quote(source.path))): \(problems.joined(separator: "; "))"
    }
    succeeded.set(1)
    lastSuccess.set(Double(nowMs) / 1000)
    let seconds = Double(parts.clock.monotonicNs &- startNs) / 1e9
    parts.log.info(
      "Completed loading of configuration file",
      ["filename": source.path, "totalDuration": "\(seconds)s"])
    return nil
  }
}
