/// What is not in use of an arena, in units of `SlotArena.unitBytes`.
struct FreeRanges: Equatable, Sendable {
  /// Ascending, none of them empty, none next to another.
  private(set) var ranges: [Range<UInt32>] = []

  /// Bytes of a page, which is written or left out as a whole.
  private static let pageBytes = 4096
  /// Fewer bytes than that between two runs are written with them.
  private static let gapBytesMin = 16 * pageBytes

  init() {}

  /// Gathers what was freed piece by piece.
  /// - Parameter end: of all that was ever in use, in units.
  init(until end: UInt32, _ mark: (inout UnitMap) -> Void) {
    var map = UnitMap(end)
    mark(&map)
    ranges = map.ranges
  }

  /// Ranges as they were written down; nil if they are none.
  init?(_ ranges: [Range<UInt32>], end: UInt32) {
    var last: UInt32 = 0
    for range in ranges {
      guard range.lowerBound > last, range.upperBound <= end, !range.isEmpty else { return nil }
      last = range.upperBound
    }
    self.ranges = ranges
  }

  /// The bytes in between that are worth writing: whole pages that are free are left out.
  /// - Parameter end: of the arena, bytes.
  func runs(until end: Int) -> [Range<Int>] {
    var runs: [Range<Int>] = []
    var start = SlotArena.unitBytes
    for pages in ranges.map(Self.pages) where Self.isGap(pages) {
      if pages.lowerBound > start { runs.append(start..<pages.lowerBound) }
      start = pages.upperBound
    }
    if end > start { runs.append(start..<end) }
    return runs
  }

  /// Whether free pages are left out.
  static func isGap(_ pages: Range<Int>) -> Bool { pages.count >= gapBytesMin }

  /// The whole pages inside of a range.
  static func pages(_ range: Range<UInt32>) -> Range<Int> {
    let start = Int(range.lowerBound) * SlotArena.unitBytes
    let end = Int(range.upperBound) * SlotArena.unitBytes
    let first = (start + pageBytes - 1) / pageBytes * pageBytes
    return first..<max(first, end / pageBytes * pageBytes)
  }
}

/// A bit for each unit of an arena.
struct UnitMap {
  private var words: [UInt64]
  private let end: UInt32

  init(_ end: UInt32) {
    self.end = end
    words = [UInt64](repeating: 0, count: Int(end) / 64 + 1)
  }

  /// Sets the bits of units; those behind the end are left out.
  mutating func mark(_ start: UInt32, count: Int) {
    var at = Int(start)
    let last = min(at + count, Int(end))
    while at < last {
      let inWord = min(64 - at & 63, last - at)
      words[at / 64] |= (.max &>> UInt64(64 - inWord)) &<< UInt64(at & 63)
      at += inWord
    }
  }

  /// Runs of bits that are set.
  var ranges: [Range<UInt32>] {
    var ranges: [Range<UInt32>] = []
    var at = next(from: 0, isSet: true)
    while at < Int(end) {
      let stop = next(from: at, isSet: false)
      ranges.append(UInt32(at)..<UInt32(stop))
      at = next(from: stop, isSet: true)
    }
    return ranges
  }

  /// The first unit from one on that is set, or not; the end if there is none.
  private func next(from start: Int, isSet: Bool) -> Int {
    var at = start
    while at < Int(end) {
      let word = (isSet ? words[at / 64] : ~words[at / 64]) &>> UInt64(at & 63)
      if word != 0 { return min(at + word.trailingZeroBitCount, Int(end)) }
      at = (at / 64 + 1) * 64
    }
    return Int(end)
  }
}
