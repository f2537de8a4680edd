extension ConfigErrors {
  /// The errors of a configuration file as promtool words them, with the line of each:
  ///
  ///     parsing YAML file p.yml: yaml: unmarshal errors:
  ///       line 4: field foo not found in type config.plain
  package var configText: String {
    byFile.map { file, errors in
      if let error = errors.first, error.kind == .file { return error.fullText }
      return "parsing YAML file \(file): \(Self.text(errors))"
    }.joined(separator: "\n")
  }

  /// All errors of one file without its name: `yaml: unmarshal errors:`, then a line for each.
  package var formText: String { Self.text(errors) }

  /// The errors of a rule file as promtool words them, one text for each:
  /// `r.yml: 10:11: group "g", rule 1, "a": ...`
  package var ruleTexts: [String] {
    byFile.flatMap { file, errors -> [String] in
      let form = errors.filter { $0.kind != .value }
      let values = errors.filter { $0.kind == .value }.map { error in
        let place = error.column > 0 ? "\(error.line):\(error.column)" : "\(error.line)"
        return "\(file): \(place): \(error.fullText)"
      }
      return (form.isEmpty ? [] : ["\(file): \(Self.text(form))"]) + values
    }
  }

  private static func text(_ errors: [ConfigError]) -> String {
    if errors.count == 1, let error = errors.first {
      switch error.kind {
      case .syntax: return syntaxText(error)
      case .value, .file:
        return error.line > 0 ? "\(error.fullText) (line \(error.line))" : error.fullText
      case .field: break
      }
    }
    let head = errors.contains { $0.kind == .field } ? "yaml: unmarshal errors:" : "errors:"
    return head + errors.map { "\n  line \($0.line): \($0.fullText)" }.joined()
  }

  /// `yaml: line 3: did not find expected key`
  private static func syntaxText(_ error: ConfigError) -> String {
    let prefix = "yaml: "
    guard error.line > 0, error.text.hasPrefix(prefix) else { return error.fullText }
    return "\(prefix)line \(error.line): \(error.text.dropFirst(prefix.count))"
  }

  private var byFile: [(file: String, errors: [ConfigError])] {
    var files: [(file: String, errors: [ConfigError])] = []
    for error in errors {
      if let at = files.firstIndex(where: { $0.file == error.file }) {
        files[at].errors.append(error)
      } else {
        files.append((error.file, [error]))
      }
    }
    return files
  }
}
