internal import ApusModel
internal import ApusPromQLSyntax

/// Arithmetic and comparison of two vectors.
///
/// The side of which a match group has one series is read in whole; the other streams by. What
/// belongs together is found once per series, not once per step.
/// Source of the rules: Prometheus, promql/engine.go, VectorBinop.
final class VectorBinary: Operator {
  private let many: any Operator
  private let one: any Operator
  private let matching: VectorMatching
  private let points: PointBinary
  private let key: VectorMatchKey
  private let resultLabels: MatchedLabels
  private let stepCount: Int
  private var groups: MatchGroups?
  private var block = SeriesBlock()
  /// Results that wait to be fetched.
  private var ready: [SeriesBlock] = []
  private var isManyRead = false
  /// Presence of results so far, by labels, where many-to-one results may collide.
  private var seen: [Labels: [UInt8]] = [:]

  init(
    many: any Operator, one: any Operator, _ matching: VectorMatching, _ points: PointBinary,
    stepCount: Int
  ) {
    self.many = many
    self.one = one
    self.matching = matching
    self.points = points
    self.stepCount = stepCount
    key = VectorMatchKey(matching)
    resultLabels = MatchedLabels(matching, points.op)
  }

  var labelsMayRepeat: Bool { true }

  /// The sides were exchanged, so that "many" is on the left.
  private var isSwapped: Bool { matching.cardinality == .oneToMany }

  func next(_ out: inout SeriesBlock) throws(QueryError) -> Bool {
    if groups == nil { groups = try MatchGroups(reading: one, by: key, query: points.query) }
    while true {
      if let result = ready.popLast() {
        out = result
        return true
      }
      if isManyRead { return false }
      if try many.next(&block) {
        try match()
      } else {
        isManyRead = true
        fillMany()
      }
    }
  }

  private func match() throws(QueryError) {
    try groups?.check(block, isSwapped ? "left" : "right", matching)
    guard let place = groups?.places[key.key(block.labels)] else {
      if let value = matching.fillRight { try matchFilled(value) }
      return
    }
    if matching.fillLeft != nil { markMet(place) }
    if matching.cardinality == .oneToOne { try take(place) }
    guard let group = groups?.groups[place] else { return }
    for member in group.members.indices {
      var result = emptyResult(one: group.members[member])
      for step in 0..<stepCount where block.kinds[step] != PointKind.none {
        guard group.row.kinds[step] != PointKind.none, group.owner(step) == member else {
          continue
        }
        compute(step, group.row, &result)
      }
      try finish(&result)
    }
    if let value = matching.fillRight {
      var result = emptyResult(one: nil)
      for step in 0..<stepCount
      where block.kinds[step] != PointKind.none && group.row.kinds[step] == PointKind.none {
        combine(block.point(step), .float(value), step, &result)
      }
      try finish(&result)
    }
  }

  private func emptyResult(one: Labels?) -> SeriesBlock {
    var result = SeriesBlock()
    result.clear(count: stepCount)
    result.labels = resultLabels.labels(many: block.labels, one: one)
    result.dropsName = block.dropsName
    return result
  }

  @inline(__always)
  private func compute(_ step: Int, _ row: SeriesBlock, _ result: inout SeriesBlock) {
    guard
      block.kinds[step] == PointKind.float && row.kinds[step] == PointKind.float
        && points.op != .trimLower && points.op != .trimUpper
    else {
      combine(block.point(step), row.point(step), step, &result)
      return
    }
    let a = isSwapped ? row.values[step] : block.values[step]
    let b = isSwapped ? block.values[step] : row.values[step]
    if let value = points.floats(a, b, kept: a) { result.set(step, value) }
  }

  private func combine(
    _ many: PointValue?, _ one: PointValue?, _ step: Int, _ result: inout SeriesBlock
  ) {
    guard let many, let one else { return }
    let point =
      isSwapped
      ? points.points(one, many, keepsRight: false)
      : points.points(many, one, keepsRight: false)
    if let point { result.set(step, point) }
  }

  private func matchFilled(_ value: Double) throws(QueryError) {
    var result = emptyResult(one: nil)
    for step in 0..<stepCount {
      combine(block.point(step), .float(value), step, &result)
    }
    try finish(&result)
  }

  /// Checks that a result is the only one for its place, and makes it ready.
  private func finish(_ result: inout SeriesBlock) throws(QueryError) {
    if result.isEmpty { return }
    if matching.cardinality != .oneToOne { try checkUnique(result) }
    if points.returnsBool { points.query.dropName(&result) }
    ready.append(result)
  }

  /// A step of a group is for one series only, whether or not a comparison filters it away.
  private func take(_ place: Int) throws(QueryError) {
    guard let group = groups?.groups[place] else { return }
    var taken = group.taken.isEmpty ? [UInt8](repeating: 0, count: stepCount) : group.taken
    for step in 0..<stepCount
    where block.kinds[step] != PointKind.none
      && (group.row.kinds[step] != PointKind.none || matching.fillRight != nil)
    {
      if taken[step] != 0 {
        throw .execution(
          "multiple matches for labels: many-to-one matching must be explicit "
            + "(group_left/group_right)")
      }
      taken[step] = 1
    }
    groups?.groups[place].taken = taken
  }

  private func checkUnique(_ result: SeriesBlock) throws(QueryError) {
    guard var before = seen[result.labels] else {
      seen[result.labels] = result.kinds
      return
    }
    for step in 0..<stepCount where result.kinds[step] != PointKind.none {
      if before[step] != PointKind.none {
        throw .execution(
          "multiple matches for labels: grouping labels must ensure unique matches")
      }
      before[step] = result.kinds[step]
    }
    seen[result.labels] = before
  }

  private func markMet(_ place: Int) {
    guard var met = groups?.groups[place].met else { return }
    if met.isEmpty { met = [UInt8](repeating: 0, count: stepCount) }
    for step in 0..<stepCount where block.kinds[step] != PointKind.none { met[step] = 1 }
    groups?.groups[place].met = met
  }

  /// The groups that no series of the other side met get one there, with the value of `fill`.
  private func fillMany() {
    guard let value = matching.fillLeft, let groups else { return }
    for group in groups.groups {
      for member in group.members.indices {
        let names = key.key(group.members[member])
        var result = SeriesBlock()
        result.clear(count: stepCount)
        result.labels = resultLabels.labels(many: names, one: group.members[member])
        for step in 0..<stepCount
        where group.owner(step) == member && (group.met.isEmpty || group.met[step] == 0) {
          combine(.float(value), group.row.point(step), step, &result)
        }
        if result.isEmpty { continue }
        if points.returnsBool { points.query.dropName(&result) }
        ready.append(result)
      }
    }
  }
}
