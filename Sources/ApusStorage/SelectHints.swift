/// What a store may know about a select to answer it cheaply. None of it changes the answer.
package struct SelectHints: Sendable {
  /// Evaluation step, ms; 0 for an instant query.
  package var stepMs: Int64 = 0
  /// Range of a matrix selector, ms; 0 otherwise.
  package var rangeMs: Int64 = 0
  /// Name of the function or aggregation around the selector, empty if none.
  package var function = ""
  /// Only the newest sample at the end of the range is wanted (`SeriesCursor.latest`).
  package var isLatestOnly = false
  /// Series are wanted in label order. Where false, any order will do.
  package var isSorted = true
  /// At most this many series; 0 for no bound.
  package var limit = 0

  package init() {}
}
