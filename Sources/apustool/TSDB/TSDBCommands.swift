internal import ApusStorage
internal import ApusSystem
internal import ApusTSDB
internal import ArgumentParser

/// `tsdb ...`
struct TSDBCommand: CommandGroup {
  static let configuration = CommandConfiguration(
    commandName: "tsdb", abstract: "Run tsdb commands.",
    subcommands: [
      TSDBBench.self, TSDBAnalyze.self, TSDBList.self, TSDBDump.self, TSDBDumpOpenMetrics.self,
      CreateBlocks.self,
    ])
}

/// The blocks of a data directory.
enum DataBlocks {
  /// By time. Blocks that cannot be opened end the command, as in promtool.
  static func open(_ path: String) throws -> [Block] {
    let directory = try directory(path)
    do throws(StorageError) {
      let opened = try directory.open()
      if let failure = opened.failures.first { throw failure.error }
      return opened.blocks
    } catch {
      throw CommandFailure(error.description)
    }
  }

  /// One block by its name; the newest for an empty one.
  static func open(_ id: String, in path: String) throws -> Block {
    let directory = try directory(path)
    do {
      let known = try directory.list()
      if id.isEmpty {
        guard let newest = known.max() else { throw CommandFailure("no blocks found") }
        return try Block(directory: directory.path(of: newest), files: PosixFileSystem())
      }
      guard let ulid = ULID(id), known.contains(ulid) else {
        throw CommandFailure("invalid block ID \(id)")
      }
      return try Block(directory: directory.path(of: ulid), files: PosixFileSystem())
    } catch let error as StorageError {
      throw CommandFailure(error.description)
    }
  }

  private static func directory(_ path: String) throws -> DataDirectory {
    let files = PosixFileSystem()
    guard files.exists(path) else {
      throw CommandFailure("opening the db dir: stat \(path): no such file or directory")
    }
    return DataDirectory(path: path, files: files)
  }
}
