extension Labels {
  /// The same with `__type__` and `__unit__` from what the metric family says of itself; what was
  /// exposed under these names goes. An unknown type and an empty unit are no labels.
  ///
  /// Source: Prometheus, schema/labels.go.
  package func withTypeAndUnit(_ kind: MetricMetadata.Kind, unit: String) -> Labels {
    var builder = LabelsBuilder(self)
    builder.set(LabelNames.metricType, kind == .unknown ? "" : kind.rawValue)
    builder.set(LabelNames.metricUnit, unit)
    return builder.labels()
  }
}
