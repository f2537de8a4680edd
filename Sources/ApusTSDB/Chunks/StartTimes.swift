// Start times in a chunk that can have them: a header byte, and bits behind each sample.
//
//   header: | first known 1 | index of the sample from which on there are changes 7, 0 is never |
//   sample 0, if known:    t - start varint, in groups of eight bits
//   sample index:          t before - start varbit int
//   every one behind it:   change of (t before - start) varbit int
//
// Source: Prometheus, tsdb/chunkenc/st.go, xor2.go.

/// Reads the start times of a chunk.
struct StartTimesReader {
  private let isFirstKnown: Bool
  private let changesFrom: Int
  private var distance: Int64 = 0
  /// Of the sample read last, ms since the epoch; 0 where unknown.
  private(set) var start: Int64 = 0

  init(header: UInt8) {
    isFirstKnown = header & StartTimesWriter.firstKnown != 0
    changesFrom = Int(header & StartTimesWriter.indexMask)
  }

  /// Whether any sample may have a start time.
  var isPresent: Bool { isFirstKnown || changesFrom > 0 }

  /// Reads what stands behind sample `index`, counted from 0.
  /// - Parameters:
  ///   - time: of the sample, ms.
  ///   - timeBefore: of the one before, ms.
  @_lifetime(reader: copy reader)
  mutating func next(
    _ reader: inout BitReader, index: Int, time: Int64, timeBefore: Int64
  ) throws(ChunkError) {
    if index == 0 {
      guard isFirstKnown else { return }
      start = time &- (try reader.varint())
      return
    }
    guard changesFrom > 0, index >= changesFrom else { return }
    let number = reader.varbitInt()
    distance = index == changesFrom ? number : distance &+ number
    start = timeBefore &- distance
  }
}

/// Writes the start times of a chunk whose samples are all known beforehand.
struct StartTimesWriter {
  static let firstKnown: UInt8 = 0x80
  static let indexMask: UInt8 = 0x7F

  /// The byte that says what is there.
  let header: UInt8
  private let changesFrom: Int
  private var distance: Int64 = 0

  /// - Parameter starts: of all samples, ms; 0 where unknown.
  init(_ starts: ArraySlice<Int64>) {
    let first = starts.first ?? 0
    let change = starts.firstIndex { $0 != first }.map { $0 - starts.startIndex } ?? 0
    // The header holds 127 at most: from there on each sample then says how it differs.
    changesFrom = min(change, Int(Self.indexMask))
    header = (first != 0 ? Self.firstKnown : 0) | UInt8(changesFrom)
  }

  /// Writes what stands behind sample `index`; the mirror image of `StartTimesReader.next`.
  mutating func next(
    _ writer: inout BitWriter, index: Int, time: Int64, timeBefore: Int64, start: Int64
  ) {
    if index == 0 {
      if header & Self.firstKnown != 0 { writer.varint(time &- start) }
      return
    }
    guard changesFrom > 0, index >= changesFrom else { return }
    let now = timeBefore &- start
    writer.varbitInt(index == changesFrom ? now : now &- distance)
    distance = now
  }
}
