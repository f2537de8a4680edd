internal import ApusModel

/// Joins the rows of equal labels into one; two points at one step are an error.
final class MergeDuplicates: Operator {
  private let inner: any Operator
  private let stepCount: Int
  private let query: Query
  private var merged: BufferedOperator?

  init(_ inner: any Operator, stepCount: Int, query: Query) {
    self.inner = inner
    self.stepCount = stepCount
    self.query = query
  }

  var labelsMayRepeat: Bool { false }

  func next(_ block: inout SeriesBlock) throws(QueryError) -> Bool {
    if merged == nil { merged = BufferedOperator(try readAll()) }
    return try merged?.next(&block) ?? false
  }

  private func readAll() throws(QueryError) -> [SeriesBlock] {
    var blocks: [SeriesBlock] = []
    var places: [Labels: Int] = [:]
    var block = SeriesBlock()
    while try inner.next(&block) {
      if let place = places[block.labels] {
        guard blocks[place].merge(block) else {
          try inner.drain(before: .duplicateLabels)
          throw .duplicateLabels
        }
        blocks[place].dropsName = blocks[place].dropsName || block.dropsName
      } else {
        try query.hold(block.pointCount)
        places[block.labels] = blocks.count
        blocks.append(block)
        block = SeriesBlock()
      }
    }
    return blocks
  }
}

extension QueryError {
  static var tooManySamples: QueryError {
    .execution("query processing would load too many samples into memory in query execution")
  }

  static var duplicateLabels: QueryError {
    .execution("vector cannot contain metrics with the same labelset")
  }
}
