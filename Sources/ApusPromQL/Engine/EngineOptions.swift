internal import ApusSystem

/// What bounds and shapes all queries of an engine.
package struct EngineOptions: Sendable {
  /// Samples that one query may hold at a time.
  package var maxSamples = 50_000_000
  package var timeoutMs: Int64 = 120_000
  /// Queries that run at the same time; more wait.
  package var maxConcurrency = 20
  package var lookbackDeltaMs: Int64 = 300_000
  /// A query that took longer is named in the log; 0 for none.
  package var slowQueryMs: Int64 = 0
  /// Step of a subquery that names none, by its range in ms: the global evaluation interval.
  package var noStepSubqueryIntervalMs: @Sendable (Int64) -> Int64 = { _ in 60_000 }

  /// Threads that one query may use while no other runs: 1 or 2.
  package var threadsPerQuery = min(2, WorkerPool.processorCount)
  /// Points (series times steps) from which on a range query is worth two threads; 0 for any.
  package var splitPointsMin = 100_000

  // Feature flags of Prometheus, by their names.
  /// promql-experimental-functions
  package var experimentalFunctions = false
  /// promql-duration-expr
  package var durationExpressions = true
  /// promql-extended-range-selectors
  package var extendedRangeSelectors = false
  /// promql-binop-fill-modifiers
  package var fillModifiers = false
  /// promql-per-step-stats: statistics of each step may be asked for.
  package var samplesPerStep = false
  /// promql-delayed-name-removal
  package var delayedNameRemoval = false
  /// type-and-unit-labels
  package var typeAndUnitLabels = false
  /// use-start-timestamps
  package var startTimestamps = false

  package init() {}

  /// Every feature switched on, as Prometheus's own test scripts want it.
  package static var allFeatures: EngineOptions {
    var options = EngineOptions()
    options.experimentalFunctions = true
    options.extendedRangeSelectors = true
    options.fillModifiers = true
    options.samplesPerStep = true
    options.delayedNameRemoval = true
    options.typeAndUnitLabels = true
    options.startTimestamps = true
    return options
  }
}
