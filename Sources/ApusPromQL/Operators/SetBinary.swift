internal import ApusModel
internal import ApusPromQLSyntax

/// and, or, unless: which series are there matters, not their values.
final class SetBinary: Operator {
  private let left: any Operator
  private let right: any Operator
  private let op: BinaryOperator
  private let key: VectorMatchKey
  private let stepCount: Int
  /// At which steps the side that was read has any series of a match group.
  private var presence: [Labels: [UInt8]] = [:]
  private var isReady = false
  private var isLeftRead = false

  init(
    _ left: any Operator, _ right: any Operator, _ op: BinaryOperator,
    _ matching: VectorMatching, stepCount: Int
  ) {
    self.left = left
    self.right = right
    self.op = op
    self.stepCount = stepCount
    key = VectorMatchKey(matching)
  }

  var labelsMayRepeat: Bool {
    op == .or || left.labelsMayRepeat
  }

  func next(_ block: inout SeriesBlock) throws(QueryError) -> Bool {
    if op == .or { return try nextOfUnion(&block) }
    if !isReady {
      do throws(QueryError) {
        while try right.next(&block) { note(block) }
      } catch {
        try left.drain(before: error)
        throw error
      }
      isReady = true
    }
    while try left.next(&block) {
      keep(&block, wherePresent: op == .and)
      if !block.isEmpty { return true }
    }
    return false
  }

  /// All of the left side; of the right side what the left one does not have.
  private func nextOfUnion(_ block: inout SeriesBlock) throws(QueryError) -> Bool {
    if !isLeftRead {
      if try left.next(&block) {
        note(block)
        return true
      }
      isLeftRead = true
    }
    while try right.next(&block) {
      keep(&block, wherePresent: false)
      if !block.isEmpty { return true }
    }
    return false
  }

  private func note(_ block: SeriesBlock) {
    let signature = key.key(block.labels)
    guard presence[signature] != nil else {
      presence[signature] = block.kinds
      return
    }
    for step in 0..<stepCount where block.kinds[step] != PointKind.none {
      presence[signature]?[step] = PointKind.float
    }
  }

  private func keep(_ block: inout SeriesBlock, wherePresent: Bool) {
    guard let present = presence[key.key(block.labels)] else {
      if wherePresent { block.clearPoints(count: stepCount) }
      return
    }
    for step in 0..<stepCount where (present[step] != PointKind.none) != wherePresent {
      block.remove(step)
    }
  }
}
