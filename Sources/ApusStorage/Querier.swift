package import ApusModel

/// Door: a consistent view of a store over a range of time. Blocking calls: use it on a worker,
/// not on the cooperative pool. What it reads stays alive as long as the querier or one of its
/// cursors.
package protocol Querier: Sendable {
  /// Fixes what is seen of some selectors, each a list of matchers: selects of them that follow
  /// all show one moment. Without it each shows the moment in which it was made. Called once,
  /// before them.
  func hold(_ selectors: [[LabelMatcher]]) throws(StorageError)

  /// Series that match all of `matchers` and have samples in `range`.
  func select(
    _ matchers: [LabelMatcher], in range: TimeRange, hints: SelectHints
  ) throws(StorageError) -> any SeriesCursor

  /// Label names, sorted, of the series that match; `limit` 0 for all.
  func labelNames(
    matching matchers: [LabelMatcher], limit: Int
  ) throws(StorageError) -> [String]

  /// Values of a label, sorted, among the series that match; `limit` 0 for all.
  func labelValues(
    of name: String, matching matchers: [LabelMatcher], limit: Int
  ) throws(StorageError) -> [String]
}

extension Querier {
  /// For stores in which nothing changes.
  package func hold(_ selectors: [[LabelMatcher]]) throws(StorageError) {}
}

/// Door: opens queriers.
package protocol Queryable: Sendable {
  /// A view of everything stored in `range` at this moment.
  func querier(in range: TimeRange) throws(StorageError) -> any Querier

  /// Exemplars of the series that match any of the matcher lists, by series, oldest first.
  func exemplars(
    in range: TimeRange, matching selectors: [[LabelMatcher]]
  ) throws(StorageError) -> [SeriesExemplars]
}

/// The exemplars of one series.
package struct SeriesExemplars: Sendable {
  package let seriesLabels: Labels
  package let exemplars: [Exemplar]

  package init(seriesLabels: Labels, exemplars: [Exemplar]) {
    self.seriesLabels = seriesLabels
    self.exemplars = exemplars
  }
}
