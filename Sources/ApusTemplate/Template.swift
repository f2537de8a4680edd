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
    /// Escapes what actions print for HTML, as consoles need it, and knows `tmpl`.
    package var isHTML: Bool

    package init(missingKey: MissingKey = .zero, isHTML: Bool = false) {
      self.missingKey = missingKey
      self.isHTML = isHTML
    }
  }

  /// A further text whose definitions a template may call, such as a console library.
  package struct Library: Sendable {
    package let name: String
    package let text: String

    package init(name: String, text: String) {
      self.name = name
      self.text = text
    }
  }

  /// What stands before every alert's text, so that `$labels` and its like are there. Positions
  /// in errors count it.
  package static let alertPreamble =
    "{{$labels := .Labels}}{{$externalLabels := .ExternalLabels}}"
    + "{{$externalURL := .ExternalURL}}{{$value := .Value}}"

  package let name: String
  package let text: String
  let options: Options
  /// Every named template, with the text that it comes from.
  let trees: [String: (list: [TemplateNode], source: Library)]

  /// - Throws: `TemplateError` where a text is not a template.
  package init(
    name: String, text: String, libraries: [Library] = [], options: Options = Options()
  ) throws(TemplateError) {
    self.name = name
    self.text = text
    self.options = options
    var functions = TemplateFunctions.names
    if options.isHTML { functions.insert("tmpl") }
    var trees: [String: (list: [TemplateNode], source: Library)] = [:]
    for source in [Library(name: name, text: text)] + libraries {
      var parser = TemplateParser(name: source.name, text: source.text, functions: functions)
      do {
        try parser.parse()
      } catch {
        throw TemplateError(.parsing, name: name, reason: parser.failure)
      }
      for (title, list) in parser.trees { trees[title] = (list, source) }
    }
    self.trees = trees
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
