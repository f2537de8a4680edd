internal import ApusSystem
internal import Synchronization

// <data>/apus_head/segments, and .../late_segments for wbl/: lines of two kinds, each for a segment
//
//   00000012 64 1a2b3c4d\n       Apus began it: number of its first bytes, their CRC-32C in hex
//   00000012 = 1048576\n         it is over: bytes that it had
//
// A line is appended after the first records of the segment, or of the one behind it, and never
// synced: a line that is lost costs a replay, or a warning.

/// Tells which segments of a log Apus wrote: an image holds only for what Apus logs behind it.
/// Another program that used the directory meanwhile, such as Prometheus, may have given series
/// other refs than the image knows.
///
/// And how long they were: one that was cut or emptied reads like one in which less was logged.
final class SegmentLedger: Sendable {
  private struct Line: Equatable {
    var segment: Int
    var count: Int
    var crc: UInt32

    var text: String {
      "\(WALSegments.name(segment)) \(count) \(String(crc, radix: 16))\n"
    }
  }

  private struct State {
    var lines: [Line] = []
    /// Bytes of segments that are over, by number.
    var sizes: [Int: Int] = [:]

    var text: String {
      sizes.sorted { $0.key < $1.key }.map { SegmentLedger.sizeText($0.key, $0.value) }.joined()
        + lines.map(\.text).joined()
    }
  }

  static let fileName = "segments"
  /// Of the out-of-order log.
  static let lateFileName = "late_segments"
  /// Bytes at the beginning of a segment that tell it from others.
  private static let firstBytes = 64

  private let files: any FileSystem
  private let directory: String
  private let logDirectory: String
  private let path: String
  private let state: Mutex<State>
  private let isDisabled = Atomic<Bool>(false)

  /// Reads what is there; lines that make no sense are left out.
  init(
    files: any FileSystem, directory: String, logDirectory: String,
    fileName: String = SegmentLedger.fileName
  ) {
    self.files = files
    self.directory = directory
    self.logDirectory = logDirectory
    path = FilePath.join(directory, fileName)
    state = Mutex(Self.parse((try? files.readText(path)) ?? ""))
  }

  private static func parse(_ text: String) -> State {
    var state = State()
    for line in text.split(separator: "\n") {
      let parts = line.split(separator: " ")
      guard parts.count == 3, let segment = WALSegments.number(of: String(parts[0])) else {
        continue
      }
      if parts[1] == "=" {
        if let bytes = Int(parts[2]), bytes > 0 { state.sizes[segment] = bytes }
      } else if let count = Int(parts[1]), count > 0, let crc = UInt32(parts[2], radix: 16) {
        state.lines.append(Line(segment: segment, count: count, crc: crc))
      }
    }
    return state
  }

  private static func sizeText(_ segment: Int, _ bytes: Int) -> String {
    "\(WALSegments.name(segment)) = \(bytes)\n"
  }

  /// Whether Apus wrote the first records of a segment. One without records is nobody's.
  func owns(_ segment: Int, _ bytes: ByteSlice) -> Bool {
    let count = min(bytes.count, Self.firstBytes)
    if (0..<count).allSatisfy({ bytes[$0] == 0 }) { return true }
    return state.withLock { state in
      state.lines.contains { line in
        line.segment == segment && line.count <= bytes.count
          && CRC32C.of(bytes.span.extracting(0..<line.count)) == line.crc
      }
    }
  }

  /// Enters segments that hold records now, and how long the ones before the last are. What fails
  /// costs a replay, no more.
  func note(_ segments: ClosedRange<Int>) {
    guard !isDisabled.load(ordering: .relaxed) else { return }
    for segment in segments {
      if segment > 0 { noteSize(of: segment - 1) }
      guard let bytes = try? files.map(WALSegments.path(logDirectory, segment)) else { continue }
      guard bytes.count >= WALPage.headerBytes, bytes[0] != 0 else { continue }
      // What stands behind the first fragment may not be there yet.
      let fragmentBytes = WALPage.headerBytes + (Int(bytes[1]) << 8 | Int(bytes[2]))
      let first = bytes[0..<min(bytes.count, fragmentBytes, Self.firstBytes)]
      let line = Line(segment: segment, count: first.count, crc: CRC32C.of(first.span))
      state.withLock { state in
        state.lines.append(line)
        try? append(line.text)
      }
    }
  }

  private func noteSize(of segment: Int) {
    guard let bytes = sizeBytes(of: segment), bytes > 0 else { return }
    state.withLock { state in
      guard state.sizes[segment] == nil else { return }
      state.sizes[segment] = bytes
      try? append(Self.sizeText(segment, bytes))
    }
  }

  private func sizeBytes(of segment: Int) -> Int? {
    (try? files.status(WALSegments.path(logDirectory, segment)))??.sizeBytes
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

  /// Forgets who began the segments before one; the image that is there begins at that.
  func forget(before segment: Int) {
    change { state in state.lines.removeAll { $0.segment < segment } }
  }

  /// Forgets all: there is no image to which they belong, and what is lost of them is lost.
  func clear() { change { state in state = State() } }

  /// Forgets all, and enters nothing any more: an image that must not be taken cannot be removed.
  func disable() {
    clear()
    isDisabled.store(true, ordering: .relaxed)
  }

  private func change(_ body: (inout State) -> Void) {
    state.withLock { state in
      let before = state.text
      body(&state)
      let text = state.text
      if text != before { try? files.replace(path, Array(text.utf8)) }
    }
  }
}

extension SegmentLedger {
  /// A segment that is shorter than it was.
  struct Loss: Equatable {
    let segment: Int
    /// Bytes that it had, or more.
    let hadBytes: Int
    /// Bytes that it has; nil where it is gone.
    let bytes: Int?
  }

  /// The segments behind one that lost something, ascending.
  /// - Parameter segment: those up to this one may be gone; -1 for none.
  func losses(behind segment: Int) -> [Loss] {
    let had = state.withLock { state in
      state.lines.reduce(into: state.sizes) { sizes, line in
        sizes[line.segment] = max(sizes[line.segment] ?? 0, line.count)
      }
    }
    return had.filter { $0.key > segment }.sorted { $0.key < $1.key }.compactMap { number, had in
      let now = sizeBytes(of: number)
      return now ?? 0 < had ? Loss(segment: number, hadBytes: had, bytes: now) : nil
    }
  }

  /// Enters how long the segments are that a start found, and forgets those that are gone.
  /// - Parameter segments: all but the one that is written from now on.
  func enter(found segments: [Int]) {
    guard !isDisabled.load(ordering: .relaxed) else { return }
    let known = Set(segments)
    change { state in
      state.sizes = state.sizes.filter { known.contains($0.key) }
      state.lines.removeAll { !known.contains($0.segment) }
    }
    // What was lost once stays known: a checkpoint must not be made of the rest.
    for segment in segments { noteSize(of: segment) }
  }

  /// Enters how long the segment is that was written last; it is closed.
  func enter(last segment: Int) {
    if !isDisabled.load(ordering: .relaxed) { noteSize(of: segment) }
  }

  /// Enters that a segment had so many bytes, or more; not for the next start.
  func expect(_ segment: Int, bytes: Int) {
    guard bytes > 0 else { return }
    state.withLock { state in
      state.sizes[segment] = max(state.sizes[segment] ?? 0, bytes)
    }
  }
}
