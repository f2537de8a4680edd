internal import ApusModel
internal import ApusSystem
internal import ArgumentParser

/// `test ...`
struct TestCommand: CommandGroup {
  static let configuration = CommandConfiguration(
    commandName: "test", abstract: "Unit testing.", subcommands: [TestRules.self])
}

/// `test rules <test-rule-file>...`
struct TestRules: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rules", abstract: "Unit tests for rules.")

  @OptionGroup var global: GlobalOptions

  @Option(help: "File path to store JUnit XML test results.") var junit = ""

  @Option(
    name: .customLong("run"),
    help: """
      If set, will only run test groups whose names match the regular expression. Can be \
      specified multiple times.
      """)
  var only: [String] = []

  @Flag(help: "Enable unit test debugging.") var debug = false

  @Flag(
    help: """
      [Experimental] Print colored differential output between expected & received output.
      """)
  var diff = false

  @Flag(
    name: .customLong("ignore-unknown-fields"),
    help: "Ignore unknown fields in the rule files that are tested.")
  var ignoresUnknownFields = false

  @Flag(help: "Report to standard error which rules no assertion is about.")
  var coverage = false

  @Option(
    name: .customLong("coverage-threshold"),
    help: "Fail when fewer rules than this percentage are covered by assertions.")
  var coverageThreshold = 0.0

  @Argument(help: ArgumentHelp("The unit test file.", valueName: "test-rule-file"))
  var files: [String]

  func run() throws {
    try ExistingFile.check(files)
    guard (0...100).contains(coverageThreshold) else {
      throw CommandFailure(
        "invalid --coverage-threshold \(FloatText.fixed(coverageThreshold, places: 1)): must be "
          + "between 0 and 100")
    }
    var options = RuleTestOptions()
    options.features = PromQLFeatures(global.features)
    options.isDebugging = debug
    options.showsDiff = diff
    options.ignoresUnknownFields = ignoresUnknownFields
    if !only.isEmpty {
      do throws(RegexError) {
        options.only = try RE2Pattern(only.joined(separator: "|"))
      } catch {
        throw CommandFailure(error.description)
      }
    }
    try test(options)
  }

  private func test(_ options: RuleTestOptions) throws {
    let fileSystem = PosixFileSystem()
    var report = JUnitReport()
    var covered = coverage || coverageThreshold > 0 ? RuleCoverage() : nil
    var hasFailed = false
    for file in files {
      Output.line("Unit Testing:  \(file)")
      var suite = JUnitReport.Suite(name: file)
      var run = RuleTestRun(files: fileSystem, options: options)
      let problems = run.test(file, into: &suite)
      report.suites.append(suite)
      covered?.add(run.coverage)
      if problems.isEmpty {
        Output.line("  SUCCESS")
      } else {
        Output.errorLine("  FAILED:")
        for problem in problems {
          Output.errorLine(problem)
          Output.line()
        }
        hasFailed = true
      }
      Output.line()
    }
    if !junit.isEmpty {
      do throws(PosixError) {
        try fileSystem.write(junit, Array(report.text.utf8))
      } catch {
        Output.errorLine("failed to write JUnit XML: \(error)")
      }
    }
    if let covered {
      Output.errorLine(covered.lines.joined(separator: "\n"))
      if covered.isBelow(coverageThreshold) {
        Output.errorLine(
          "Rule test coverage \(FloatText.fixed(covered.percentage, places: 1))% is below the "
            + "threshold of \(FloatText.fixed(coverageThreshold, places: 1))%.")
        hasFailed = true
      }
    }
    if hasFailed { throw ExitCode(ExitStatus.failure) }
  }
}

struct RuleTestOptions: Sendable {
  var features = PromQLFeatures([])
  /// Names of tests that are run; nil for all.
  var only: RE2Pattern?
  var isDebugging = false
  var showsDiff = false
  var ignoresUnknownFields = false

  func runs(_ name: String) -> Bool {
    only.map { $0.groupsOfFirstMatch(name.utf8.span, start: 0) != nil } ?? true
  }
}
