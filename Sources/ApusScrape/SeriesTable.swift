internal import ApusSystem

/// Finds a series by its text; only made when lines moved.
///
/// Open addressing over line numbers. A number below `oldCount` is a line of the previous body, the
/// others are lines of the current one.
struct SeriesTable {
  /// Line number + 1; 0 for none.
  private var slots: [UInt32] = []
  private var hashes: [UInt32] = []
  private var count = 0
  private let oldCount: Int

  /// Holds nothing until `fill`.
  init(oldCount: Int) { self.oldCount = oldCount }

  var isFilled: Bool { !slots.isEmpty }

  /// Takes in all series of the previous body.
  mutating func fill(_ lines: [ScrapeCache.Line], _ body: Span<UInt8>) {
    resize(to: max(64, lines.count * 2))
    for i in lines.indices where lines[i].slot >= 0 {
      insert(Self.hash(body, lines[i].range), line: i)
    }
  }

  /// Takes in all series of a previous body, by the hash of each.
  mutating func fill(count: Int, _ hash: (Int) -> UInt32) {
    resize(to: max(64, count * 2))
    for i in 0..<count { insert(hash(i), line: i) }
  }

  enum Place: Equatable {
    case old(Int)
    case current(Int)
  }

  static func hash(_ body: Span<UInt8>, _ range: Range<Int>) -> UInt32 {
    UInt32(truncatingIfNeeded: XXHash64.hash(body.extracting(range)))
  }

  mutating func insertCurrent(_ hash: UInt32, line: Int) { insert(hash, line: oldCount + line) }

  /// The next line with this hash, from `probe` on; whether it is the series looked for is for the
  /// caller to see. Begin with a probe of 0.
  func find(_ hash: UInt32, _ probe: inout Int) -> Place? {
    let mask = slots.count - 1
    while true {
      let i = (Int(hash) + probe) & mask
      guard slots[i] != 0 else { return nil }
      probe += 1
      guard hashes[i] == hash else { continue }
      let line = Int(slots[i]) - 1
      return line < oldCount ? .old(line) : .current(line - oldCount)
    }
  }

  private mutating func insert(_ hash: UInt32, line: Int) {
    if (count + 1) * 4 > slots.count * 3 { grow() }
    let mask = slots.count - 1
    var i = Int(hash) & mask
    while slots[i] != 0 { i = (i + 1) & mask }
    slots[i] = UInt32(line + 1)
    hashes[i] = hash
    count += 1
  }

  private mutating func grow() {
    let old = (slots, hashes)
    resize(to: slots.count * 2)
    for (slot, hash) in zip(old.0, old.1) where slot != 0 { insert(hash, line: Int(slot) - 1) }
  }

  private mutating func resize(to capacity: Int) {
    var size = 64
    while size < capacity { size *= 2 }
    slots = [UInt32](repeating: 0, count: size)
    hashes = [UInt32](repeating: 0, count: size)
    count = 0
  }
}
