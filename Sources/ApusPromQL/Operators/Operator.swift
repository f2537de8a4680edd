/// A source of series with one row of points each.
///
/// Pulled series by series by its one user: `next` fills the block that it is given, labels and
/// row together. Rows without any point may be left out.
protocol Operator: AnyObject {
  /// Moves to the next series; false at the end.
  func next(_ block: inout SeriesBlock) throws(QueryError) -> Bool

  /// Whether the same labels may come more than once, with points at different steps.
  var labelsMayRepeat: Bool { get }
}

extension Operator {
  /// Reads to the end, after an error in what stands behind this part: where both fail, the query
  /// fails with the error of the part that stands first.
  func drain(before error: QueryError) throws(QueryError) {
    switch error {
    case .execution, .storage: break
    case .parse, .timeout, .canceled: return
    }
    var block = SeriesBlock()
    while try next(&block) {}
  }
}

/// No series at all.
final class EmptyOperator: Operator {
  func next(_ block: inout SeriesBlock) throws(QueryError) -> Bool { false }
  var labelsMayRepeat: Bool { false }
}

/// Rows that were computed before.
final class BufferedOperator: Operator {
  private var blocks: [SeriesBlock]
  private var at = 0
  let labelsMayRepeat: Bool

  init(_ blocks: [SeriesBlock], labelsMayRepeat: Bool = false) {
    self.blocks = blocks
    self.labelsMayRepeat = labelsMayRepeat
  }

  func next(_ block: inout SeriesBlock) throws(QueryError) -> Bool {
    guard at < blocks.count else { return false }
    block = blocks[at]
    blocks[at] = SeriesBlock()
    at += 1
    return true
  }
}
