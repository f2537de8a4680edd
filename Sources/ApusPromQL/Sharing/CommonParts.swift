internal import ApusModel
internal import ApusPromQLSyntax
internal import ApusStorage

/// Parts of a query that stand in it more than once, and mean the same at each place.
///
/// Two parts are the same where their text is, they are evaluated at the same times, and their
/// selectors are read in the same way. That misses what is written in two ways, and never takes
/// two parts for one; and as their texts are equal, a warning's position in one of them tells the
/// position in the others.
struct CommonParts {
  struct Key: Hashable {
    let text: String
    let timeline: Timeline
    /// How the selectors of the part are read.
    let reads: [ReadMode]
  }

  /// What the text does not say of a selector, or says behind the part.
  struct ReadMode: Hashable {
    let time: SelectorTime
    let flags: UInt8
  }

  /// How often a part is asked for, and where it stands.
  struct Place {
    /// Users; those inside of a repeated part count once.
    var users = 0
    /// Starts of the part in the text of the query, ascending.
    var starts: [Int] = []
    /// Some user wants its series in label order.
    var needsOrder = false
    /// Which labels of the selectors the first user looks at, and whether all users do alike.
    var projections: [[String]?]?
    var isProjectedAlike = true

    /// How far the other places lie behind the first.
    var shifts: [Int] { starts.map { $0 - (starts.first ?? 0) } }
  }

  /// Longer parts are not looked at.
  private static let textBytesMax = 4096

  private let text: [UInt8]
  private(set) var places: [Key: Place] = [:]

  /// Nil where no part is repeated.
  init?(_ node: PlanNode, _ timeline: Timeline, query: String) {
    var selectors: [[LabelMatcher]] = []
    node.forEachSelector { selectors.append($0.matchers) }
    guard Set(selectors).count < selectors.count else { return nil }
    text = Array(query.utf8)
    note(node, timeline, counts: true)
    places = places.filter { $0.value.users > 1 }
    if places.isEmpty { return nil }
  }

  subscript(key: Key) -> Place? { places[key] }

  /// What a part is known by; nil for parts that are never shared.
  func key(_ node: PlanNode, _ timeline: Timeline) -> Key? {
    switch node {
    case .number, .string, .stepInvariant, .negate: return nil
    case .selector, .call, .aggregate, .binary: break
    }
    guard node.valueType == .vector, let range = node.position, range.start >= 0,
      range.end <= text.count, range.start < range.end,
      range.end - range.start <= CommonParts.textBytesMax
    else { return nil }
    var reads: [ReadMode] = []
    node.forEachSelector { reads.append($0.readMode) }
    if reads.isEmpty { return nil }
    return Key(
      text: String(decoding: text[range.start..<range.end], as: UTF8.self), timeline: timeline,
      reads: reads)
  }

  private mutating func note(_ node: PlanNode, _ timeline: Timeline, counts: Bool) {
    var counts = counts
    if let key = key(node, timeline), let start = node.position?.start {
      if counts { places[key, default: Place()].users += 1 }
      var projections: [[String]?] = []
      node.forEachSelector {
        if $0.hints.isSorted { places[key, default: Place()].needsOrder = true }
        projections.append($0.projection)
      }
      if let first = places[key]?.projections, first != projections {
        places[key]?.isProjectedAlike = false
      }
      places[key]?.projections = projections
      places[key, default: Place()].starts.append(start)
      // What is inside is made for the first of them only.
      if let place = places[key], place.users > 1 { counts = false }
    }
    switch node {
    case .number, .string, .selector: break
    case .stepInvariant(let inner): note(inner, .single(timeline.startMs), counts: counts)
    case .negate(let plan): note(plan.inner, timeline, counts: counts)
    case .binary(let plan):
      note(plan.left, timeline, counts: counts)
      note(plan.right, timeline, counts: counts)
    case .aggregate(let plan):
      if let parameter = plan.parameter { note(parameter, timeline, counts: counts) }
      note(plan.inner, timeline, counts: counts)
    case .call(let plan): note(plan, timeline, counts: counts)
    }
  }

  private mutating func note(_ plan: CallPlan, _ timeline: Timeline, counts: Bool) {
    for (number, argument) in plan.arguments.enumerated() {
      switch argument.value {
      case .node(let node):
        // These look at their selectors themselves.
        if plan.name.hasSuffix("timestamp"), case .selector = node.withoutInvariance { continue }
        if plan.name == "info" && number > 0 { continue }
        note(node, timeline, counts: counts)
      case .range(.subquery(let subquery)):
        if let inner = subquery.innerTimeline(timeline) {
          note(subquery.inner, inner, counts: counts)
        }
      case .range(.selector): break
      }
    }
  }
}

extension SelectorPlan {
  fileprivate var readMode: CommonParts.ReadMode {
    CommonParts.ReadMode(
      time: time,
      flags: (usesStatisticsOnly ? 1 : 0) | (isSmoothed ? 2 : 0))
  }
}

extension PlanNode {
  /// The same with every selector changed.
  func mapSelectors(_ change: (inout SelectorPlan) -> Void) -> PlanNode {
    switch self {
    case .number, .string: return self
    case .selector(var plan):
      change(&plan)
      return .selector(plan)
    case .stepInvariant(let inner): return .stepInvariant(inner.mapSelectors(change))
    case .negate(var plan):
      plan.inner = plan.inner.mapSelectors(change)
      return .negate(plan)
    case .binary(var plan):
      plan.left = plan.left.mapSelectors(change)
      plan.right = plan.right.mapSelectors(change)
      return .binary(plan)
    case .aggregate(var plan):
      plan.parameter = plan.parameter?.mapSelectors(change)
      plan.inner = plan.inner.mapSelectors(change)
      return .aggregate(plan)
    case .call(var plan):
      for i in plan.arguments.indices {
        switch plan.arguments[i].value {
        case .node(let node): plan.arguments[i].value = .node(node.mapSelectors(change))
        case .range(.selector(var selector, let windowMs, let widening)):
          change(&selector)
          plan.arguments[i].value = .range(.selector(selector, windowMs: windowMs, widening))
        case .range(.subquery(var subquery)):
          subquery.inner = subquery.inner.mapSelectors(change)
          plan.arguments[i].value = .range(.subquery(subquery))
        }
      }
      return .call(plan)
    }
  }

  func forEachSelector(_ visit: (SelectorPlan) -> Void) {
    switch self {
    case .number, .string: break
    case .selector(let plan): visit(plan)
    case .stepInvariant(let inner): inner.forEachSelector(visit)
    case .negate(let plan): plan.inner.forEachSelector(visit)
    case .binary(let plan):
      plan.left.forEachSelector(visit)
      plan.right.forEachSelector(visit)
    case .aggregate(let plan):
      plan.parameter?.forEachSelector(visit)
      plan.inner.forEachSelector(visit)
    case .call(let plan):
      for argument in plan.arguments {
        switch argument.value {
        case .node(let node): node.forEachSelector(visit)
        case .range(.selector(let plan, _, _)): visit(plan)
        case .range(.subquery(let plan)): plan.inner.forEachSelector(visit)
        }
      }
    }
  }
}
