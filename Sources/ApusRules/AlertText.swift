internal import ApusModel
internal import ApusPromQL
internal import ApusTelemetry
internal import ApusTemplate

/// A label or an annotation of an alert: a template that is parsed once, when its rule is loaded,
/// and expanded for every alert of every evaluation.
struct AlertText: Sendable {
  private enum Form {
    /// Nothing to expand.
    case plain(String)
    case template(Template)
    case broken(TemplateError)
  }

  private let form: Form

  /// - Parameter alert: the name of the alert, which errors give.
  init(_ text: String, alert: String) {
    // Most labels are plain words: nothing to parse.
    guard text.utf8.contains(UInt8(ascii: "{")) else {
      form = .plain(text)
      return
    }
    do throws(TemplateError) {
      form = .template(
        try Template(name: Self.templateName(alert), text: Template.alertPreamble + text))
    } catch {
      form = .broken(error)
    }
  }

  /// A template that fails gives a text that says so; it never stops the rule.
  func expand(_ expansion: AlertExpansion) -> String {
    do throws(TemplateError) {
      switch form {
      case .plain(let text): return text
      case .template(let template): return try expansion.expand(template)
      case .broken(let error): throw error
      }
    } catch {
      expansion.log.warning(
        "Expanding alert template failed", ["alert": expansion.name, "err": "\(error)"])
      return "<error expanding template: \(error)>"
    }
  }

  /// What is wrong with a text, found without evaluating a rule; nil if nothing.
  static func problem(in text: String, alert: String) -> String? {
    guard case .broken(let error) = AlertText(text, alert: alert).form else { return nil }
    return error.description
  }

  private static func templateName(_ alert: String) -> String { "__alert_" + alert }
}

/// The labels and annotations of an alerting rule.
struct AlertTexts: Sendable {
  struct Entry: Sendable {
    let name: String
    let text: AlertText
  }

  let labels: [Entry]
  let annotations: [Entry]

  /// Empty for a recording rule, whose labels are no templates.
  init(_ rule: RuleDefinition) {
    guard case .alerting(_, _, let annotations) = rule.kind else {
      labels = []
      self.annotations = []
      return
    }
    func entry(_ label: Label) -> Entry {
      Entry(name: label.name, text: AlertText(label.value, alert: rule.name))
    }
    labels = rule.labels.map(entry)
    self.annotations = annotations.map(entry)
  }
}

/// What one alert's texts are expanded with.
struct AlertExpansion {
  /// Of the alert.
  let name: String
  /// Of the result that made the alert.
  let labels: Labels
  let value: Double
  let context: RuleContext
  /// The time of queries in templates, ms.
  let timeMs: Int64
  let log: Log

  fileprivate func expand(_ template: Template) throws(TemplateError) -> String {
    try template.expand(
      data: .alert(
        labels: labels, externalLabels: context.externalLabels,
        externalURL: context.externalURL, value: .float(value)),
      query: AlertTemplateQuery(context: context, timeMs: timeMs), nowMs: timeMs,
      externalURL: context.externalURL)
  }
}

/// `query` in the template of an alert: at the time of the evaluation.
private struct AlertTemplateQuery: TemplateQuery {
  let context: RuleContext
  let timeMs: Int64

  func query(_ expression: String) throws -> [TemplateSample] {
    try context.query(expression, timeMs).map { element in
      switch element.value {
      case .float(let value): TemplateSample(labels: element.labels, value: value)
      case .histogram(let histogram):
        TemplateSample(labels: element.labels, value: histogram.sum)
      }
    }
  }
}
