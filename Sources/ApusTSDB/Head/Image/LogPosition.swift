internal import ApusSystem

/// A place in the write-ahead log, with what the log held just before it: another log that happens
/// to be as long is told apart.
struct LogPosition: Equatable, Sendable {
  var segment = 0
  /// Bytes of the segment in front of the place; the end of a record.
  var offset = 0
  /// Checksums of the segment's first bytes, and of the last page in front of the place.
  var firstCRC: UInt32 = 0
  var lastCRC: UInt32 = 0

  /// Bytes at the beginning of a segment that tell it from others.
  private static let firstBytes = 4096

  /// Where a log ends now. The caller sees to it that nothing is logged meanwhile.
  static func end(of writer: WALWriter) -> LogPosition {
    let end = writer.position
    return LogPosition(segment: end.segment, offset: end.offset)
  }

  /// Fills in the checksums. What stands in front of a place of a log does not change any more.
  mutating func seal(_ files: any FileSystem, _ directory: String) throws(PosixError) {
    let bytes = try files.map(WALSegments.path(directory, segment))
    guard bytes.count >= offset else {
      throw PosixError(call: "read", path: WALSegments.path(directory, segment), code: 5)
    }
    (firstCRC, lastCRC) = checksums(bytes)
  }

  private func checksums(_ bytes: ByteSlice) -> (first: UInt32, last: UInt32) {
    let page = max(0, offset - 1) / WALPage.bytes * WALPage.bytes
    return (
      CRC32C.of(bytes.span.extracting(0..<min(offset, Self.firstBytes))),
      CRC32C.of(bytes.span.extracting(page..<offset))
    )
  }

  /// Checks that the log still holds what stood in front of the place, and that all that stands
  /// behind it was logged by Apus.
  /// - Returns: the segments from the place on.
  func segmentsBehind(
    _ files: any FileSystem, _ directory: String, _ ledger: SegmentLedger
  ) throws(HeadImageRejection) -> [Int] {
    let segments: [Int]
    let checkpoint: Int
    do throws(WALError) {
      segments = try WALSegments.list(files, directory)
      checkpoint = try Checkpoint.last(files, directory)?.index ?? -1
    } catch {
      throw HeadImageRejection("\(error)")
    }
    let name = "WAL segment \(WALSegments.name(segment))"
    guard checkpoint < segment else {
      throw HeadImageRejection("a checkpoint stands for \(name), where it ends")
    }
    guard let index = segments.firstIndex(of: segment) else {
      throw HeadImageRejection("\(name), where it ends, is not there")
    }
    let bytes = try map(segment, files, directory)
    if bytes.count < offset {
      guard isPart(bytes, ledger) else {
        throw HeadImageRejection("\(name) has \(bytes.count) bytes, and it ends at \(offset)")
      }
    } else if checksums(bytes) != (firstCRC, lastCRC) {
      throw HeadImageRejection("\(name) is another one than when it was written")
    }
    // An empty place tells nothing of who fills the segment later.
    for other in segments[(offset == 0 ? index : index + 1)...] {
      guard ledger.owns(other, try map(other, files, directory)) else {
        throw HeadImageRejection(
          "WAL segment \(WALSegments.name(other)) behind it was not written by Apus, "
            + "or in part only")
      }
    }
    return Array(segments[index...])
  }

  /// Whether bytes are what a cut left of the segment, and not those of another log. The image
  /// holds what is lost of it.
  private func isPart(_ bytes: ByteSlice, _ ledger: SegmentLedger) -> Bool {
    let first = min(offset, Self.firstBytes)
    guard ledger.owns(segment, bytes) else { return false }
    return bytes.count < first || CRC32C.of(bytes.span.extracting(0..<first)) == firstCRC
  }

  private func map(
    _ segment: Int, _ files: any FileSystem, _ directory: String
  ) throws(HeadImageRejection) -> ByteSlice {
    do throws(PosixError) {
      return try files.map(WALSegments.path(directory, segment))
    } catch {
      throw HeadImageRejection(error)
    }
  }
}
