internal import ApusModel
internal import ApusPromQLSyntax
internal import ApusStorage
internal import ApusSystem
internal import ApusTSDB
internal import ApusTelemetry
internal import ArgumentParser

/// `tsdb dump [<db path>]`
struct TSDBDump: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "dump", abstract: "Dump data (series+samples or optionally just series).")

  @OptionGroup var global: GlobalOptions

  @Option(
    name: .customLong("sandbox-dir-root"),
    help: "Root directory where a sandbox directory will be created (default is the db path).")
  var sandboxRoot = ""

  @Option(
    name: .customLong("min-time"), parsing: .unconditional,
    help: "Minimum timestamp to dump, in milliseconds since the Unix epoch.")
  var minTimeMs = Int64.min

  @Option(
    name: .customLong("max-time"), parsing: .unconditional,
    help: "Maximum timestamp to dump, in milliseconds since the Unix epoch.")
  var maxTimeMs = Int64.max

  @Option(help: "Series selector. Can be specified multiple times.")
  var match: [String] = []

  @Argument(help: "Database path (default is data/).") var path = "data/"

  func run() throws {
    do {
      let sandbox = try DataSandbox(
        of: path, root: sandboxRoot.isEmpty ? path : sandboxRoot, files: PosixFileSystem())
      defer { sandbox.remove() }
      try dump(try sandbox.open())
    } catch {
      Output.errorLine("\(error)")
      throw ExitCode(ExitStatus.failure)
    }
  }

  private func dump(_ store: TSDB) throws {
    let selectors = match.isEmpty ? ["{__name__=~'(?s:.*)'}"] : match
    let range = TimeRange(minTimeMs, maxTimeMs)
    let querier = try store.querier(in: range)
    var lines: [String] = []
    var batch = SampleBatch()
    for selector in selectors {
      let matchers = try Parser.parseMetricSelector(selector)
      let cursor = try querier.select(matchers, in: range, hints: SelectHints())
      while try cursor.next() {
        batch.removeAll()
        try cursor.read(into: &batch)
        let labels = cursor.labels.description
        for (time, value) in zip(batch.times, batch.values) {
          lines.append("\(labels) \(FloatText.g(value)) \(time)")
        }
        // By the piece, so that a large store does not fill the memory.
        if lines.count > 10_000 {
          Output.line(lines.joined(separator: "\n"))
          lines.removeAll()
        }
      }
    }
    if !lines.isEmpty { Output.line(lines.joined(separator: "\n")) }
  }
}

/// A copy of a data directory that may be opened while a server runs on the original: blocks are
/// linked, what a replay may change is copied.
struct DataSandbox {
  private let directory: String
  private let files: any FileSystem

  init(of path: String, root: String, files: any FileSystem) throws {
    self.files = files
    directory = FilePath.join(root, "tmp_dbro_sandbox\(SystemRandomSource().next())")
    try files.makeDirectory(directory)
    for ulid in try DataDirectory(path: path, files: files).list() {
      let name = ulid.description
      try link(FilePath.join(path, name), FilePath.join(directory, name))
    }
    for name in ["wal", "chunks_head"] where files.isDirectory(FilePath.join(path, name)) {
      try copy(FilePath.join(path, name), FilePath.join(directory, name))
    }
  }

  func open() throws(StorageError) -> TSDB {
    var options = TSDBOptions()
    options.locksDirectory = false
    // Nothing is deleted or merged in a copy that lives for one command.
    options.retentionMs = 0
    options.compacts = false
    return try TSDB.open(
      directory: directory, options: options, files: files, clock: SystemWallClock(),
      random: SystemRandomSource(), log: .none, metrics: MetricRegistry())
  }

  func remove() { try? files.remove(directory) }

  private func link(_ from: String, _ to: String) throws(PosixError) {
    try files.makeDirectory(to)
    for name in try files.list(from) {
      let (source, target) = (FilePath.join(from, name), FilePath.join(to, name))
      if files.isDirectory(source) {
        try link(source, target)
      } else {
        try files.link(source, to: target)
      }
    }
  }

  private func copy(_ from: String, _ to: String) throws(PosixError) {
    try files.makeDirectory(to)
    for name in try files.list(from) {
      let (source, target) = (FilePath.join(from, name), FilePath.join(to, name))
      if files.isDirectory(source) {
        try copy(source, target)
      } else {
        try files.write(target, try files.read(source))
      }
    }
  }
}
