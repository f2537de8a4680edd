internal import ApusModel
internal import ApusPromQLSyntax

/// Scalar expressions: one number for every step, computed before anything that needs them.
extension OperatorBuilder {
  func computed(_ node: PlanNode, _ timeline: Timeline) throws(QueryError) -> ScalarRow {
    switch node {
    case .number(let value): return .constant(value)
    case .stepInvariant(let inner):
      let once = metered(by: meter.once(timeline))
      return .constant(try once.scalar(inner, .single(timeline.startMs))[0])
    case .negate(let plan):
      return map(try scalar(plan.inner, timeline)) { -$0 }
    case .binary(let plan):
      let left = try scalar(plan.left, timeline)
      let right = try scalar(plan.right, timeline)
      return combine(left, right, timeline) { ScalarArithmetic.apply(plan.op, $0, $1) }
    case .call(let plan): return try scalarCall(plan, timeline)
    case .string, .selector, .aggregate:
      throw .execution("a scalar is wanted where a \(node.valueType.rawValue) stands")
    }
  }

  private func map(_ row: ScalarRow, _ change: (Double) -> Double) -> ScalarRow {
    switch row {
    case .constant(let value): .constant(change(value))
    case .perStep(let values): .perStep(values.map(change))
    }
  }

  private func combine(
    _ left: ScalarRow, _ right: ScalarRow, _ timeline: Timeline,
    _ change: (Double, Double) -> Double
  ) -> ScalarRow {
    if case .constant(let a) = left, case .constant(let b) = right {
      return .constant(change(a, b))
    }
    return .perStep((0..<timeline.count).map { change(left[$0], right[$0]) })
  }

  private func scalarCall(
    _ plan: CallPlan, _ timeline: Timeline
  ) throws(QueryError) -> ScalarRow {
    switch plan.name {
    case "time":
      return .perStep((0..<timeline.count).map { Double(timeline.timeMs($0)) / 1000 })
    case "scalar": return try scalarOf(plan, timeline)
    case "max_of", "min_of":
      guard let first = plan.arguments[0].node, let second = plan.arguments[1].node else {
        break
      }
      let isMax = plan.name == "max_of"
      return combine(
        try scalar(first, timeline), try scalar(second, timeline), timeline
      ) { isMax ? GoMath.max($0, $1) : GoMath.min($0, $1) }
    default: break
    }
    throw .execution("unknown function with name \"\(plan.name)\"")
  }

  /// The one float at a step; NaN where there is none or more.
  private func scalarOf(
    _ plan: CallPlan, _ timeline: Timeline
  ) throws(QueryError) -> ScalarRow {
    guard let node = plan.arguments[0].node else {
      throw .execution("expected type instant vector in call to function \"scalar\"")
    }
    let inner = try vector(node, timeline)
    var values = [Double](repeating: .nan, count: timeline.count)
    var counts = [UInt8](repeating: 0, count: timeline.count)
    var block = SeriesBlock()
    while try inner.next(&block) {
      for step in 0..<timeline.count where block.kinds[step] == PointKind.float {
        if counts[step] == 0 {
          values[step] = block.values[step]
          counts[step] = 1
        } else {
          values[step] = .nan
        }
      }
    }
    return .perStep(values)
  }
}

/// Lets points pass at some steps only.
final class StepFilter: Operator {
  private let inner: any Operator
  private let passes: (Int) -> Bool

  init(_ inner: any Operator, _ passes: @escaping (Int) -> Bool) {
    self.inner = inner
    self.passes = passes
  }

  var labelsMayRepeat: Bool { inner.labelsMayRepeat }

  func next(_ block: inout SeriesBlock) throws(QueryError) -> Bool {
    while try inner.next(&block) {
      for step in block.kinds.indices where !passes(step) { block.remove(step) }
      if !block.isEmpty { return true }
    }
    return false
  }
}

/// The time of each step at which there is a point.
final class StepTimes: Operator {
  private let inner: any Operator
  private let timeline: Timeline
  private let query: Query

  init(_ inner: any Operator, _ timeline: Timeline, query: Query) {
    self.inner = inner
    self.timeline = timeline
    self.query = query
  }

  var labelsMayRepeat: Bool { inner.labelsMayRepeat }

  func next(_ block: inout SeriesBlock) throws(QueryError) -> Bool {
    guard try inner.next(&block) else { return false }
    for step in 0..<timeline.count where block.kinds[step] != PointKind.none {
      block.set(step, Double(timeline.timeMs(step)) / 1000)
    }
    block.histograms = []
    query.dropName(&block)
    return true
  }
}
