package import ApusTelemetry

/// Prometheus's metrics of rule evaluation.
package struct RuleMetrics: Sendable {
  let ruleDuration: Summary
  let groupDuration: Summary
  let missed: MetricFamily<Counter>
  let scheduled: MetricFamily<Counter>
  let evaluations: MetricFamily<Counter>
  let failures: MetricFamily<Counter>
  let interval: MetricFamily<Gauge>
  let lastEvaluation: MetricFamily<Gauge>
  let lastDuration: MetricFamily<Gauge>
  let lastRestoreDuration: MetricFamily<Gauge>
  let rules: MetricFamily<Gauge>
  let samples: MetricFamily<Gauge>

  package init(_ registry: MetricRegistry) {
    let labels = ["rule_group"]
    func counters(_ name: String, _ help: String) -> MetricFamily<Counter> {
      registry.counters("prometheus_rule_\(name)", help: help, labels: labels)
    }
    func gauges(_ name: String, _ help: String) -> MetricFamily<Gauge> {
      registry.gauges("prometheus_rule_group_\(name)", help: help, labels: labels)
    }
    ruleDuration = registry.summary(
      "prometheus_rule_evaluation_duration_seconds", help: "The duration for a rule to execute.",
      quantiles: [0.5, 0.9, 0.99])
    groupDuration = registry.summary(
      "prometheus_rule_group_duration_seconds", help: "The duration of rule group evaluations.",
      quantiles: [0.01, 0.05, 0.5, 0.9, 0.99])
    missed = counters(
      "group_iterations_missed_total",
      "The total number of rule group evaluations missed due to slow rule group evaluation.")
    scheduled = counters(
      "group_iterations_total",
      "The total number of scheduled rule group evaluations, whether executed or missed.")
    evaluations = counters("evaluations_total", "The total number of rule evaluations.")
    failures = counters(
      "evaluation_failures_total", "The total number of rule evaluation failures.")
    interval = gauges("interval_seconds", "The interval of a rule group.")
    lastEvaluation = gauges(
      "last_evaluation_timestamp_seconds",
      "The timestamp of the last rule group evaluation in seconds.")
    lastDuration = gauges(
      "last_duration_seconds", "The duration of the last rule group evaluation.")
    lastRestoreDuration = gauges(
      "last_restore_duration_seconds",
      "The duration of the last alert rules alerts restoration using the `ALERTS_FOR_STATE` series."
    )
    rules = gauges("rules", "The number of rules.")
    samples = gauges(
      "last_evaluation_samples",
      "The number of samples returned during the last rule group evaluation.")
  }

  /// Makes the children of a group visible before its first evaluation.
  func announce(_ group: RuleGroupDefinition) {
    for family in [missed, scheduled, evaluations, failures] { _ = family.child([group.key]) }
    for family in [lastEvaluation, lastDuration, samples] { _ = family.child([group.key]) }
    interval.child([group.key]).set(Double(group.intervalMs) / 1000)
    rules.child([group.key]).set(Double(group.rules.count))
  }

  /// Takes away the children of a group that is gone.
  func forget(_ key: String) {
    for family in [missed, scheduled, evaluations, failures] { family.remove(key) }
    let gauges = [interval, lastEvaluation, lastDuration, lastRestoreDuration, rules, samples]
    for family in gauges { family.remove(key) }
  }
}
