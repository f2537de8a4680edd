package import ApusModel
package import ApusStorage
package import ApusSystem
package import ApusTelemetry
internal import Synchronization

/// The local store: samples go into the head and its log, from there into blocks; queries see
/// head and blocks as one.
///
/// Calls may come from any thread; all of them block for as long as they take.
package final class TSDB: Sendable {
  let directory: String
  let options: TSDBOptions
  let files: any FileSystem
  let clock: any WallClock
  let random: any RandomSource
  let log: Log
  let head: Head
  let metrics: TSDBMetrics
  let compactor: BlockCompactor
  let replayProgress: ReplayProgress
  /// Nil where compaction waits for no upload.
  let uploaded: UploadedBlocks?
  /// The blocks, by time.
  let loaded = Mutex<[Block]>([])
  /// Held while blocks are looked for; taken after `compacting`. Directories without a meta.json
  /// that were named in the log.
  let reloading = Mutex<Set<ULID>>([])
  /// Held while blocks are written, changed or linked.
  let compacting = Mutex(())
  let images: HeadImages
  /// Series that are gone, with the last segment of the log that may speak of them.
  let expiries = Mutex<[SeriesRef: Int]>([:])
  /// Share of ended series from which on they leave the head early; 0 for never.
  let staleThreshold = Mutex(0.0)
  /// End of the blocks that deletions may have emptied, ms.
  let clearedMs = Mutex(Int64.min)
  /// How long blocks are kept, from the next look at them on.
  let retention: Mutex<Retention>
  private let state = Mutex(State())

  private struct State {
    var lock: DirectoryLock?
    var isClosed = false
  }

  private init(
    directory: String, options: TSDBOptions, files: any FileSystem, clock: any WallClock,
    random: any RandomSource, log: Log, metrics: MetricRegistry, progress: ReplayProgress
  ) {
    replayProgress = progress
    let options = options.usable
    self.directory = directory
    self.options = options
    retention = Mutex(options.retention)
    self.files = files
    self.clock = clock
    self.random = random
    self.log = log
    self.metrics = TSDBMetrics(metrics, clock: clock)
    uploaded =
      options.uploadedBlocksPath.isEmpty
      ? nil
      : UploadedBlocks(path: options.uploadedBlocksPath, files: files, clock: clock, log: log)
    var compaction = BlockCompactor.Options()
    compaction.chunking = options.chunking
    compaction.segmentBytesMax = options.chunkFileBytesMax
    compactor = BlockCompactor(
      dataDirectory: directory, files: files, clock: clock, random: random, log: log,
      metrics: metrics, options: compaction)
    head = Head(
      options: HeadOptions(
        chunkRangeMs: options.blockMinMs, samplesPerChunk: options.samplesPerChunk,
        exemplarsMax: options.exemplarsMax, storesHistograms: options.storesHistograms),
      metrics: HeadMetrics(metrics))
    images = HeadImages(
      dataDirectory: directory, logDirectory: FilePath.join(directory, "wal"),
      lateLogDirectory: FilePath.join(directory, "wbl"),
      intervalMs: options.headImageIntervalMs, files: files)
    head.metrics.observe(head, metrics)
    self.metrics.observe(self, metrics)
  }

  /// Opens a data directory, makes it where missing, and replays its log. Blocking, for as long
  /// as the replay takes.
  ///
  /// - Parameter progress: told how far the replay has come.
  /// - Throws: `system` where the directory is locked, read-only or full; `corrupt` where what it
  ///   holds cannot be repaired.
  package static func open(
    directory: String, options: TSDBOptions, files: any FileSystem, clock: any WallClock,
    random: any RandomSource, log: Log, metrics: MetricRegistry,
    progress: ReplayProgress = ReplayProgress()
  ) throws(StorageError) -> TSDB {
    let store = TSDB(
      directory: directory, options: options, files: files, clock: clock, random: random,
      log: log, metrics: metrics, progress: progress)
    try store.lockDirectory()
    do throws(StorageError) {
      try store.replay()
    } catch {
      store.state.withLock { $0.lock }?.release()
      throw error
    }
    return store
  }

  private func lockDirectory() throws(StorageError) {
    try withFiles("open data directory") { () throws(PosixError) in
      guard !files.isDirectory(directory) else { return }
      try files.makeDirectory(directory)
      try files.syncDirectory(FilePath.parent(of: directory))
    }
    guard options.locksDirectory else { return }
    let lock = try withFiles("open data directory") { () throws(PosixError) in
      try files.lock(directory)
    }
    state.withLock { $0.lock = lock }
  }

  /// Writes out what is buffered and lets go of the directory. Later appends fail.
  package func close() throws(StorageError) {
    let lock = state.withLock { state -> DirectoryLock?? in
      guard !state.isClosed else { return .none }
      state.isClosed = true
      return .some(state.lock)
    }
    guard let lock else { return }
    defer { lock?.release() }
    try head.close()
    noteLastSegments()
    if isImageWorthwhile(loggedMin: options.headImageLogBytesMin) { saveImage(isQuiet: true) }
  }

  /// -1 without a lock file, 0 if the last process left one, 1 if it did not.
  var cleanStart: Double {
    state.withLock { state in state.lock.map { $0.wasLeftBehind ? 0 : 1 } ?? -1 }
  }

  /// A writer of blocks into another directory.
  func compactor(below directory: String) -> BlockCompactor {
    BlockCompactor(
      dataDirectory: directory, files: files, clock: clock, random: random, log: log,
      metrics: MetricRegistry())
  }
}

extension TSDB: Appender {
  package func resolve(_ series: [Labels]) throws(StorageError) -> [SeriesRef] {
    try head.resolve(series)
  }

  package func append(_ batch: AppendBatch) throws(StorageError) -> AppendOutcome {
    let outcome = try head.append(batch)
    try syncBeforeAnswer()
    return outcome
  }
}

extension TSDB: Queryable {
  package func querier(in range: TimeRange) throws(StorageError) -> any Querier {
    TSDBQuerier(self, in: range)
  }

  package func exemplars(
    in range: TimeRange, matching selectors: [[LabelMatcher]]
  ) throws(StorageError) -> [SeriesExemplars] {
    try head.selectExemplars(in: range, matching: selectors)
  }
}
