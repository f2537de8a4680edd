package import ApusConfig
internal import ApusModel
package import ApusPromQLSyntax
package import ApusSystem
internal import ApusTemplate

/// Rule files -> checked groups, all errors of all files at once.
package struct RuleLoader: Sendable {
  private let files: any FileSystem
  private let loader: RuleFileLoader
  private let options: ParserOptions

  package init(
    files: any FileSystem, options: ParserOptions, validation: NameValidation,
    ignoresUnknownFields: Bool = false
  ) {
    self.files = files
    self.options = options
    loader = RuleFileLoader(
      files: files, checks: RuleLoader.checks(options), validation: validation,
      ignoresUnknownFields: ignoresUnknownFields)
  }

  /// What the texts of a rule file are checked with.
  package static func checks(_ options: ParserOptions) -> RuleChecks {
    RuleChecks(
      expression: { text in
        do throws(ParseError) {
          return try Parser.withTree(of: text, options: options) { _ in nil }
        } catch {
          return error.description
        }
      },
      template: { alert, text in AlertText.problem(in: text, alert: alert) })
  }

  /// - Parameters:
  ///   - patterns: globs; one that matches nothing is no error.
  ///   - intervalMs: for groups that name none.
  /// - Throws: `ConfigErrors` with everything that is wrong in any file.
  package func load(
    _ patterns: [String], intervalMs: Int64
  ) throws(ConfigErrors) -> [RuleGroupDefinition] {
    try load(
      files: patterns.flatMap { Glob.expand($0, files: files) }, intervalMs: intervalMs)
  }

  /// Loads the files of some paths, each of which must be there.
  package func load(
    files paths: [String], intervalMs: Int64
  ) throws(ConfigErrors) -> [RuleGroupDefinition] {
    var errors: [ConfigError] = []
    var groups: [RuleGroupDefinition] = []
    for path in paths {
      do throws(ConfigErrors) {
        let file = try loader.load(path: path)
        groups += file.groups.map { definition($0, file: path, intervalMs: intervalMs) }
      } catch {
        errors += error.errors
      }
    }
    guard errors.isEmpty else { throw ConfigErrors(errors) }
    return groups
  }

  private func definition(
    _ group: RuleGroupConfig, file: String, intervalMs: Int64
  ) -> RuleGroupDefinition {
    RuleGroupDefinition(
      name: group.name, file: file, intervalMs: group.intervalMs ?? intervalMs,
      queryOffsetMs: group.queryOffsetMs, limit: group.limit,
      rules: group.rules.map { definition($0, groupLabels: group.labels) })
  }

  private func definition(_ rule: RuleConfig, groupLabels: [Label]) -> RuleDefinition {
    var labels = Dictionary(groupLabels.map { ($0.name, $0.value) }) { $1 }
    for label in rule.labels { labels[label.name] = label.value }
    let merged = labels.map { Label($0.key, $0.value) }
      .sorted { compareBytes($0.name.utf8.span, $1.name.utf8.span) < 0 }
    // The file was checked: what does not parse has thrown already.
    let expression =
      (try? Parser.withTree(of: rule.expression, options: options) { $0.description })
      ?? rule.expression
    return RuleDefinition(
      name: rule.alert.isEmpty ? rule.record : rule.alert, expression: expression,
      labels: merged,
      kind: rule.alert.isEmpty
        ? .recording
        : .alerting(
          forMs: rule.forMs, keepFiringForMs: rule.keepFiringForMs,
          annotations: rule.annotations))
  }
}
