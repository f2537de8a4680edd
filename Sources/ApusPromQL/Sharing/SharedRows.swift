/// The rows of a part that stands in a query more than once: computed once, kept until the last
/// of its users has had them.
///
/// Users that run in step keep few rows; where one reads all before another begins, as the sides
/// of an operator do, all rows are kept, up to a bound. Beyond it the user behind computes the
/// part anew, so that memory stays bounded whatever the input.
final class SharedRows {
  private struct Row {
    var block: SeriesBlock
    var cost: Cost
  }

  /// What the statistics of a query say of work that was done once and counts for every user.
  private struct Cost {
    var touched = 0
    var selected = 0
  }

  private let inner: any Operator
  private let users: Int
  private let shifts: [Int]
  private let query: Query
  /// Makes the part once more.
  private let remake: () throws(QueryError) -> any Operator
  private var rows: [Row] = []
  /// Number of the first row that is kept.
  private var first = 0
  private var isDone = false
  /// What ended the part: every user is told the same, and nobody asks a broken operator again.
  private var failure: QueryError?
  private var lastCost = Cost()
  /// What making the part has cost, such as scalars that it needs.
  private let makingCost: Cost
  private(set) var hasOverflowed = false
  /// The next row of each user, by its number.
  private var positions: [Int] = []

  let labelsMayRepeat: Bool

  init(
    users: Int, shifts: [Int], query: Query,
    _ make: @escaping () throws(QueryError) -> any Operator
  ) throws(QueryError) {
    self.users = users
    self.shifts = shifts
    self.query = query
    remake = make
    let before = Cost(touched: query.samplesTouched, selected: query.samplesSelected)
    inner = try query.shifted(by: shifts, make)
    makingCost = Cost(
      touched: query.samplesTouched - before.touched,
      selected: query.samplesSelected - before.selected)
    labelsMayRepeat = inner.labelsMayRepeat
  }

  /// A new user, that begins with the first row. All must be there before any of them reads.
  func operatorForUser() -> any Operator {
    positions.append(0)
    if positions.count > 1 { count(makingCost) }
    return SharedOperator(self, user: positions.count - 1)
  }

  /// - Returns: nil where the row is not kept any more, or never was: to be computed anew.
  fileprivate func next(
    _ user: Int, _ block: inout SeriesBlock
  ) throws(QueryError) -> Bool? {
    let position = positions[user]
    if position < first { return nil }
    if position - first < rows.count {
      block = rows[position - first].block
      count(rows[position - first].cost)
      positions[user] = position + 1
      dropUsed()
      return true
    }
    if hasOverflowed && position != first + rows.count { return nil }
    if isDone {
      count(lastCost)
      return false
    }
    if let failure { throw failure }
    do {
      return try compute(user, &block)
    } catch {
      failure = error
      throw error
    }
  }

  private func compute(_ user: Int, _ block: inout SeriesBlock) throws(QueryError) -> Bool {
    let before = Cost(touched: query.samplesTouched, selected: query.samplesSelected)
    let isThere = try query.shifted(by: shifts) { () throws(QueryError) in
      try inner.next(&block)
    }
    let cost = Cost(
      touched: query.samplesTouched - before.touched,
      selected: query.samplesSelected - before.selected)
    guard isThere else {
      isDone = true
      lastCost = cost
      return false
    }
    positions[user] += 1
    try keep(Row(block: block, cost: cost))
    return true
  }

  private func keep(_ row: Row) throws(QueryError) {
    let points = row.block.count
    if hasOverflowed || !query.canHold(points, below: Limits.sharedPointsMax) {
      overflow()
      return
    }
    try query.hold(points)
    rows.append(row)
  }

  /// From now on nothing is kept: who is behind computes the part anew.
  private func overflow() {
    hasOverflowed = true
    for row in rows { query.release(row.block.count) }
    first += rows.count + 1
    rows = []
  }

  private func dropUsed() {
    guard positions.count == users else { return }
    let used = (positions.min() ?? first) - first
    // In bulk: taking off the front moves what is behind.
    guard used > 0, used == rows.count || used >= 64 else { return }
    for row in rows.prefix(used) { query.release(row.block.count) }
    rows.removeFirst(used)
    first += used
  }

  private func count(_ cost: Cost) {
    query.touch(cost.touched)
    query.countSelected(cost.selected)
  }

  fileprivate func made() throws(QueryError) -> any Operator {
    try query.shifted(by: shifts, remake)
  }

  fileprivate func position(of user: Int) -> Int { positions[user] }

  fileprivate func shifted<Made>(
    _ work: () throws(QueryError) -> Made
  ) throws(QueryError) -> Made {
    try query.shifted(by: shifts, work)
  }
}

/// One user's view of shared rows.
private final class SharedOperator: Operator {
  private let shared: SharedRows
  private let user: Int
  /// The part computed for this user alone, where its rows are not kept.
  private var own: (any Operator)?

  init(_ shared: SharedRows, user: Int) {
    self.shared = shared
    self.user = user
  }

  var labelsMayRepeat: Bool { shared.labelsMayRepeat }

  func next(_ block: inout SeriesBlock) throws(QueryError) -> Bool {
    if own == nil {
      if let isThere = try shared.next(user, &block) { return isThere }
      let made = try shared.made()
      for _ in 0..<shared.position(of: user) { guard try made.next(&block) else { break } }
      own = made
    }
    guard let own else { return false }
    return try shared.shifted { () throws(QueryError) in try own.next(&block) }
  }
}
