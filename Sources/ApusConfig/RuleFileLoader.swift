internal import ApusModel
package import ApusSystem

/// What a rule file's texts are checked with. The languages live elsewhere; the loader only knows
/// where they stand.
package struct RuleChecks: Sendable {
  /// Why an expression does not parse; nil if it does.
  package let expression: @Sendable (String) -> String?
  /// Why the text of a label or annotation is no template, given its alert's name; nil if it is.
  package let template: @Sendable (_ alert: String, _ text: String) -> String?

  package init(
    expression: @escaping @Sendable (String) -> String?,
    template: @escaping @Sendable (_ alert: String, _ text: String) -> String?
  ) {
    self.expression = expression
    self.template = template
  }

  /// Takes everything.
  package static let none = RuleChecks(expression: { _ in nil }, template: { _, _ in nil })
}

/// Rule files to `RuleFile`: every error of a file at once, in the words of Prometheus's rulefmt.
package struct RuleFileLoader: Sendable {
  private let files: any FileSystem
  private let checks: RuleChecks
  private let validation: NameValidation
  private let ignoresUnknownFields: Bool

  package init(
    files: any FileSystem, checks: RuleChecks, validation: NameValidation = .utf8,
    ignoresUnknownFields: Bool = false
  ) {
    self.files = files
    self.checks = checks
    self.validation = validation
    self.ignoresUnknownFields = ignoresUnknownFields
  }

  package func load(path: String) throws(ConfigErrors) -> RuleFile {
    let bytes: [UInt8]
    do {
      bytes = try files.read(path)
    } catch {
      throw ConfigErrors([ConfigError(.file, file: path, line: 0, text: "\(error)")])
    }
    return try load(bytes, path: path)
  }

  /// Reads bytes as if they stood in the file `path`.
  package func load(_ bytes: [UInt8], path: String) throws(ConfigErrors) -> RuleFile {
    let errors = ErrorList(file: path)
    var document = YAMLDocument(errors: errors)
    let node = document.parse(bytes)
    guard errors.isEmpty else { throw ConfigErrors(errors.sorted) }
    let decoder = RecordDecoder(
      errors: errors, ignoresUnknownFields: ignoresUnknownFields, dialect: .rules)
    let root = node.flatMap { decoder.record($0, RuleSchema.file) }
    let reader = SectionReader(errors: errors, directory: "")
    var names: Set<String> = []
    // An element that is null is none, here and among the rules of a group.
    let groups = (root?.objects("groups") ?? []).compactMap { record in
      record.map { group($0, reader, &names) }
    }
    guard errors.isEmpty else { throw ConfigErrors(errors.sorted) }
    return RuleFile(path: path, groups: groups)
  }

  private func group(
    _ record: Record, _ reader: SectionReader, _ names: inout Set<String>
  ) -> RuleGroupConfig {
    var group = RuleGroupConfig()
    group.name = record.string("name")
    group.line = record.line
    let place = Record.Place(line: record.line, column: record.column)
    if group.name.isEmpty && !record.isUnreadable("name") {
      reader.fail(at: place, "Groupname must not be empty")
    }
    if !names.insert(group.name).inserted {
      reader.fail(at: place, "groupname: \"\(group.name)\" is repeated in the same file")
    }
    if record.durationMs("interval") > 0 { group.intervalMs = record.durationMs("interval") }
    if record.has("query_offset") { group.queryOffsetMs = record.durationMs("query_offset") }
    group.limit = Int(clamping: record.int("limit"))
    group.labels = labels(record, reader, prefix: "")
    for (index, rule) in record.objects("rules").compactMap(\.self).enumerated() {
      group.rules.append(self.rule(rule, reader, group: group.name, number: index + 1))
    }
    return group
  }

  private func rule(
    _ record: Record, _ reader: SectionReader, group: String, number: Int
  ) -> RuleConfig {
    var rule = RuleConfig()
    rule.line = record.line
    rule.record = record.string("record")
    rule.alert = record.string("alert")
    rule.expression = record.string("expr")
    rule.forMs = record.durationMs("for")
    rule.keepFiringForMs = record.durationMs("keep_firing_for")
    let name = rule.alert.isEmpty ? rule.record : rule.alert
    let prefix = "group \(GoQuote.quote(group)), rule \(number), \(GoQuote.quote(name)): "
    func fail(_ field: String, _ text: String) {
      reader.fail(
        at: record.place(of: field), prefix + text, toolPlace: record.toolPlace(of: field))
    }
    checkKind(rule, record, reader, prefix)
    if rule.expression.isEmpty {
      if !record.isUnreadable("expr") { fail("expr", "field 'expr' must be set in rule") }
    } else if let problem = checks.expression(rule.expression) {
      fail("expr", "could not parse expression: \(problem)")
    }
    if !rule.record.isEmpty { checkRecording(rule, record, fail) }
    rule.labels = labels(record, reader, prefix: prefix)
    rule.annotations = annotations(record, reader, prefix: prefix)
    if !rule.alert.isEmpty {
      checkTemplates(rule, record) { field, text in
        reader.fail(at: record.place(of: field), prefix + text, toolPlace: "")
      }
    }
    return rule
  }

  /// A rule records or alerts.
  private func checkKind(
    _ rule: RuleConfig, _ record: Record, _ reader: SectionReader, _ prefix: String
  ) {
    func fail(_ text: String) {
      reader.fail(
        at: record.place(of: "record"), prefix + text,
        toolPlace: record.toolPlace(of: "record", "alert"))
    }
    switch (rule.record.isEmpty, rule.alert.isEmpty) {
    case (false, false): fail("only one of 'record' and 'alert' must be set")
    case (true, true) where !record.isUnreadable("record") && !record.isUnreadable("alert"):
      fail("one of 'record' or 'alert' must be set")
    default: break
    }
  }

  private func checkRecording(
    _ rule: RuleConfig, _ record: Record, _ fail: (String, String) -> Void
  ) {
    if !record.stringMap("annotations").isEmpty {
      fail("record", "invalid field 'annotations' in recording rule")
    }
    if rule.forMs != 0 { fail("record", "invalid field 'for' in recording rule") }
    if rule.keepFiringForMs != 0 {
      fail("record", "invalid field 'keep_firing_for' in recording rule")
    }
    let isValid =
      validation == .legacy
      ? LabelNames.isLegacyValidMetricName(rule.record) : LabelNames.isValid(rule.record)
    if !isValid { fail("record", "invalid recording rule name: \(rule.record)") }
    if rule.record.contains("{") || rule.record.contains("}") {
      fail(
        "record",
        "braces present in the recording rule name; should it be in expr?: \(rule.record)")
    }
  }

  private func checkTemplates(
    _ rule: RuleConfig, _ record: Record, _ fail: (String, String) -> Void
  ) {
    for label in rule.labels {
      if let problem = checks.template(rule.alert, label.value) {
        fail("labels", "label \(GoQuote.quote(label.name)): \(problem)")
      }
    }
    for annotation in rule.annotations {
      if let problem = checks.template(rule.alert, annotation.value) {
        fail("annotations", "annotation \(GoQuote.quote(annotation.name)): \(problem)")
      }
    }
  }

  private func labels(_ record: Record, _ reader: SectionReader, prefix: String) -> [Label] {
    let entries = record.stringMap("labels").sorted { reader.precedes($0.key, $1.key) }
    for entry in entries
    where !reader.isLabelName(entry.key, validation) || entry.key == LabelNames.metricName {
      let place = Record.Place(line: entry.line, column: entry.column)
      reader.fail(at: place, "\(prefix)invalid label name: \(entry.key)", toolPlace: "")
    }
    return entries.map { Label($0.key, $0.value) }
  }

  private func annotations(
    _ record: Record, _ reader: SectionReader, prefix: String
  ) -> [Label] {
    let entries = record.stringMap("annotations").sorted { reader.precedes($0.key, $1.key) }
    for entry in entries where !reader.isLabelName(entry.key, validation) {
      let place = Record.Place(line: entry.line, column: entry.column)
      reader.fail(at: place, "\(prefix)invalid annotation name: \(entry.key)", toolPlace: "")
    }
    return entries.map { Label($0.key, $0.value) }
  }
}
