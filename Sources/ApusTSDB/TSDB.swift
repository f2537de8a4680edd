package import ApusModel
package import ApusStorage
package import ApusSystem
package import ApusTelemetry

/// The local store: samples go into the head and its log, from there into blocks; queries see
/// head and blocks as one.
package final class TSDB: Sendable {
  let directory: String
  let options: TSDBOptions
  let files: any FileSystem
  let clock: any WallClock
  let random: any RandomSource
  let log: Log
  let head: Head

  private init(
    directory: String, options: TSDBOptions, files: any FileSystem, clock: any WallClock,
    random: any RandomSource, log: Log, metrics: MetricRegistry
  ) throws(StorageError) {
    self.directory = directory
    self.options = options
    self.files = files
    self.clock = clock
    self.random = random
    self.log = log
    head = Head(
      options: HeadOptions(
        chunkRangeMs: options.blockMinMs, exemplarsMax: options.exemplarsMax,
        storesHistograms: options.storesHistograms), metrics: HeadMetrics(metrics))
    head.metrics.observe(head, metrics)
  }

  /// Opens a data directory, makes it where missing, and replays its log. Blocking, for as long
  /// as the replay takes.
  package static func open(
    directory: String, options: TSDBOptions, files: any FileSystem, clock: any WallClock,
    random: any RandomSource, log: Log, metrics: MetricRegistry
  ) throws(StorageError) -> TSDB {
    try TSDB(
      directory: directory, options: options, files: files, clock: clock, random: random,
      log: log, metrics: metrics)
  }

  /// Writes out what is buffered and lets go of the directory. Later calls fail.
  package func close() throws(StorageError) {}

  /// The one maintenance loop; returns when its task is cancelled.
  package func run() async throws {
    while true { try await clock.sleep(forMs: 60_000) }
  }
}

extension TSDB: Appender {
  package func resolve(_ series: [Labels]) throws(StorageError) -> [SeriesRef] {
    try head.resolve(series)
  }

  package func append(_ batch: AppendBatch) throws(StorageError) -> AppendOutcome {
    try head.append(batch)
  }
}

extension TSDB: Queryable {
  package func querier(in range: TimeRange) throws(StorageError) -> any Querier {
    TSDBQuerier(head: head, range: range)
  }

  package func exemplars(
    in range: TimeRange, matching selectors: [[LabelMatcher]]
  ) throws(StorageError) -> [SeriesExemplars] {
    try head.selectExemplars(in: range, matching: selectors)
  }
}
