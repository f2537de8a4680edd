internal import ApusModel
internal import ApusStorage
internal import ApusSystem
internal import ApusTSDB
internal import ApusTelemetry
internal import ArgumentParser

/// `tsdb create-blocks-from ...`
struct CreateBlocks: CommandGroup {
  static let configuration = CommandConfiguration(
    commandName: "create-blocks-from",
    abstract: """
      [Experimental] Import samples from input and produce TSDB blocks. Please refer to the \
      storage docs for more details.
      """,
    subcommands: [CreateBlocksFromOpenMetrics.self, CreateBlocksFromRules.self])
}

/// What both kinds of import take.
struct CreateBlocksOptions: ParsableArguments {
  @Flag(
    name: [.customLong("human-readable"), .customShort("r")], help: "Print human readable values.")
  var isHumanReadable = false

  @Flag(name: [.customLong("quiet"), .customShort("q")], help: "Do not print created blocks.")
  var isQuiet = false

  @Option(
    name: .customLong("max-block-duration"),
    help: ArgumentHelp(
      "Maximum duration created blocks may span. Anything less than 2h is ignored.",
      visibility: .private))
  var maxBlockDuration = "2h"

  /// The same, and blocks are not told of.
  var quieted: CreateBlocksOptions {
    var options = self
    options.isQuiet = true
    return options
  }

  /// Of the blocks to be made: 2 h times a power of 3, at most what was asked for.
  func blockMs() throws -> Int64 {
    guard let wanted = try? DurationText.parse(maxBlockDuration) else {
      throw ValidationError("time: invalid duration \(GoQuote.quote(maxBlockDuration))")
    }
    return BlockRange.compatible(maxMs: wanted)
  }
}

/// Lengths of blocks and where they begin.
enum BlockRange {
  static let defaultMs: Int64 = 2 * 3_600_000

  /// The longest of 2 h, 6 h, 18 h and so on, ten steps at most, that is not over `maxMs`.
  static func compatible(maxMs: Int64) -> Int64 {
    var length = defaultMs
    for _ in 1..<10 where length * 3 <= maxMs { length *= 3 }
    return length
  }

  /// Where the block that holds a time begins.
  static func start(of timeMs: Int64, lengthMs: Int64) -> Int64 {
    let into = timeMs % lengthMs
    return timeMs - (into < 0 ? into + lengthMs : into)
  }
}

/// Makes blocks in a directory, and tells of each.
final class BlockOutput {
  private let directory: String
  private let options: CreateBlocksOptions
  private let files = PosixFileSystem()
  private let compactor: BlockCompactor
  private var hasHeader = false

  /// Makes the directory where it is missing.
  init(directory: String, options: CreateBlocksOptions) throws {
    self.directory = directory
    self.options = options
    do {
      try files.makeDirectory(directory)
    } catch {
      throw CommandFailure("create output dir: \(error)")
    }
    compactor = BlockCompactor(
      dataDirectory: directory, files: files, clock: Console.current.clock,
      random: SystemRandomSource(), log: .none, metrics: MetricRegistry())
  }

  /// Writes one block of all that was gathered; none where that is nothing.
  func write(_ samples: BlockBackfill) throws(StorageError) {
    guard let range = samples.range,
      let meta = try compactor.write(
        samples, minTimeMs: range.minMs, maxTimeMs: range.maxMs + 1)
    else { return }
    if options.isQuiet { return }
    let block = try Block(
      directory: FilePath.join(directory, meta.ulid.description), files: files)
    Output.line(
      BlockTable(isHumanReadable: options.isHumanReadable)
        .text(of: [block], withHeader: !hasHeader))
    hasHeader = true
  }
}
