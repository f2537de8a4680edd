internal import ApusConfig
internal import ApusPromQLSyntax
internal import ApusRules
internal import ApusSystem
internal import ArgumentParser
internal import Foundation

/// `check rules [file...]`
struct CheckRules: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rules", abstract: "Check if the rule files are valid or not.")

  @OptionGroup var global: GlobalOptions

  @Option(
    help: """
      Linting checks to apply. Available options are: all, duplicate-rules, none. Use \
      --lint=none to disable linting
      """)
  var lint = "duplicate-rules"

  @Flag(name: .customLong("lint-fatal"), help: "Make lint errors exit with exit code 3.")
  var lintIsFatal = false

  @Flag(
    name: .customLong("ignore-unknown-fields"), help: "Ignore unknown fields in the rule files.")
  var ignoresUnknownFields = false

  @Option(
    help: """
      The URL of a Prometheus server: warn of expressions that select series it does not have.
      """)
  var against = ""

  @Argument(help: "The rule files to check, default is read from standard input.")
  var ruleFiles: [String] = []

  func run() async throws {
    try ExistingFile.check(ruleFiles)
    let options = LintOptions(lint, isFatal: lintIsFatal)
    let checker = RuleChecker(
      files: PosixFileSystem(), lint: options, ignoresUnknownFields: ignoresUnknownFields,
      features: global.features)
    let result =
      ruleFiles.isEmpty ? checker.checkStandardInput() : checker.check(ruleFiles)
    if !against.isEmpty { try await checkSeries(checker.loaded(ruleFiles)) }
    try result.exit(options)
  }

  private func checkSeries(_ files: [RuleFile]) async throws {
    let check = RuleSeriesCheck(
      client: try APIClient(server: against, httpConfigFile: ""),
      options: PromQLFeatures(global.features).parserOptions)
    do {
      for warning in try await check.warnings(files) { Output.line("  WARNING: \(warning)") }
    } catch let error as APIError {
      throw CommandFailure("query error: \(error)")
    }
  }
}

enum ExistingFile {
  static func check(_ paths: [String]) throws {
    for path in paths where !PosixFileSystem().exists(path) {
      throw ValidationError("path '\(path)' does not exist")
    }
  }
}

/// Checks rule files and says what it finds, as promtool does.
struct RuleChecker {
  let files: any FileSystem
  let lint: LintOptions
  let ignoresUnknownFields: Bool
  /// Values of --enable-feature.
  let features: [String]

  func check(_ paths: [String]) -> CheckResult {
    var result = CheckResult.good
    for path in paths {
      Output.line("Checking \(path)")
      result.add(
        report { () throws(ConfigErrors) in
          try loader.load(path: path)
        })
    }
    return result
  }

  func checkStandardInput() -> CheckResult {
    Output.line("Checking standard input")
    let bytes = Console.current.readInput()
    return report { () throws(ConfigErrors) in
      try loader.load(bytes, path: "standard input")
    }
  }

  /// The files that are right.
  func loaded(_ paths: [String]) -> [RuleFile] { paths.compactMap { try? loader.load(path: $0) } }

  private var loader: RuleFileLoader {
    RuleFileLoader(
      files: files, checks: RuleLoader.checks(PromQLFeatures(features).parserOptions),
      ignoresUnknownFields: ignoresUnknownFields)
  }

  private func report(_ load: () throws(ConfigErrors) -> RuleFile) -> CheckResult {
    do {
      let file = try load()
      let duplicates = lint.duplicateRules ? ConfigLint.duplicates(file) : []
      guard duplicates.isEmpty else {
        Output.errorLine("  FAILED:\nlint error \(ConfigLint.text(duplicates))")
        Output.line()
        return .lint
      }
      let count = file.groups.reduce(0) { $0 + $1.rules.count }
      Output.line("  SUCCESS: \(count) rules found\n")
      return .good
    } catch {
      Output.errorLine("  FAILED:")
      for text in error.ruleTexts { Output.errorLine(text) }
      Output.line()
      return .bad
    }
  }
}
