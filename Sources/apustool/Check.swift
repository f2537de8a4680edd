internal import ArgumentParser

/// `check ...`
struct Check: CommandGroup {
  static let configuration = CommandConfiguration(
    commandName: "check", abstract: "Check the resources for validity.",
    subcommands: [
      CheckServiceDiscovery.self, CheckConfig.self, CheckHealthy.self, CheckReady.self,
      CheckRules.self, CheckMetrics.self, CheckWebConfig.self,
    ])
}

/// What to complain about besides errors.
struct LintOptions {
  private static let known = ["all", "duplicate-rules", "none", "too-long-scrape-interval"]
  private let names: Set<String>
  let isFatal: Bool
  let lookbackMs: Int64

  /// - Parameter text: names separated by commas; unknown ones are told and passed over.
  init(_ text: String, isFatal: Bool, lookbackMs: Int64 = 0) {
    var names: Set<String> = []
    for name in text.split(separator: ",").map(String.init) {
      if Self.known.contains(name) {
        names.insert(name)
      } else {
        Output.line("WARNING: unknown lint option: \"\(name)\"")
      }
    }
    self.names = names
    self.isFatal = isFatal
    self.lookbackMs = lookbackMs
  }

  var duplicateRules: Bool {
    !isOff && (names.contains("all") || names.contains("duplicate-rules"))
  }

  var tooLongInterval: Bool {
    !isOff && (names.contains("all") || names.contains("too-long-scrape-interval"))
  }

  private var isOff: Bool { names.contains("none") }
}

/// What checks have found so far.
struct CheckResult {
  var hasFailed = false
  /// Failures that are more than lint.
  var hasErrors = false

  mutating func add(_ other: CheckResult) {
    hasFailed = hasFailed || other.hasFailed
    hasErrors = hasErrors || other.hasErrors
  }

  static let good = CheckResult()
  static let lint = CheckResult(hasFailed: true, hasErrors: false)
  static let bad = CheckResult(hasFailed: true, hasErrors: true)

  func exit(_ lint: LintOptions) throws {
    if hasFailed && hasErrors { throw ExitCode(ExitStatus.failure) }
    if hasFailed && lint.isFatal { throw ExitCode(ExitStatus.lint) }
  }
}
