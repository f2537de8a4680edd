internal import ApusStorage

/// What a query keeps of its parts that stand in it more than once.
final class SharedParts {
  let common: CommonParts
  var rows: [CommonParts.Key: SharedRows] = [:]

  init(_ common: CommonParts) { self.common = common }
}

extension OperatorBuilder {
  func sharedOrMade(
    _ node: PlanNode, _ timeline: Timeline
  ) throws(QueryError) -> any Operator {
    if let shared = try shared(node, timeline) { return shared }
    return try made(node, timeline)
  }

  /// An operator of a part that is computed once for all its users; nil for any other part.
  private func shared(
    _ node: PlanNode, _ timeline: Timeline
  ) throws(QueryError) -> (any Operator)? {
    guard let parts = query.sharedParts, let key = parts.common.key(node, timeline),
      let place = parts.common[key]
    else { return nil }
    if let rows = parts.rows[key] { return rows.operatorForUser() }
    // Who needs no order may have one, and labels that it does not look at.
    let node = node.mapSelectors {
      if place.needsOrder { $0.hints.isSorted = true }
      if !place.isProjectedAlike { $0.projection = nil }
    }
    let rows = try SharedRows(users: place.users, shifts: place.shifts, query: query) {
      () throws(QueryError) in try made(node, timeline)
    }
    parts.rows[key] = rows
    return rows.operatorForUser()
  }

  /// Whether a part that is to be made has been made before.
  func isSharedAlready(_ node: PlanNode, _ timeline: Timeline) -> Bool {
    guard let parts = query.sharedParts, let key = parts.common.key(node, timeline) else {
      return false
    }
    return parts.rows[key] != nil
  }
}

extension Query {
  /// Whether so many samples more may be kept for later users of a part.
  func canHold(_ count: Int, below bound: Int) -> Bool {
    samplesHeld + count <= Swift.min(bound, options.maxSamples / 2)
  }

  /// Runs a piece of work for all places of a part: what it warns of, it warns of at each place.
  func shifted<Made>(
    by shifts: [Int], _ work: () throws(QueryError) -> Made
  ) throws(QueryError) -> Made {
    let outer = positionShifts
    positionShifts = shifts
    defer { positionShifts = outer }
    return try work()
  }
}
