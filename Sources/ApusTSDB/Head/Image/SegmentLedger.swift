internal import ApusSystem
internal import Synchronization

// <data>/apus_head/segments: a line for each segment of the log that Apus began to write:
//
//   00000012 64 1a2b3c4d\n       segment, number of its first bytes, their CRC-32C in hex
//
// A line is appended after the first records of the segment and never synced: a line that is lost
// costs a replay.

/// Tells which segments of the log Apus wrote: an image holds only for what Apus logs behind it.
/// Another program that used the directory meanwhile, such as Prometheus, may have given series
/// other refs than the image knows.
final class SegmentLedger: Sendable {
  private struct Line: Equatable {
    var segment: Int
    var count: Int
    var crc: UInt32

    var text: String {
      "\(WALSegments.name(segment)) \(count) \(String(crc, radix: 16))\n"
    }
  }

  private static let fileName = "segments"
  /// Bytes at the beginning of a segment that tell it from others.
  private static let firstBytes = 64

  private let files: any FileSystem
  private let directory: String
  private let logDirectory: String
  private let lines: Mutex<[Line]>
  private let isDisabled = Atomic<Bool>(false)

  private var path: String { FilePath.join(directory, Self.fileName) }

  /// Reads what is there; lines that make no sense are left out.
  init(files: any FileSystem, directory: String, logDirectory: String) {
    self.files = files
    self.directory = directory
    self.logDirectory = logDirectory
    let text = (try? files.readText(FilePath.join(directory, Self.fileName))) ?? ""
    lines = Mutex(
      text.split(separator: "\n").compactMap { line in
        let parts = line.split(separator: " ")
        guard parts.count == 3, let segment = WALSegments.number(of: String(parts[0])),
          let count = Int(parts[1]), count > 0, let crc = UInt32(parts[2], radix: 16)
        else { return nil }
        return Line(segment: segment, count: count, crc: crc)
      })
  }

  /// Whether Apus wrote the first records of a segment. One without records is nobody's.
  func owns(_ segment: Int, _ bytes: ByteSlice) -> Bool {
    let count = min(bytes.count, Self.firstBytes)
    if (0..<count).allSatisfy({ bytes[$0] == 0 }) { return true }
    return lines.withLock { lines in
      lines.contains { line in
        line.segment == segment && line.count <= bytes.count
          && CRC32C.of(bytes.span.extracting(0..<line.count)) == line.crc
      }
    }
  }

  /// Enters segments that hold records now. What fails costs a replay, no more.
  func note(_ segments: ClosedRange<Int>) {
    guard !isDisabled.load(ordering: .relaxed) else { return }
    for segment in segments {
      guard let bytes = try? files.map(WALSegments.path(logDirectory, segment)) else { continue }
      guard bytes.count >= WALPage.headerBytes, bytes[0] != 0 else { continue }
      // What stands behind the first fragment may not be there yet.
      let fragmentBytes = WALPage.headerBytes + (Int(bytes[1]) << 8 | Int(bytes[2]))
      let first = bytes[0..<min(bytes.count, fragmentBytes, Self.firstBytes)]
      let line = Line(segment: segment, count: first.count, crc: CRC32C.of(first.span))
      lines.withLock { lines in
        lines.append(line)
        try? append(line.text)
      }
    }
  }

  private func append(_ text: String) throws(PosixError) {
    if !files.exists(path) {
      try files.makeDirectory(directory)
      try files.create(path, .written).close()
    }
    let file = try files.append(to: path)
    try file.append(text.utf8.span)
    try file.close()
  }

  /// Forgets the segments before one; the image that is there begins at that.
  func forget(before segment: Int) {
    lines.withLock { lines in
      guard lines.contains(where: { $0.segment < segment }) else { return }
      lines.removeAll { $0.segment < segment }
      try? files.replace(path, Array(lines.map(\.text).joined().utf8))
    }
  }

  /// Forgets all: there is no image to which they belong.
  func clear() { forget(before: .max) }

  /// Forgets all, and enters nothing any more: an image that must not be taken cannot be removed.
  func disable() {
    clear()
    isDisabled.store(true, ordering: .relaxed)
  }
}
