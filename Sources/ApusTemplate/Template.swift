package import ApusModel

/// A text with actions in Go's template language, parsed once and expanded often.
///
/// Texts, results and errors are those of Prometheus (template/template.go), which runs Go's
/// text/template with the option missingkey=zero.
package struct Template: Sendable {
  package struct Options: Sendable, Hashable {
    /// What a missing key of a map gives. In Prometheus's words: default, invalid, zero, error.
    package enum MissingKey: Sendable {
      case zero
      case error
    }

    package var missingKey: MissingKey

    package init(missingKey: MissingKey = .zero) { self.missingKey = missingKey }
  }

  /// What stands before every alert's text, so that `$labels` and its like are there. Positions
  /// in errors count it.
  package static let alertPreamble =
    "{{$labels := .Labels}}{{$externalLabels := .ExternalLabels}}"
    + "{{$externalURL := .ExternalURL}}{{$value := .Value}}"

  package let name: String
  package let text: String
  let options: Options
  let trees: [String: [TemplateNode]]

  /// - Throws: `TemplateError` where the text is not a template.
  package init(name: String, text: String, options: Options = Options()) throws(TemplateError) {
    self.name = name
    self.text = text
    self.options = options
    var parser = TemplateParser(
      name: name, text: text, functions: TemplateFunctions.names)
    do {
      try parser.parse()
    } catch {
      throw TemplateError(.parsing, name: name, reason: parser.failure)
    }
    trees = parser.trees
  }

  /// Parses and forgets: what `check rules` needs.
  package static func check(name: String, text: String) throws(TemplateError) {
    _ = try Template(name: name, text: text)
  }

  /// - Parameters:
  ///   - data: what the dot is.
  ///   - nowMs: the time of the evaluation, in ms since the epoch.
  ///   - externalURL: under which the server is reached; its path is `pathPrefix`.
  package func expand(
    data: TemplateValue, query: any TemplateQuery, nowMs: Int64, externalURL: String
  ) throws(TemplateError) -> String {
    let environment = TemplateEnvironment(
      query: query, nowMs: nowMs, externalURL: externalURL)
    var evaluator = TemplateEvaluator(template: self, environment: environment)
    do {
      return try evaluator.run(data)
    } catch {
      throw TemplateError(.executing, name: name, reason: error.reason)
    }
  }
}

/// What the functions of one expansion may ask for.
struct TemplateEnvironment: Sendable {
  let query: any TemplateQuery
  let nowMs: Int64
  let externalURL: String
}

extension TemplateValue {
  /// What an alert's texts see: `.Labels`, `.ExternalLabels`, `.ExternalURL` and `.Value`.
  package static func alert(
    labels: Labels, externalLabels: Labels, externalURL: String, value: TemplateValue
  ) -> TemplateValue {
    .fields(
      [
        ("Labels", .labels(labels)), ("ExternalLabels", .labels(externalLabels)),
        ("ExternalURL", .string(externalURL)), ("Value", value),
      ],
      type: "struct { Labels map[string]string; ExternalLabels map[string]string; "
        + "ExternalURL string; Value interface {} }")
  }
}
