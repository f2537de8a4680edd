internal import ApusStorage
internal import ApusSystem
internal import ApusTelemetry
internal import Synchronization

/// The end of blocks that deletions may have emptied, in a file of its own.
///
/// A start takes from the log and from chunks_head what is younger than all blocks. With blocks
/// that were emptied, and are gone, what was deleted in them would come back. (Prometheus does not
/// know of such blocks any more, and there it does come back.)
extension TSDB {
  private var clearedDirectory: String {
    FilePath.join(directory, HeadImageFormat.directoryName)
  }

  private var clearedPath: String { FilePath.join(clearedDirectory, "cleared") }

  /// Reads the file. What is no number, or none of a time that a block can have, says nothing.
  func readCleared() {
    guard let bytes = try? files.read(clearedPath), bytes.last == UInt8(ascii: "\n"),
      let timeMs = Int64(String(decoding: bytes.dropLast(), as: UTF8.self)),
      AppendRules.canBeStored(timeMs)
    else { return }
    clearedMs.withLock { $0 = timeMs }
  }

  /// Notes, durably, that nothing older is to come back.
  func noteCleared(before timeMs: Int64) throws(StorageError) {
    guard AppendRules.canBeStored(timeMs), clearedMs.withLock({ $0 }) < timeMs else { return }
    try withFiles("note what was deleted") { () throws(PosixError) in
      try files.makeDirectory(clearedDirectory)
      try files.replace(clearedPath, Array("\(timeMs)\n".utf8))
    }
    clearedMs.withLock { $0 = timeMs }
  }
}
