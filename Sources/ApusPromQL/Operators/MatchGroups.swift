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
    /// Steps at which two members have a point, and which members.
    var conflicts: [(step: Int, first: Int, second: Int)] = []
    /// Steps at which a series of the other side has had its result.
    var taken: [UInt8] = []
    /// Steps at which the other side has a point.
    var met: [UInt8] = []

    func owner(_ step: Int) -> Int { owners.isEmpty ? 0 : Int(owners[step]) }
  }

  private(set) var places: [Labels: Int] = [:]
  var groups: [Group] = []
  private(set) var hasConflicts = false

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
    }
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
        groups[place].conflicts.append((step, groups[place].owner(step), member))
        hasConflicts = true
      } else {
        groups[place].row.set(step, point)
        groups[place].owners[step] = UInt16(truncatingIfNeeded: member)
      }
    }
  }

  /// An error if some group has two series at a step where the other side has any point.
  func check(
    _ many: SeriesBlock, _ side: String, _ matching: VectorMatching
  ) throws(QueryError) {
    guard hasConflicts else { return }
    for group in groups {
      for conflict in group.conflicts where many.kinds[conflict.step] != PointKind.none {
        let names = LabelNameSet(
          matching.isOn ? matching.labels : matching.labels + [LabelNames.metricName])
        let shown = group.members[conflict.second]
        let key = matching.isOn ? names.keeping(shown) : names.deleting(shown)
        throw .execution(
          "found duplicate series for the match group \(key) on the \(side) hand-side of the "
            + "operation: [\(shown), \(group.members[conflict.first])];many-to-many matching "
            + "not allowed: matching labels must be unique on one side")
      }
    }
  }
}
