/// The keys of a file with unit tests of rules.
enum RuleTestSchema {
  static let file = Schema(
    "main.unitTestFile",
    [
      Field("rule_files", .strings),
      Field("evaluation_interval", .duration),
      Field("group_eval_order", .strings),
      Field("tests", .objects(test, goType: "[]main.testGroup")),
      Field("fuzzy_compare", .bool),
    ])

  static let test = Schema(
    "main.testGroup",
    [
      Field("interval", .duration),
      Field("input_series", .objects(series, goType: "[]main.series")),
      Field("alert_rule_test", .objects(alertCase, goType: "[]main.alertTestCase")),
      Field("promql_expr_test", .objects(expressionCase, goType: "[]main.promqlTestCase")),
      Field("external_labels", .stringMap),
      Field("external_url", .string),
      Field("name", .string),
      Field("start_timestamp", .string),
    ])

  static let series = Schema(
    "main.series", [Field("series", .string), Field("values", .string)])

  static let alertCase = Schema(
    "main.alertTestCase",
    [
      Field("eval_time", .duration),
      Field("alertname", .string),
      Field("exp_alerts", .objects(alert, goType: "[]main.alert")),
    ])

  static let alert = Schema(
    "main.alert", [Field("exp_labels", .stringMap), Field("exp_annotations", .stringMap)])

  static let expressionCase = Schema(
    "main.promqlTestCase",
    [
      Field("expr", .string),
      Field("eval_time", .duration),
      Field("exp_samples", .objects(sample, goType: "[]main.sample")),
    ])

  static let sample = Schema(
    "main.sample",
    [Field("labels", .string), Field("value", .float), Field("histogram", .string)])
}
