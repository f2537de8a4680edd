internal import ApusConfig
internal import ApusModel
internal import ApusPromQLSyntax
internal import ApusRules
internal import ApusSystem

/// The tests of one file.
struct RuleTestRun {
  let files: any FileSystem
  let options: RuleTestOptions
  /// Of the rule files that the tests name.
  private(set) var coverage = RuleCoverage()

  init(files: any FileSystem, options: RuleTestOptions) {
    self.files = files
    self.options = options
  }

  /// - Returns: what is wrong, in promtool's words; nothing if all is well.
  mutating func test(_ path: String, into suite: inout JUnitReport.Suite) -> [String] {
    let file: RuleTestFile
    do {
      file = try RuleTestFile.decode(try files.read(path), path: path)
    } catch let error as ConfigErrors {
      suite.abort(error.formText)
      return [error.formText]
    } catch {
      suite.abort("\(error)")
      return ["\(error)"]
    }
    if let repeated = Self.firstRepeated(file.groupOrder) {
      let problem = "group name repeated in evaluation order: \(repeated)"
      suite.abort(problem)
      return [problem]
    }
    suite.timestamp = CivilTime.text(seconds: Console.current.clock.nowMs / 1_000)
      .replacing(" ", with: "T")
    let rules = ruleFiles(file, below: ConfigPath.parent(of: path))
    coverage.register(file, rules: rules, options: options, files: files)
    var problems: [String] = []
    for (index, test) in file.tests.enumerated() where options.runs(test.name) {
      let name = test.name.isEmpty ? "unnamed#\(index)" : test.name
      let found = self.test(test, name: name, of: file, rules)
      suite.add(name, failures: found)
      problems += found
    }
    return problems
  }

  private func test(
    _ test: RuleTestFile.Test, name: String, of file: RuleTestFile, _ rules: [String]
  ) -> [String] {
    let clock = Console.current.clock
    let startNs = clock.monotonicNs
    if options.isDebugging { Output.errorLine("DEBUG: Starting test \(name)") }
    defer {
      if options.isDebugging {
        let took = GoDuration.text(ns: clock.monotonicNs &- startNs)
        Output.errorLine("DEBUG: Test \(name) finished, took \(took)")
      }
    }
    let groups: [RuleGroupDefinition]
    do {
      groups = try RuleLoader(
        files: files, options: options.features.parserOptions, validation: .utf8,
        ignoresUnknownFields: options.ignoresUnknownFields
      ).load(files: rules, intervalMs: test.intervalMs)
    } catch {
      return error.ruleTexts
    }
    do throws(CommandFailure) {
      var stage = try RuleTestStage(
        test, groups: Self.ordered(groups, file.groupOrder),
        evaluationIntervalMs: file.evaluationIntervalMs, isFuzzy: file.isFuzzy,
        options: options)
      return stage.run()
    } catch {
      return [error.description]
    }
  }

  /// Rule files by the globs of a test file.
  private func ruleFiles(_ file: RuleTestFile, below directory: String) -> [String] {
    file.ruleFiles.flatMap { pattern in
      let pattern = ConfigPath.join(directory == "." ? "" : directory, pattern)
      let found = Glob.expand(pattern, files: files)
      if found.isEmpty { Output.errorLine("  WARNING: no file match pattern \(pattern)") }
      return found
    }
  }

  private static func firstRepeated(_ names: [String]) -> String? {
    var seen = Set<String>()
    return names.first { !seen.insert($0).inserted }
  }

  /// Groups with a place in the order first, the others as they come.
  private static func ordered(
    _ groups: [RuleGroupDefinition], _ order: [String]
  ) -> [RuleGroupDefinition] {
    order.flatMap { name in groups.filter { $0.name == name } }
      + groups.filter { !order.contains($0.name) }
  }
}
