internal import ApusModel
internal import ApusPromQL
internal import ApusTelemetry
internal import ApusTemplate

/// Labels and annotations of one alert: templates in, texts out.
struct AlertExpander {
  /// Of the alert.
  let name: String
  /// Of the result that made the alert.
  let labels: Labels
  let value: Double
  let context: RuleContext
  /// The time of queries in templates, ms.
  let timeMs: Int64
  let log: Log

  /// A template that fails gives a text that says so; it never stops the rule.
  func expand(_ text: String) -> String {
    // Most labels are plain words: nothing to parse.
    guard text.utf8.contains(UInt8(ascii: "{")) else { return text }
    do throws(TemplateError) {
      let template = try Template(
        name: AlertExpander.templateName(name), text: Template.alertPreamble + text)
      return try template.expand(
        data: data, query: AlertTemplateQuery(context: context, timeMs: timeMs), nowMs: timeMs,
        externalURL: context.externalURL)
    } catch {
      log.warning("Expanding alert template failed", ["alert": name, "err": "\(error)"])
      return "<error expanding template: \(error)>"
    }
  }

  /// What is wrong with a text, found without evaluating a rule; nil if nothing. Begins with
  /// `template: `, as in promtool.
  static func problem(in text: String, alert: String) -> String? {
    guard text.utf8.contains(UInt8(ascii: "{")) else { return nil }
    do throws(TemplateError) {
      try Template.check(name: templateName(alert), text: Template.alertPreamble + text)
      return nil
    } catch {
      return error.reason
    }
  }

  private static func templateName(_ alert: String) -> String { "__alert_" + alert }

  private var data: TemplateValue {
    .alert(
      labels: labels, externalLabels: context.externalLabels, externalURL: context.externalURL,
      value: .float(value))
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
