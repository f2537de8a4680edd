internal import ApusModel
internal import ApusPromQLSyntax

/// The labels by which series of two sides find each other.
struct VectorMatchKey {
  private let names: LabelNameSet
  private let isOn: Bool

  init(_ matching: VectorMatching) {
    isOn = matching.isOn
    names = LabelNameSet(
      matching.isOn ? matching.labels : matching.labels + [LabelNames.metricName])
  }

  /// The match group of a series, computed once for each series.
  func key(_ labels: Labels) -> Labels {
    isOn ? names.keeping(labels) : names.deleting(labels)
  }
}

/// What labels a pair of matched series gets.
///
/// Source: Prometheus, promql/engine.go, resultMetric.
struct MatchedLabels {
  private let matching: VectorMatching
  private let dropsName: Bool
  private let names: LabelNameSet

  init(_ matching: VectorMatching, _ op: BinaryOperator) {
    self.matching = matching
    dropsName = op.dropsName
    names = LabelNameSet(matching.labels)
  }

  /// - Parameter one: labels of the side of which there is one, nil where it was filled in.
  func labels(many: Labels, one: Labels?) -> Labels {
    var labels = dropsName ? many.droppingMetadata() : many
    if matching.cardinality == .oneToOne {
      labels = matching.isOn ? names.keeping(labels) : names.deleting(labels)
    }
    if matching.include.isEmpty { return labels }
    var builder = LabelsBuilder(labels)
    for name in matching.include { builder.set(name, one?.value(of: name) ?? "") }
    return builder.labels()
  }
}
