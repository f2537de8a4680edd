/// Seconds and samples that a query took; the fields are those of the API's `stats`.
package struct QueryStatistics: Sendable {
  package var evalTotalSeconds = 0.0
  package var resultSortSeconds = 0.0
  package var queryPreparationSeconds = 0.0
  package var innerEvalSeconds = 0.0
  package var execQueueSeconds = 0.0
  package var execTotalSeconds = 0.0
  /// Samples that the steps load, each on its own.
  package var totalQueryableSamples = 0
  /// Samples that were read: of overlapping windows what each has anew.
  package var samplesRead = 0
  /// Most samples held at one time.
  package var peakSamples = 0
  /// Time of each step and samples touched for it, where asked for.
  package var samplesPerStep: [(timeMs: Int64, samples: Int)]?
  package var samplesReadPerStep: [(timeMs: Int64, samples: Int)]?

  package init() {}
}
