internal import ApusModel
internal import ApusStorage

/// Opens the store's cursor of a selector when the first series is asked for.
final class SelectorRead {
  private let plan: SelectorPlan
  private let range: TimeRange
  private let query: Query
  private let isLatestOnly: Bool
  private var cursor: (any SeriesCursor)?

  init(_ plan: SelectorPlan, range: TimeRange, isLatestOnly: Bool, query: Query) {
    self.plan = plan
    self.range = range
    self.isLatestOnly = isLatestOnly
    self.query = query
  }

  /// The cursor, standing on the next series; nil at the end.
  func next() throws(QueryError) -> (any SeriesCursor)? {
    try query.checkpoint()
    do throws(StorageError) {
      let opened = if let cursor { cursor } else { try open() }
      return try opened.next() ? opened : nil
    } catch {
      throw .storage("expanding series: \(error.description)")
    }
  }

  private func open() throws(StorageError) -> any SeriesCursor {
    var hints = plan.hints
    hints.isLatestOnly = isLatestOnly
    let opened = try query.querier.select(plan.matchers, in: range, hints: hints)
    cursor = opened
    return opened
  }
}

extension SelectorPlan {
  /// The labels of the series on which a cursor stands, as far as they are looked at.
  func labels(_ cursor: any SeriesCursor) -> Labels {
    if let projection { cursor.labels(keeping: projection) } else { cursor.labels }
  }
}

extension SeriesCursor {
  func readSamples(into batch: inout SampleBatch) throws(QueryError) {
    batch.removeAll()
    do throws(StorageError) {
      try read(into: &batch)
    } catch {
      throw .storage("expanding series: \(error.description)")
    }
  }
}

extension FloatHistogram {
  var isStale: Bool { StaleMarker.isStale(sum) }

  /// How many float samples a histogram counts for in memory: 16 bytes each.
  /// Source: Prometheus, promql/value.go, HPoint.size.
  var sampleSize: Int {
    (8 + 4 + 4 + 8 + 8 + 8 + 8 + 5 * 24
      + (positiveSpans.count + negativeSpans.count) * 8
      + (positiveBuckets.count + negativeBuckets.count + customBounds.count) * 8 + 8) / 16
  }
}
