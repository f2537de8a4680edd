internal import ApusConfig
internal import ApusModel
internal import ApusSystem
internal import ArgumentParser
internal import Foundation

/// `check config <file>...`
struct CheckConfig: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "config", abstract: "Check if the config files are valid or not.")

  @OptionGroup var global: GlobalOptions

  @Flag(
    name: .customLong("syntax-only"),
    help: """
      Only check the config file syntax, ignoring file and content validation referenced in \
      the config
      """)
  var isSyntaxOnly = false

  @Option(
    help: """
      Linting checks to apply to the rules/scrape configs specified in the config. Available \
      options are: all, duplicate-rules, none, too-long-scrape-interval. Use --lint=none to \
      disable linting
      """)
  var lint = "duplicate-rules"

  @Flag(name: .customLong("lint-fatal"), help: "Make lint errors exit with exit code 3.")
  var lintIsFatal = false

  @Flag(
    name: .customLong("ignore-unknown-fields"),
    help: "Ignore unknown fields in the rule groups read by the config files.")
  var ignoresUnknownFields = false

  @Flag(help: "Check config file for Prometheus in Agent mode.")
  var agent = false

  @Option(
    name: .customLong("query.lookback-delta"),
    help: """
      The server's maximum query lookback duration, for the lint of scrape intervals.
      """)
  var lookbackDelta = "5m"

  @Argument(help: "The config files to check.")
  var configFiles: [String]

  func run() throws {
    try ExistingFile.check(configFiles)
    guard let lookbackMs = try? DurationText.parse(lookbackDelta) else {
      throw ValidationError("not a valid duration string: \"\(lookbackDelta)\"")
    }
    let options = LintOptions(lint, isFatal: lintIsFatal, lookbackMs: lookbackMs)
    var result = CheckResult.good
    for file in configFiles { result.add(check(file, options)) }
    try result.exit(options)
  }

  private func check(_ path: String, _ lint: LintOptions) -> CheckResult {
    Output.line("Checking \(path)")
    let checker = ConfigChecker(
      files: PosixFileSystem(), isSyntaxOnly: isSyntaxOnly, isAgent: agent)
    let found: ConfigChecker.Found
    do {
      found = try checker.check(path)
    } catch {
      Output.errorLine("  FAILED: \(error)")
      Output.line()
      return .bad
    }
    if !found.ruleFiles.isEmpty {
      Output.line("  SUCCESS: \(found.ruleFiles.count) rule files found")
    }
    Output.line(" SUCCESS: \(path) is valid prometheus config file syntax\n")
    if isSyntaxOnly { return .good }
    var result = lintJobs(found.jobs, lint)
    let rules = RuleChecker(
      files: PosixFileSystem(), lint: lint, ignoresUnknownFields: ignoresUnknownFields,
      features: global.features)
    result.add(rules.check(found.ruleFiles))
    return result
  }

  private func lintJobs(_ jobs: [ScrapeConfig], _ lint: LintOptions) -> CheckResult {
    guard lint.tooLongInterval,
      let job = ConfigLint.tooLongInterval(jobs, lookbackMs: lint.lookbackMs)
    else { return .good }
    Output.errorLine(
      "  FAILED: too long scrape interval found, data point will be marked as stale - job: "
        + "\(job.jobName), interval: \(DurationText.text(ms: job.intervalMs))")
    return .lint
  }
}

/// Checks a configuration and the files that it names.
struct ConfigChecker {
  let files: any FileSystem
  let isSyntaxOnly: Bool
  let isAgent: Bool

  struct Found {
    var ruleFiles: [String] = []
    var jobs: [ScrapeConfig] = []
  }

  /// Why a configuration is bad, in promtool's words.
  struct Failure: Error, CustomStringConvertible {
    let description: String
  }

  func check(_ path: String) throws -> Found {
    let config: Config
    do {
      config = try ConfigLoader(
        files: files, environment: { ProcessInfo.processInfo.environment[$0] }
      ).load(path: path)
    } catch {
      throw Failure(description: error.configText)
    }
    if isAgent { try checkAgent(config) }
    var found = Found(jobs: config.scrapeConfigs)
    if !isSyntaxOnly { found.ruleFiles = try ruleFiles(config) }
    for job in config.scrapeConfigs { try check(job) }
    for manager in config.alerting.alertmanagers {
      try checkFiles(manager.discovery.files) {
        "file \($0) for file_sd in alertmanager config does not exist"
      }
    }
    return found
  }

  private func checkAgent(_ config: Config) throws {
    let sections = [
      ("alerting", !config.alerting.alertmanagers.isEmpty || !config.alerting.relabelRules.isEmpty),
      ("rule_files", !config.ruleFiles.isEmpty),
      ("remote_read", !config.remoteReads.isEmpty),
    ]
    for (name, isUsed) in sections where isUsed {
      throw Failure(description: "field \(name) is not allowed in agent mode")
    }
  }

  private func ruleFiles(_ config: Config) throws -> [String] {
    try config.ruleFiles.flatMap { pattern in
      let paths = Glob.expand(pattern, files: files)
      if paths.isEmpty && !pattern.utf8.contains(UInt8(ascii: "*")) {
        throw Failure(
          description: "\(GoQuote.quote(pattern)) does not point to an existing file")
      }
      return paths
    }
  }

  private func check(_ job: ScrapeConfig) throws {
    if !isSyntaxOnly {
      try checkExists(
        job.client.authorization?.credentialsFile ?? "",
        "authorization credentials or bearer token file")
    }
    if !isSyntaxOnly {
      try check(job.client.tls)
      for case .kubernetes(let cluster) in job.discovery.others { try check(cluster.client.tls) }
      try checkFiles(job.discovery.files) {
        "file \($0) for file_sd in scrape job \(GoQuote.quote(job.jobName)) does not exist"
      }
    }
  }

  private func check(_ tls: TLSConfig) throws {
    try checkExists(tls.certificateFile, "client cert file")
    try checkExists(tls.keyFile, "client key file")
  }

  private func checkExists(_ path: String, _ what: String) throws {
    if path.isEmpty || files.exists(path) { return }
    throw Failure(
      description: "error checking \(what) \(GoQuote.quote(path)): "
        + "stat \(path): no such file or directory")
  }

  private func checkFiles(
    _ configs: [FileDiscoveryConfig], missing: (String) -> String
  ) throws {
    if isSyntaxOnly { return }
    for pattern in configs.flatMap(\.patterns) {
      let paths = Glob.expand(pattern, files: files)
      if paths.isEmpty { Output.line("  WARNING: \(missing(GoQuote.quote(pattern)))") }
      for path in paths {
        do {
          _ = try TargetFile.decode(
            try files.read(path), source: path, label: Label("__meta_filepath", path))
        } catch {
          throw Failure(
            description: "checking SD file \(GoQuote.quote(pattern)): \(error)")
        }
      }
    }
  }
}
