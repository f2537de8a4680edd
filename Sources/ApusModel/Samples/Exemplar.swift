/// An example that rides along with a sample, such as a trace id.
package struct Exemplar: Sendable, Hashable {
  package let labels: Labels
  package let value: Double
  /// Milliseconds since the epoch; nil where the target gave none.
  package let timeMs: Int64?

  package init(labels: Labels, value: Double, timeMs: Int64?) {
    self.labels = labels
    self.value = value
    self.timeMs = timeMs
  }
}
