internal import ApusModel
internal import ApusPromQLSyntax
internal import ApusStorage
internal import ApusSystem
internal import ApusTSDB
internal import ApusTelemetry
internal import Foundation

/// A data directory opened to be read, with its log replayed, while a server may run on it. The
/// directory is not changed: what the replay writes goes into a sandbox.
struct StoreSnapshot {
  let store: TSDB
  private let sandbox: String
  private let files = PosixFileSystem()

  /// - Parameter sandboxRoot: where the sandbox is made; empty for the system's temporary
  ///   directory.
  init(of path: String, sandboxRoot: String) throws {
    // Blocks that cannot be read are an error here, not a line in a log.
    _ = try DataBlocks.open(path)
    let parent = sandboxRoot.isEmpty ? NSTemporaryDirectory() : sandboxRoot
    let name = "tmp_dbro_sandbox\(SystemRandomSource().next())"
    sandbox = FilePath.join(parent, name)
    do {
      try files.makeDirectory(sandbox)
    } catch {
      throw CommandFailure("setting up sandbox dir: \(error)")
    }
    var options = TSDBOptions()
    options.locksDirectory = false
    // Nothing is deleted or merged in a copy that lives for one command.
    options.retentionMs = 0
    options.compacts = false
    options.walSegmentBytes = 1 << 20
    options.headImageIntervalMs = 0
    // What of the log cannot be read is not in the dump: somebody must say so.
    let console = Console.current
    let log = LogSetup.warnings(
      nowMs: { console.clock.nowMs }, write: { console.writeError($0) })
    do throws(StorageError) {
      store = try TSDB.open(
        directory: path, options: options,
        files: SandboxFileSystem(files, root: path, sandbox: sandbox),
        clock: console.clock, random: SystemRandomSource(), log: log,
        metrics: MetricRegistry())
    } catch {
      try? files.remove(sandbox)
      throw CommandFailure(error.description)
    }
  }

  func close() {
    try? store.close()
    try? files.remove(sandbox)
  }

  /// The series that any of some selectors chooses, each once.
  /// - Parameter selectors: none for all series.
  func select(_ selectors: [String], in range: TimeRange) throws -> any SeriesCursor {
    let sets = try selectors.map { selector in
      do throws(ParseError) {
        return try Parser.parseMetricSelector(selector)
      } catch {
        throw CommandFailure(error.description)
      }
    }
    do throws(StorageError) {
      let querier = try store.querier(in: range)
      var cursors: [any SeriesCursor] = []
      // A selector without matchers chooses nothing, as in promtool.
      for matchers in sets.isEmpty ? [[]] : sets.filter({ !$0.isEmpty }) {
        cursors.append(try querier.select(matchers, in: range, hints: SelectHints()))
      }
      return cursors.count == 1 ? cursors[0] : try SeriesUnion(cursors)
    } catch {
      throw CommandFailure(error.description)
    }
  }
}

/// Several cursors over one store as one, in label order; a series that several of them have
/// comes once.
final class SeriesUnion: SeriesCursor {
  private var waiting: [(cursor: any SeriesCursor, labels: Labels)] = []
  private var current: (any SeriesCursor)?

  init(_ cursors: [any SeriesCursor]) throws(StorageError) {
    for cursor in cursors { try advance(cursor) }
  }

  func next() throws(StorageError) -> Bool {
    if let current { try advance(current) }
    current = nil
    guard let least = waiting.indices.min(by: { waiting[$0].labels < waiting[$1].labels }) else {
      return false
    }
    let chosen = waiting.remove(at: least)
    current = chosen.cursor
    let same = waiting.filter { $0.labels == chosen.labels }.map(\.cursor)
    waiting.removeAll { $0.labels == chosen.labels }
    for cursor in same { try advance(cursor) }
    return true
  }

  var labels: Labels { current?.labels ?? .empty }

  func read(into batch: inout SampleBatch) throws(StorageError) {
    try current?.read(into: &batch)
  }

  func latest(
    atMs timeMs: Int64, newerThanMs oldestMs: Int64
  ) throws(StorageError) -> LatestSample? {
    try current?.latest(atMs: timeMs, newerThanMs: oldestMs)
  }

  private func advance(_ cursor: any SeriesCursor) throws(StorageError) {
    if try cursor.next() { waiting.append((cursor, cursor.labels)) }
  }
}
