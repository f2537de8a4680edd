internal import ApusModel

/// absent and absent_over_time: 1 where the inner vector has nothing.
final class Absent: Operator {
  private let inner: any Operator
  private let labels: Labels
  private let stepCount: Int
  private var isDone = false

  init(_ inner: any Operator, _ matchers: [LabelMatcher]?, stepCount: Int) {
    self.inner = inner
    self.stepCount = stepCount
    labels = Absent.labels(matchers ?? [])
  }

  var labelsMayRepeat: Bool { false }

  func next(_ block: inout SeriesBlock) throws(QueryError) -> Bool {
    if isDone { return false }
    isDone = true
    var present = [Bool](repeating: false, count: stepCount)
    while try inner.next(&block) {
      for step in 0..<stepCount where block.kinds[step] != PointKind.none {
        present[step] = true
      }
    }
    block.clear(count: stepCount)
    block.labels = labels
    for step in 0..<stepCount where !present[step] { block.set(step, 1) }
    return !block.isEmpty
  }

  /// What a series of the selector would surely have: the labels that one equality names, if no
  /// other matcher speaks of them.
  private static func labels(_ matchers: [LabelMatcher]) -> Labels {
    var builder = LabelsBuilder()
    var seen: Set<String> = []
    for matcher in matchers where matcher.name != LabelNames.metricName {
      if matcher.kind == .equal && !seen.contains(matcher.name) {
        builder.set(matcher.name, matcher.value)
        seen.insert(matcher.name)
      } else {
        builder.delete(matcher.name)
      }
    }
    return builder.labels()
  }
}
