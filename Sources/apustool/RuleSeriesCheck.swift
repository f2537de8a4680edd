internal import ApusConfig
internal import ApusModel
internal import ApusPromQLSyntax

/// Asks a server whether it has series for what rules select: a metric that was renamed makes an
/// alert that never fires.
struct RuleSeriesCheck {
  let client: APIClient
  let options: ParserOptions

  /// How long ago a series may have ended.
  private static let windowMs: Int64 = 3_600_000

  /// - Returns: a line for each selector of each rule that chooses nothing. What the rules
  ///   themselves make is not looked for.
  /// - Throws: `APIError`.
  func warnings(_ files: [RuleFile]) async throws -> [String] {
    let rules = files.flatMap(\.groups).flatMap(\.rules)
    let made = Set(rules.map(\.record)).union(["ALERTS", "ALERTS_FOR_STATE"])
    var known: [String: Bool] = [:]
    var warnings: [String] = []
    for file in files {
      for group in file.groups {
        for (index, rule) in group.rules.enumerated() {
          for selector in selectors(of: rule) {
            let name = selector.matchers.first { $0.name == LabelNames.metricName }
            if let name, name.kind == .equal, made.contains(name.value) { continue }
            let text = Expression.vectorSelector(
              VectorSelector(
                name: selector.name, matchers: selector.matchers, range: selector.range)
            ).description
            var isThere = known[text] ?? false
            if known[text] == nil {
              isThere = try await hasSeries(text)
              known[text] = isThere
            }
            if isThere { continue }
            let title = rule.alert.isEmpty ? rule.record : rule.alert
            warnings.append(
              "\(file.path): group \(GoQuote.quote(group.name)), rule \(index + 1), "
                + "\(GoQuote.quote(title)): no series match \(text)")
          }
        }
      }
    }
    return warnings
  }

  private func selectors(of rule: RuleConfig) -> [VectorSelector] {
    (try? Parser.parse(rule.expression, options: options))?.selectors ?? []
  }

  private func hasSeries(_ selector: String) async throws -> Bool {
    let found = try await client.ask(
      path: "/api/v1/series",
      query: [
        FormField("match[]", selector),
        FormField("start", TimeText.seconds(client.nowMs - Self.windowMs)),
        FormField("end", TimeText.seconds(client.nowMs)), FormField("limit", "1"),
      ])
    return (found as? [Any])?.isEmpty == false
  }
}
