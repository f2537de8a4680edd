internal import ApusModel

/// A row of samples on its way into the head.
struct ReplayPiece: Sendable {
  let batch: ReplayBatch
  let range: Range<Int>
  /// Ref of ordinal 0, and the end of the ordinals of all series that were logged before it.
  let baseRef: UInt64
  let ordinalEnd: UInt32
  /// What is older stands in blocks.
  let floor: Int64
}

/// Which series a thread puts samples of: neighbours together, so that two threads seldom write to
/// one page.
struct ReplayPart: Sendable {
  private let mask: UInt64
  private let number: UInt64

  static let all = ReplayPart(mask: 0, number: 0)
  static let first = ReplayPart(mask: 1, number: 0)
  static let second = ReplayPart(mask: 1, number: 1)

  @inline(__always)
  func holds(_ ordinal: UInt64) -> Bool { (ordinal &>> 6) & mask == number }
}

/// Refs whose series has another one.
struct OtherRefs: Sendable {
  private(set) var refs: [UInt64: UInt64] = [:]
  /// The largest of them; most logs have none.
  private var most: UInt64 = 0

  var isEmpty: Bool { refs.isEmpty }

  @inline(__always)
  subscript(ref: UInt64) -> UInt64 { ref <= most ? (refs[ref] ?? ref) : ref }

  /// - Parameter known: nil where a series has just this ref, whatever another had before.
  mutating func note(_ ref: UInt64, _ known: UInt64?) {
    guard known != nil || !refs.isEmpty else { return }
    refs[ref] = known
    if known != nil { most = max(most, ref) }
  }
}

/// One thread's way of putting samples of the log into the head, and what it has put there.
struct ReplayShare: ~Copyable {
  private let head: Head
  private let columns: SeriesColumns
  private let slots: SlotArena
  private var writer: FloatWriter
  /// Whether other threads use the head.
  private let isBranch: Bool
  /// Samples of a piece that are to be put: slot << 32 | index.
  private var picked: [UInt64] = []
  private var tally = ReplayTally()

  /// - Parameter branch: memory for a thread that is not the one which makes the series.
  init(_ head: Head, branch: SlotArena? = nil) {
    self.head = head
    columns = head.columns
    slots = branch ?? head.columns.slots
    writer = FloatWriter(head, slots)
    isBranch = branch != nil
  }

  /// What was done since the last call.
  mutating func takeTally() -> ReplayTally {
    var taken = ReplayTally()
    swap(&taken, &tally)
    taken.full = writer.takeFull()
    return taken
  }

  /// Puts those samples of a piece that belong to a part.
  mutating func add(
    _ piece: ReplayPiece, _ part: ReplayPart, _ otherRefs: borrowing OtherRefs = OtherRefs()
  ) {
    // Taken out for the time of the loops, so that the array has one owner.
    var picked = self.picked
    self.picked = []
    if picked.count < piece.range.count {
      picked = [UInt64](repeating: 0, count: piece.range.count)
    }
    let count = pick(piece, part, otherRefs, &picked)
    put(piece.batch.samples, picked, count)
    self.picked = picked
  }

  /// Finds the series of the samples.
  /// - Returns: how many there are to be put.
  private mutating func pick(
    _ piece: ReplayPiece, _ part: ReplayPart, _ otherRefs: borrowing OtherRefs,
    _ picked: inout [UInt64]
  ) -> Int {
    let samples = piece.batch.samples
    let (refs, times) = (samples.refs.span, samples.times.span)
    let floor = max(piece.floor, -Limits.sampleTimeMsMax)
    let end = UInt64(piece.ordinalEnd)
    let columns = columns
    var picks = picked.mutableSpan
    var count = 0
    for i in piece.range where times[i] >= floor && times[i] <= Limits.sampleTimeMsMax {
      let ordinal = otherRefs[refs[i]] &- piece.baseRef
      guard part.holds(ordinal) else { continue }
      guard ordinal < end,
        let slot = columns.slot(ofOrdinal: UInt32(truncatingIfNeeded: ordinal))
      else {
        tally.unknown += 1
        continue
      }
      picks[count] = UInt64(slot) &<< 32 | UInt64(i)
      count &+= 1
    }
    return count
  }

  private mutating func put(_ samples: SampleRoom, _ picked: [UInt64], _ count: Int) {
    let (times, values) = (samples.times.span, samples.values.span)
    let picks = picked.span
    let states = columns.states
    var minTime = Int64.max
    var maxTime = Int64.min
    var added = 0
    for p in 0..<count {
      if p &+ FloatWriter.stateLead < count {
        writer.fetchState(Self.slot(picks[p &+ FloatWriter.stateLead]))
        writer.fetchChunk(Self.slot(picks[p &+ FloatWriter.chunkLead]))
      }
      let slot = Self.slot(picks[p])
      let i = Int(picks[p] & 0xFFFF_FFFF)
      let time = times[i]
      // What head chunks hold already is older than, or as old as, the newest sample.
      let lastTime = states[slot].lastTime
      if time <= lastTime && lastTime != .min, head.isHeld(slot, time, in: slots) { continue }
      if isBranch, states[slot].flags.contains(.histogram) {
        tally.deferred.append((slot, time, values[i].bitPattern))
        continue
      }
      writer.append(slot, time: time, bits: values[i].bitPattern)
      added &+= 1
      minTime = min(minTime, time)
      maxTime = max(maxTime, time)
    }
    tally.note(added, minTime, maxTime)
  }

  @inline(__always)
  private static func slot(_ pick: UInt64) -> UInt32 { UInt32(truncatingIfNeeded: pick &>> 32) }

  /// Puts a sample that another thread could not.
  mutating func add(_ slot: UInt32, time: Int64, bits: UInt64) {
    let lastTime = columns.states[slot].lastTime
    if time <= lastTime && lastTime != .min, head.isHeld(slot, time, in: slots) { return }
    writer.append(slot, time: time, bits: bits)
    tally.note(1, time, time)
  }
}

/// What became of samples of the log.
struct ReplayTally {
  var added = 0
  /// Samples without a series.
  var unknown = 0
  var minTime = Int64.max
  var maxTime = Int64.min
  /// Series that have filled a chunk, once for each.
  var full: [UInt32] = []
  /// Floats of series that hold histograms as yet, which this thread must not touch.
  var deferred: [(slot: UInt32, time: Int64, bits: UInt64)] = []

  mutating func note(_ count: Int, _ minTime: Int64, _ maxTime: Int64) {
    added += count
    self.minTime = min(self.minTime, minTime)
    self.maxTime = max(self.maxTime, maxTime)
  }
}
