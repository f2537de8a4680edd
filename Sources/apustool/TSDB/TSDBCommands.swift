internal import ApusStorage
internal import ApusSystem
internal import ApusTSDB
internal import ArgumentParser

/// `tsdb ...`
struct TSDBCommand: CommandGroup {
  static let configuration = CommandConfiguration(
    commandName: "tsdb", abstract: "Run tsdb commands.",
    subcommands: [TSDBList.self, TSDBAnalyze.self, TSDBDump.self])
}

/// The blocks of a data directory.
enum DataBlocks {
  /// By time. Blocks that cannot be opened end the command, as in promtool.
  static func open(_ path: String) throws -> [Block] {
    do {
      let opened = try DataDirectory(path: path, files: PosixFileSystem()).open()
      if let failure = opened.failures.first { throw failure.error }
      return opened.blocks
    } catch {
      Output.errorLine("\(error)")
      throw ExitCode(ExitStatus.failure)
    }
  }
}
