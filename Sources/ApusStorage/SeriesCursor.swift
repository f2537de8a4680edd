package import ApusModel

/// The answer to one select: series one after another, each with its samples as columns.
///
/// Belongs to the thread that uses it; it keeps alive whatever it reads from.
package protocol SeriesCursor: AnyObject {
  /// Moves to the next series; false at the end.
  func next() throws(StorageError) -> Bool

  /// About how many series there are, where that costs nothing to tell.
  var seriesCount: Int? { get }

  /// The labels of the current series. Built when asked for, so that a caller that does not need
  /// them pays nothing.
  var labels: Labels { get }

  /// Of the labels of the current series those with these names; others may be among them, where
  /// that is cheaper.
  func labels(keeping names: [String]) -> Labels

  /// Appends the samples of the current series in the selected range to `batch`.
  func read(into batch: inout SampleBatch) throws(StorageError)

  /// The newest sample of the current series with `oldestMs < time <= atMs`, stale marker
  /// included; nil if there is none.
  func latest(atMs: Int64, newerThanMs oldestMs: Int64) throws(StorageError) -> LatestSample?
}

extension SeriesCursor {
  package var seriesCount: Int? { nil }
  package func labels(keeping names: [String]) -> Labels { labels }
}

/// A cursor over nothing.
package final class EmptySeriesCursor: SeriesCursor {
  package init() {}

  package func next() throws(StorageError) -> Bool { false }
  package var labels: Labels { .empty }
  package func read(into batch: inout SampleBatch) throws(StorageError) {}

  package func latest(
    atMs: Int64, newerThanMs oldestMs: Int64
  ) throws(StorageError) -> LatestSample? {
    nil
  }
}
