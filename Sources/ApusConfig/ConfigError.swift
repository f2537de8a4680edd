/// One thing that is wrong in a configuration or rule file.
package struct ConfigError: Error, Sendable, Equatable {
  package enum Kind: Sendable {
    /// Not YAML.
    case syntax
    /// A key or a type that does not belong there.
    case field
    /// Well formed, and not allowed.
    case value
    /// The file cannot be read.
    case file
  }

  package let kind: Kind
  package let file: String
  /// From 1; 0 where the whole file is meant.
  package let line: Int
  /// From 1; 0 where the whole line is meant.
  package let column: Int
  /// In Prometheus's words where it has them.
  package let text: String
  /// The nearest right name, empty if none is near.
  package let suggestion: String
  /// Where promtool says it is, if that is not this line and column; empty where it does not say.
  package let toolPlace: String?

  package init(
    _ kind: Kind, file: String, line: Int, column: Int = 0, text: String,
    suggestion: String = "", toolPlace: String? = nil
  ) {
    self.kind = kind
    self.file = file
    self.line = line
    self.column = column
    self.text = text
    self.suggestion = suggestion
    self.toolPlace = toolPlace
  }

  /// The text with the suggestion.
  package var fullText: String {
    suggestion.isEmpty ? text : "\(text); did you mean \(suggestion)?"
  }
}

extension ConfigError: CustomStringConvertible {
  /// `file:line: what is wrong`
  package var description: String {
    line == 0 ? "\(file): \(fullText)" : "\(file):\(line): \(fullText)"
  }
}

/// All that is wrong; never empty.
package struct ConfigErrors: Error, Sendable, Equatable {
  /// By file in order of reading, then by line.
  package let errors: [ConfigError]

  package init(_ errors: [ConfigError]) {
    precondition(!errors.isEmpty, "no error to report")
    self.errors = errors
  }
}

extension ConfigErrors: CustomStringConvertible {
  /// One line for each error.
  package var description: String { errors.map(\.description).joined(separator: "\n") }
}

/// Gathers what is wrong while a file is read.
final class ErrorList {
  private(set) var errors: [ConfigError] = []
  let file: String

  init(file: String) { self.file = file }

  func add(
    _ kind: ConfigError.Kind, line: Int, column: Int = 0, _ text: String,
    suggestion: String = "", toolPlace: String? = nil
  ) {
    errors.append(
      ConfigError(
        kind, file: file, line: line, column: column, text: text, suggestion: suggestion,
        toolPlace: toolPlace))
  }

  func add(_ error: ConfigError) { errors.append(error) }

  var isEmpty: Bool { errors.isEmpty }

  /// By line, each text once.
  var sorted: [ConfigError] {
    var seen: [ConfigError] = []
    let ordered = errors.enumerated()
      .sorted { ($0.element.line, $0.offset) < ($1.element.line, $1.offset) }
    for (_, error) in ordered where !seen.contains(error) { seen.append(error) }
    return seen
  }
}
