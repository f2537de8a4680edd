/// An alert as Alertmanager knows it.
package struct Alert: Sendable, Hashable {
  package let labels: Labels
  package let annotations: Labels
  package let startsAtMs: Int64
  /// In the past for a resolved alert.
  package let endsAtMs: Int64
  package let generatorURL: String

  package init(
    labels: Labels, annotations: Labels, startsAtMs: Int64, endsAtMs: Int64,
    generatorURL: String
  ) {
    self.labels = labels
    self.annotations = annotations
    self.startsAtMs = startsAtMs
    self.endsAtMs = endsAtMs
    self.generatorURL = generatorURL
  }
}
