internal import ApusModel
internal import ApusPromQL

/// The series that tell about alerts: ALERTS and ALERTS_FOR_STATE.
enum AlertSeries {
  static let alertsName = "ALERTS"
  static let forStateName = "ALERTS_FOR_STATE"
  static let stateLabel = "alertstate"

  /// Two samples for each alert: that it is pending or firing, and since when (in seconds).
  static func samples(of alerts: [AlertInstance], name: String, atMs timeMs: Int64)
    -> [RuleSample]
  {
    alerts.flatMap { alert -> [RuleSample] in
      var builder = LabelsBuilder(alert.labels)
      builder.set(LabelNames.alertName, name)
      builder.set(LabelNames.metricName, forStateName)
      let forState = builder.labels()
      builder.set(LabelNames.metricName, alertsName)
      builder.set(stateLabel, alert.state.rawValue)
      let since = Double((alert.activeAtMs >= 0 ? alert.activeAtMs : alert.activeAtMs - 999) / 1000)
      return [
        RuleSample(labels: builder.labels(), timeMs: timeMs, value: .float(1)),
        RuleSample(labels: forState, timeMs: timeMs, value: .float(since)),
      ]
    }
  }
}
