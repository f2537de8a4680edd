internal import ApusModel
internal import ApusPromQLSyntax

/// limitk: the first series of each group; limit_ratio: those whose label hash falls into a share
/// of all hashes.
final class LimitAggregate: Operator {
  private let inner: any Operator
  private let plan: AggregatePlan
  private let parameter: AggregateParameter
  private let stepCount: Int
  private var table: GroupTable
  /// Series taken so far, by group, then step.
  private var taken: [[Int]] = []

  init(
    _ inner: any Operator, _ plan: AggregatePlan, _ parameter: AggregateParameter,
    stepCount: Int
  ) {
    self.inner = inner
    self.plan = plan
    self.parameter = parameter
    self.stepCount = stepCount
    table = GroupTable(GroupKey(plan.grouping, isWithout: plan.isWithout))
  }

  var labelsMayRepeat: Bool { inner.labelsMayRepeat }

  func next(_ block: inout SeriesBlock) throws(QueryError) -> Bool {
    while try inner.next(&block) {
      if plan.op == .limitk { limit(&block) } else { sample(&block) }
      if !block.isEmpty { return true }
    }
    return false
  }

  private func limit(_ block: inout SeriesBlock) {
    let place = table.place(of: block)
    if place == taken.count { taken.append([Int](repeating: 0, count: stepCount)) }
    for step in 0..<stepCount where block.kinds[step] != PointKind.none {
      if taken[place][step] < parameter.count(step) {
        taken[place][step] += 1
      } else {
        block.remove(step)
      }
    }
  }

  private func sample(_ block: inout SeriesBlock) {
    let offset = Double(block.labels.hash64) / Double(UInt64.max)
    for step in 0..<stepCount where block.kinds[step] != PointKind.none {
      let ratio = min(max(parameter.number(step), -1), 1)
      let isTaken = ratio >= 0 ? offset < ratio : offset >= 1 + ratio
      // A ratio of 1 is all, also of the one hash that is not below it.
      if !isTaken && ratio != 1 { block.remove(step) }
    }
  }
}
