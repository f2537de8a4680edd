internal import ApusModel
internal import ApusPromQLSyntax
internal import ApusStorage

/// A part of a query as it will be evaluated: types checked, durations and times known. Immutable.
///
/// The planner makes it from the AST; operators are built from it, once for every timeline on
/// which a part is evaluated.
indirect enum PlanNode: Sendable {
  case number(Double)
  case string(String)
  case selector(SelectorPlan)
  case call(CallPlan)
  case aggregate(AggregatePlan)
  case binary(BinaryPlan)
  case negate(NegatePlan)
  /// Has one value for all steps: evaluated at the first one only.
  case stepInvariant(PlanNode)

  var valueType: ValueType {
    switch self {
    case .number: .scalar
    case .string: .string
    case .selector, .aggregate: .vector
    case .call(let call): call.returnType
    case .binary(let binary): binary.valueType
    case .negate(let negate): negate.inner.valueType
    case .stepInvariant(let inner): inner.valueType
    }
  }
}

/// Where a selector reads: at `fixedMs` (from @) or at the time of the step, `offsetMs` before.
struct SelectorTime: Sendable, Hashable {
  var fixedMs: Int64?
  var offsetMs: Int64

  /// The times at which the steps of a timeline read.
  func times(_ timeline: Timeline) -> ReadTimes {
    if let fixedMs {
      return ReadTimes(startMs: fixedMs &- offsetMs, stepMs: 0, count: timeline.count)
    }
    return ReadTimes(
      startMs: timeline.startMs &- offsetMs, stepMs: timeline.stepMs, count: timeline.count)
  }
}

/// Like a timeline, but may stand still.
struct ReadTimes: Sendable {
  let startMs: Int64
  let stepMs: Int64
  let count: Int

  var endMs: Int64 { startMs &+ Int64(count - 1) &* stepMs }

  @inline(__always)
  func timeMs(_ step: Int) -> Int64 { startMs &+ Int64(step) &* stepMs }
}

/// `anchored` or `smoothed`: whether samples outside of the range are looked at too.
enum RangeExtension: Sendable {
  case none, anchored, smoothed
}

struct SelectorPlan: Sendable {
  var matchers: [LabelMatcher]
  var time: SelectorTime
  var lookbackMs: Int64
  var isSmoothed = false
  /// Only count and sum of histograms are looked at, and their resets.
  var usesStatisticsOnly = false
  var hints: SelectHints
  /// The labels that are looked at; nil for all.
  var projection: [String]?
  var position: SourceRange

  /// The value that all series have for `__name__`; nil where not known.
  var metricName: String? {
    matchers.first { $0.kind == .equal && $0.name == LabelNames.metricName }?.value
  }
}

/// What a window function reads.
indirect enum RangePlan: Sendable {
  case selector(SelectorPlan, windowMs: Int64, RangeExtension)
  case subquery(SubqueryPlan)

  var windowMs: Int64 {
    switch self {
    case .selector(_, let windowMs, _): windowMs
    case .subquery(let plan): plan.windowMs
    }
  }

  var time: SelectorTime {
    switch self {
    case .selector(let plan, _, _): plan.time
    case .subquery(let plan): plan.time
    }
  }
}

struct SubqueryPlan: Sendable {
  var inner: PlanNode
  var windowMs: Int64
  var stepMs: Int64
  var time: SelectorTime
}

struct ArgumentPlan: Sendable {
  enum Value: Sendable {
    case node(PlanNode)
    case range(RangePlan)
  }

  var value: Value
  var position: SourceRange
  /// What `absent` makes its labels from: the matchers of a selector that stands here.
  var matchers: [LabelMatcher]?

  var node: PlanNode? {
    if case .node(let node) = value { return node }
    return nil
  }
}

struct CallPlan: Sendable {
  var name: String
  var arguments: [ArgumentPlan]
  var returnType: ValueType
  var position: SourceRange
  let traits: PlanTraits

  init(
    name: String, arguments: [ArgumentPlan], returnType: ValueType, position: SourceRange
  ) {
    self.name = name
    self.arguments = arguments
    self.returnType = returnType
    self.position = position
    traits = PlanTraits(call: name, arguments)
  }
}

struct AggregatePlan: Sendable {
  var op: AggregateOperator
  var inner: PlanNode
  var innerPosition: SourceRange
  var parameter: PlanNode?
  var parameterPosition: SourceRange?
  var grouping: [String]
  var isWithout: Bool
  var position: SourceRange
  let traits: PlanTraits

  init(_ node: AggregateExpression, inner: PlanNode, parameter: PlanNode?) {
    op = node.op
    self.inner = inner
    innerPosition = node.inner.range
    self.parameter = parameter
    parameterPosition = node.parameter?.range
    grouping = node.grouping
    isWithout = node.isWithout
    position = node.range
    traits = PlanTraits(
      op, inner, parameter,
      hidesName: isWithout || !grouping.contains(LabelNames.metricName))
  }
}

struct BinaryPlan: Sendable {
  var op: BinaryOperator
  var left: PlanNode
  var right: PlanNode
  var returnsBool: Bool
  /// Nil unless both sides are vectors.
  var matching: VectorMatching?
  var position: SourceRange
  let valueType: ValueType
  let traits: PlanTraits

  init(_ node: BinaryExpression, left: PlanNode, right: PlanNode) {
    op = node.op
    self.left = left
    self.right = right
    returnsBool = node.returnsBool
    matching = node.matching
    position = node.range
    valueType = left.valueType == .scalar && right.valueType == .scalar ? .scalar : .vector
    traits = PlanTraits(
      op, left, right,
      includesName: node.matching?.include.contains(LabelNames.metricName) == true)
  }
}

struct NegatePlan: Sendable {
  var inner: PlanNode
  var position: SourceRange
  let traits: PlanTraits

  init(inner: PlanNode, position: SourceRange) {
    self.inner = inner
    self.position = position
    traits = inner.traits
  }
}

/// The whole of a query: what it starts with decides the shape of the answer.
enum QueryPlan: Sendable {
  case node(PlanNode)
  /// `x[5m]` or `x[5m:1m]` at the top.
  case range(RangePlan)
}
