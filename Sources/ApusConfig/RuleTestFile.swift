package import ApusModel

/// Unit tests of rules as written (promtool's format).
package struct RuleTestFile: Sendable {
  /// Globs, relative to the directory of the file.
  package var ruleFiles: [String] = []
  package var evaluationIntervalMs: Int64 = 60_000
  /// Names of groups that are evaluated in this order, before all others.
  package var groupOrder: [String] = []
  /// Whether values may differ in their last bit.
  package var isFuzzy = false
  package var tests: [Test] = []

  /// Input, and what is expected of it.
  package struct Test: Sendable {
    package var name = ""
    /// Between the values of the input; also of groups that name no interval.
    package var intervalMs: Int64 = 0
    package var inputSeries: [Series] = []
    package var alerts: [AlertCase] = []
    package var expressions: [ExpressionCase] = []
    package var externalLabels: [Label] = []
    package var externalURL = ""
    /// RFC 3339 or seconds since the epoch; empty for 0.
    package var start = ""
  }

  /// `up{job="a"}` and `1+0x5 _ stale`.
  package struct Series: Sendable {
    package var series: String
    package var values: String
  }

  package struct AlertCase: Sendable {
    package var evaluationMs: Int64
    package var alertName: String
    package var expected: [ExpectedAlert]
  }

  package struct ExpectedAlert: Sendable {
    /// Without the alert's name.
    package var labels: [Label]
    package var annotations: [Label]
  }

  package struct ExpressionCase: Sendable {
    package var expression: String
    package var evaluationMs: Int64
    package var expected: [ExpectedSample]
  }

  package struct ExpectedSample: Sendable {
    /// `up{job="a"}`
    package var series: String
    package var value: Double
    /// `{{...}}`; empty for a float.
    package var histogram: String
  }

  package init() {}
}

extension RuleTestFile {
  /// Reads a file's bytes. An empty file has no tests.
  /// - Throws: every key and value that does not belong there.
  package static func decode(_ bytes: [UInt8], path: String) throws(ConfigErrors) -> RuleTestFile {
    let errors = ErrorList(file: path)
    var document = YAMLDocument(errors: errors)
    let node = document.parse(bytes)
    guard errors.isEmpty else { throw ConfigErrors(errors.sorted) }
    let root = node.flatMap { RecordDecoder(errors: errors).record($0, RuleTestSchema.file) }
    var file = RuleTestFile()
    if let root {
      file.ruleFiles = root.strings("rule_files")
      let intervalMs = root.durationMs("evaluation_interval")
      if intervalMs > 0 { file.evaluationIntervalMs = intervalMs }
      file.groupOrder = root.strings("group_eval_order")
      file.isFuzzy = root.bool("fuzzy_compare")
      file.tests = root.objects("tests").map { record in
        record.map { Test($0) } ?? Test()
      }
      for index in file.tests.indices where file.tests[index].intervalMs == 0 {
        file.tests[index].intervalMs = file.evaluationIntervalMs
      }
    }
    guard errors.isEmpty else { throw ConfigErrors(errors.sorted) }
    return file
  }
}

extension RuleTestFile.Test {
  fileprivate init(_ record: Record) {
    name = record.string("name")
    intervalMs = record.durationMs("interval")
    inputSeries = record.objects("input_series").compactMap { $0 }.map {
      .init(series: $0.string("series"), values: $0.string("values"))
    }
    alerts = record.objects("alert_rule_test").compactMap { $0 }.map { item in
      .init(
        evaluationMs: item.durationMs("eval_time"), alertName: item.string("alertname"),
        expected: item.objects("exp_alerts").map { alert in
          .init(
            labels: alert?.pairs("exp_labels") ?? [],
            annotations: alert?.pairs("exp_annotations") ?? [])
        })
    }
    expressions = record.objects("promql_expr_test").compactMap { $0 }.map { item in
      .init(
        expression: item.string("expr"), evaluationMs: item.durationMs("eval_time"),
        expected: item.objects("exp_samples").compactMap { $0 }.map {
          .init(
            series: $0.string("labels"), value: $0.float("value"),
            histogram: $0.string("histogram"))
        })
    }
    externalLabels = record.pairs("external_labels")
    externalURL = record.string("external_url")
    start = record.string("start_timestamp")
  }
}

extension Record {
  fileprivate func pairs(_ name: String) -> [Label] {
    stringMap(name).map { Label($0.key, $0.value) }
  }
}
