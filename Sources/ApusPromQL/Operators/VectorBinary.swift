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
  /// Steps at which the side of many has any point; kept only where the other side has conflicts.
  private var isMet: [UInt8] = []
  /// What does not match, at the first step where it shows. Thrown when both sides are read, as
  /// an error of theirs counts before it.
  private var failure: (step: Int, text: String)?

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
    if groups == nil { groups = try readOne() }
    while true {
      if let result = ready.popLast() {
        out = result
        return true
      }
      if isManyRead { return false }
      if try many.next(&block) {
        noteMet()
        match()
        if failure != nil { ready = [] }
        ready.reverse()
      } else {
        isManyRead = true
        try throwFailure()
        fillMany()
        ready.reverse()
      }
    }
  }

  private func readOne() throws(QueryError) -> MatchGroups {
    do throws(QueryError) {
      return try MatchGroups(reading: one, by: key, query: points.query)
    } catch {
      if !isSwapped { try many.drain(before: error) }
      throw error
    }
  }

  private func noteMet() {
    guard let groups, groups.hasConflicts, matching.fillLeft == nil else { return }
    if isMet.isEmpty { isMet = [UInt8](repeating: 0, count: stepCount) }
    for step in 0..<stepCount { isMet[step] |= block.kinds[step] }
  }

  private func throwFailure() throws(QueryError) {
    // Where `fill` stands in for the side of many, it is there at every step.
    if groups?.hasConflicts == true, matching.fillLeft != nil {
      isMet = [UInt8](repeating: 1, count: stepCount)
    }
    if !isMet.isEmpty,
      let conflict = groups?.firstConflict(
        where: isMet, isSwapped ? "left" : "right", matching),
      conflict.step <= failure?.step ?? .max
    {
      throw .execution(conflict.text)
    }
    if let failure { throw .execution(failure.text) }
  }

  private func fail(_ step: Int, _ text: String) {
    if let failure, failure.step <= step { return }
    failure = (step, text)
  }

  private func match() {
    let signature = key.key(block.labels)
    var found = groups?.places[signature]
    if found == nil, matching.fillRight != nil {
      found = groups?.addEmpty(signature, stepCount: stepCount)
    }
    guard let place = found else { return }
    if matching.fillLeft != nil { markMet(place) }
    if matching.cardinality == .oneToOne { take(place) }
    guard let group = groups?.groups[place] else { return }
    for member in group.members.indices {
      var result = emptyResult(one: group.members[member])
      for step in 0..<stepCount where block.kinds[step] != PointKind.none {
        guard group.row.kinds[step] != PointKind.none, group.owner(step) == member else {
          continue
        }
        compute(step, group.row, &result)
      }
      finish(&result)
    }
    if let value = matching.fillRight {
      var result = emptyResult(one: nil)
      for step in 0..<stepCount
      where block.kinds[step] != PointKind.none && group.row.kinds[step] == PointKind.none {
        combine(block.point(step), .float(value), step, &result)
      }
      finish(&result)
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

  /// Checks that a result is the only one for its place, and makes it ready.
  private func finish(_ result: inout SeriesBlock) {
    if result.isEmpty { return }
    if matching.cardinality != .oneToOne { checkUnique(result) }
    if points.returnsBool { points.query.dropName(&result) }
    ready.append(result)
  }

  /// A step of a group is for one series only, whether or not a comparison filters it away.
  private func take(_ place: Int) {
    guard let group = groups?.groups[place] else { return }
    var taken = group.taken.isEmpty ? [UInt8](repeating: 0, count: stepCount) : group.taken
    for step in 0..<stepCount
    where block.kinds[step] != PointKind.none
      && (group.row.kinds[step] != PointKind.none || matching.fillRight != nil)
    {
      if taken[step] != 0 {
        fail(
          step,
          "multiple matches for labels: many-to-one matching must be explicit "
            + "(group_left/group_right)")
      }
      taken[step] = 1
    }
    groups?.groups[place].taken = taken
  }

  private func checkUnique(_ result: SeriesBlock) {
    guard var before = seen[result.labels] else {
      seen[result.labels] = result.kinds
      return
    }
    for step in 0..<stepCount where result.kinds[step] != PointKind.none {
      if before[step] != PointKind.none {
        fail(
          step, "multiple matches for labels: grouping labels must ensure unique matches")
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
