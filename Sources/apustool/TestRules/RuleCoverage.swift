internal import ApusConfig
internal import ApusModel
internal import ApusPromQLSyntax
internal import ApusRules
internal import ApusSystem

/// Which rules the assertions of unit tests are about. A rule that several test files name counts
/// once.
struct RuleCoverage {
  struct Key: Hashable {
    let file: String
    let group: String
    let isRecording: Bool
    let name: String
    let labels: Labels
    let expression: String
  }

  private var covered: [Key: Bool] = [:]

  mutating func add(_ other: RuleCoverage) {
    covered.merge(other.covered) { $0 || $1 }
  }

  /// Counts the rules of a test file's rule files. Those that do not load are not counted.
  mutating func register(
    _ file: RuleTestFile, rules paths: [String], options: RuleTestOptions,
    files: any FileSystem
  ) {
    let tests = file.tests.filter { options.runs($0.name) }
    let alertNames = Set(tests.flatMap { $0.alerts.map(\.alertName) })
    let parserOptions = options.features.parserOptions
    let selectors = tests.flatMap(\.expressions).flatMap { test in
      (try? Parser.parse(test.expression, options: parserOptions))?.selectors ?? []
    }
    let loader = RuleLoader(
      files: files, options: parserOptions, validation: .utf8,
      ignoresUnknownFields: options.ignoresUnknownFields)
    for path in paths {
      let groups = try? loader.load(files: [path], intervalMs: file.evaluationIntervalMs)
      for group in groups ?? [] {
        for rule in group.rules {
          let isRecording = rule.kind == .recording
          let key = Key(
            file: path, group: group.name, isRecording: isRecording, name: rule.name,
            labels: Labels(rule.labels), expression: rule.expression)
          let isCovered =
            !isRecording && alertNames.contains(rule.name)
            || selectors.contains { Self.reads(key, $0.matchers) }
          covered[key] = (covered[key] ?? false) || isCovered
        }
      }
    }
  }

  /// Whether a selector chooses what a rule makes: the metric of a recording rule, or the ALERTS
  /// of an alert that it names.
  private static func reads(_ rule: Key, _ matchers: [LabelMatcher]) -> Bool {
    guard let name = matchers.first(where: { $0.name == LabelNames.metricName }) else {
      return false
    }
    if rule.isRecording {
      guard name.matches(rule.name) else { return false }
    } else {
      guard name.matches("ALERTS") || name.matches("ALERTS_FOR_STATE"),
        let alert = matchers.first(where: { $0.name == LabelNames.alertName }),
        alert.matches(rule.name)
      else { return false }
    }
    return matchers.allSatisfy { matcher in
      if [LabelNames.metricName, LabelNames.alertName].contains(matcher.name) { return true }
      return rule.labels[matcher.name].map { matcher.matches($0) } ?? true
    }
  }

  var percentage: Double {
    covered.isEmpty
      ? 100 : Double(covered.values.count { $0 }) / Double(covered.count) * 100
  }

  /// - Parameter threshold: percent, compared with what is shown; 0 for none.
  func isBelow(_ threshold: Double) -> Bool {
    let shown = (try? FloatText.parse(FloatText.fixed(percentage, places: 1))) ?? 0
    return threshold > 0 && shown < threshold
  }

  var lines: [String] {
    var lines = [
      "Rule test coverage:", "  Alerting rules:  \(fraction { !$0.isRecording })",
      "  Recording rules: \(fraction(\.isRecording))",
      "  Total:           \(fraction { _ in true })",
    ]
    let open = covered.filter { !$0.value }.keys.sorted { a, b in
      (a.file, a.group, a.isRecording ? 1 : 0, a.name, a.labels.description)
        < (b.file, b.group, b.isRecording ? 1 : 0, b.name, b.labels.description)
    }
    if open.isEmpty { return lines }
    lines.append("  Untested rules:")
    var last: Key?
    for rule in open {
      if last?.file != rule.file || last?.group != rule.group {
        lines.append(
          "    group \(GoQuote.quote(rule.group)) in \(FilePath.lastName(of: rule.file)):")
      }
      lines.append("      - \(rule.isRecording ? "record" : "alert"): \(rule.name)")
      last = rule
    }
    return lines
  }

  private func fraction(_ isMeant: (Key) -> Bool) -> String {
    let meant = covered.filter { isMeant($0.key) }
    if meant.isEmpty { return "0/0 covered" }
    let hits = meant.values.count { $0 }
    let share = FloatText.fixed(Double(hits) / Double(meant.count) * 100, places: 1)
    return "\(hits)/\(meant.count) covered (\(share)%)"
  }
}
