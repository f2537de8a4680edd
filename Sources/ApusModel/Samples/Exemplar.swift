/// An example that rides along with a sample, such as a trace id.
package struct Exemplar: Sendable, Hashable {
  package let labels: Labels
  package let value: Double
  /// Milliseconds since the epoch; nil where the target gave none.
  package let timeMs: Int64?
  /// False where the target gave no time and `timeMs` is that of the scrape. The same exemplar in
  /// the next scrape is then no new one.
  package let hasOwnTime: Bool

  package init(labels: Labels, value: Double, timeMs: Int64?, hasOwnTime: Bool = true) {
    self.labels = labels
    self.value = value
    self.timeMs = timeMs
    self.hasOwnTime = hasOwnTime
  }

  /// Whether the two say the same of the same moment, so that one is enough.
  package func repeats(_ other: Exemplar) -> Bool {
    labels == other.labels && value == other.value
      && (timeMs == other.timeMs || !(hasOwnTime || other.hasOwnTime))
  }
}
