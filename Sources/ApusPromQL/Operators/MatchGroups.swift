internal import ApusModel
internal import ApusPromQLSyntax

/// The side of which each match group has one series at a step, read in whole and found by key.
struct MatchGroups {
  /// The series of one match group, joined into one row.
  struct Group {
    /// Labels of the members; nearly always one.
    var members: [Labels]
    var row: SeriesBlock
    /// Which member a step's point is of; empty where there is only one.
    var owners: [UInt16] = []
    /// Steps at which two members have a point, and which members; `series` is the second one's
    /// number among all series of the side.
    var conflicts: [(step: Int, first: Int, second: Int, series: Int)] = []
    /// Steps at which a series of the other side has had its result.
    var taken: [UInt8] = []
    /// Steps at which the other side has a point.
    var met: [UInt8] = []

    func owner(_ step: Int) -> Int { owners.isEmpty ? 0 : Int(owners[step]) }
  }

  private(set) var places: [Labels: Int] = [:]
  var groups: [Group] = []
  private(set) var hasConflicts = false
  private var seriesCount = 0

  init(reading side: any Operator, by key: VectorMatchKey, query: Query) throws(QueryError) {
    var block = SeriesBlock()
    while try side.next(&block) {
      let signature = key.key(block.labels)
      if let place = places[signature] {
        join(block, to: place)
      } else {
        try query.hold(block.pointCount)
        places[signature] = groups.count
        groups.append(Group(members: [block.labels], row: block))
        block = SeriesBlock()
      }
      seriesCount += 1
    }
  }

  /// The group of a key that no series of this side has, so that results can be noted in it.
  mutating func addEmpty(_ key: Labels, stepCount: Int) -> Int {
    var row = SeriesBlock()
    row.clear(count: stepCount)
    places[key] = groups.count
    groups.append(Group(members: [], row: row))
    return groups.count - 1
  }

  private mutating func join(_ block: SeriesBlock, to place: Int) {
    let member = groups[place].members.count
    let stepCount = block.count
    groups[place].members.append(block.labels)
    if groups[place].owners.isEmpty {
      groups[place].owners = [UInt16](repeating: 0, count: stepCount)
    }
    for step in 0..<stepCount {
      guard let point = block.point(step) else { continue }
      if groups[place].row.kinds[step] != PointKind.none {
        groups[place].conflicts.append(
          (step, groups[place].owner(step), member, seriesCount))
        hasConflicts = true
      } else {
        groups[place].row.set(step, point)
        groups[place].owners[step] = UInt16(truncatingIfNeeded: member)
      }
    }
  }

  /// The first conflict at a step where the other side has any point: of the earliest such step
  /// the one that is met first.
  func firstConflict(
    where isMet: [UInt8], _ side: String, _ matching: VectorMatching
  ) -> (step: Int, text: String)? {
    var best: (group: Int, step: Int, first: Int, second: Int, series: Int)?
    for (number, group) in groups.enumerated() {
      for conflict in group.conflicts where isMet[conflict.step] != 0 {
        if let best, (best.step, best.series) <= (conflict.step, conflict.series) { continue }
        best = (number, conflict.step, conflict.first, conflict.second, conflict.series)
      }
    }
    guard let best else { return nil }
    let members = groups[best.group].members
    let shown = members[best.second]
    let key = VectorMatchKey(matching).key(shown)
    return (
      best.step,
      "found duplicate series for the match group \(key) on the \(side) hand-side of the "
        + "operation: [\(shown), \(members[best.first])];many-to-many matching "
        + "not allowed: matching labels must be unique on one side"
    )
  }
}
