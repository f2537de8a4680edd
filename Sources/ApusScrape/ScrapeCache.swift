internal import ApusModel
internal import ApusStorage
internal import ApusSystem

/// The last good body of one target with the ref of each line's series, so that a known series
/// costs a comparison of bytes and no label work.
///
/// Targets answer with the same lines in the same order nearly always. Line n of a new body is
/// therefore compared with line n of the previous one; only where they differ the series is looked
/// up by its text, and reading goes on from the place where it was found.
struct ScrapeCache {
  /// A line of `body`.
  struct Line {
    /// Where it begins.
    var start: UInt32
    /// Bytes to compare: name and labels of a sample, or all of a `#` line with its line end.
    var length: UInt32
    /// The series in `series`, or one of the negative codes below.
    var slot: Int32

    static let comment: Int32 = -1
    static func help(_ number: Int32) -> Int32 { -2 - 2 * number }
    static func type(_ number: Int32) -> Int32 { -3 - 2 * number }

    /// For help and type lines: the number of the metric family.
    var family: Int { Int((-2 - slot) / 2) }
    var isType: Bool { slot < Line.comment && (slot & 1) != 0 }

    var range: Range<Int> { Int(start)..<(Int(start) + Int(length)) }
  }

  private(set) var body: [UInt8] = []
  private(set) var lines: [Line] = []
  /// In place of `lines`, where the body is protobuf.
  private(set) var protobuf = ProtobufLines()
  var classic = ClassicSlots()
  var series = SeriesSlots()
  var metadata = MetadataTable()
  /// Counts scrapes, good and bad, from 1.
  private(set) var iteration: UInt32 = 0
  /// The scrape that said which series are alive: those with this number in `liveAt`.
  private(set) var liveIteration: UInt32 = 0

  mutating func beginScrape() { iteration += 1 }

  /// Makes a body that was read the one to compare the next with.
  mutating func replace(body: [UInt8], lines: [Line], protobuf: ProtobufLines) {
    self.body = body
    self.lines = lines
    self.protobuf = protobuf
    liveIteration = iteration
    series.freeUnseen(at: iteration)
    classic.forget { series[$0].state == .free }
    metadata.forgetOld(at: iteration)
  }

  /// After a scrape that brought nothing no series is alive; all stay known.
  mutating func endAll() { liveIteration = iteration }

  /// The refs of the series that were alive after the previous scrape and are not now: those that
  /// were not seen, or all.
  func staleRefs(all: Bool) -> [SeriesRef] {
    guard liveIteration > 0 else { return [] }
    var refs: [SeriesRef] = []
    for slot in series.slots
    where slot.liveAt == liveIteration && slot.state.isStored
      && (all || slot.trackedAt != iteration)
    {
      refs.append(slot.ref)
    }
    return refs
  }

  /// The series alive now.
  var liveRefs: Set<SeriesRef> {
    guard liveIteration > 0 else { return [] }
    return Set(
      series.slots.filter { $0.liveAt == liveIteration && $0.state.isStored }.map(\.ref))
  }
}

/// The series of one target, by slot.
struct SeriesSlots {
  enum State: UInt8 {
    case free
    case stored
    /// Relabelling drops it.
    case dropped
    /// Becomes part of a native histogram, and is not stored itself.
    case part
    /// Becomes part of a native histogram, and is stored too.
    case storedPart

    var isStored: Bool { self == .stored || self == .storedPart }
    var isPart: Bool { rawValue >= State.part.rawValue }
  }

  /// All that a sample of a known series looks at, in one place.
  struct Slot {
    var ref = SeriesRef.none
    /// The scrape in which the series was met last, even if that scrape failed afterwards.
    var seenAt: UInt32 = 0
    /// The same, where its absence would be marked stale.
    var trackedAt: UInt32 = 0
    /// The good scrape in which it was tracked last.
    var liveAt: UInt32 = 0
    var state: State
  }

  var slots: [Slot] = []
  private var free: [Int32] = []

  var count: Int { slots.count - free.count }

  subscript(slot: Int32) -> Slot {
    get { slots[Int(slot)] }
    set { slots[Int(slot)] = newValue }
  }

  mutating func add(_ state: State) -> Int32 {
    if let slot = free.popLast() {
      slots[Int(slot)] = Slot(state: state)
      return slot
    }
    slots.append(Slot(state: state))
    return Int32(slots.count - 1)
  }

  mutating func remove(_ slot: Int32) {
    slots[Int(slot)] = Slot(state: .free)
    free.append(slot)
  }

  /// Takes the tracked series for alive and forgets those that were not met.
  mutating func freeUnseen(at iteration: UInt32) {
    for i in slots.indices where slots[i].state != .free {
      if slots[i].trackedAt == iteration {
        slots[i].liveAt = iteration
      } else if slots[i].seenAt != iteration {
        remove(Int32(i))
      }
    }
  }
}

/// Which series of a target are parts of classic histograms that become native ones.
struct ClassicSlots {
  private var parts: [Int32: ClassicPart] = [:]
  /// By the exposed labels of the histogram.
  private var histograms: [Labels: Int32] = [:]

  subscript(slot: Int32) -> ClassicPart? { parts[slot] }

  func histogram(_ exposed: Labels) -> Int32? { histograms[exposed] }

  mutating func setPart(_ slot: Int32, _ part: ClassicPart) { parts[slot] = part }

  mutating func setHistogram(_ exposed: Labels, _ slot: Int32) { histograms[exposed] = slot }

  /// Forgets the slots that are free again.
  mutating func forget(_ isFree: (Int32) -> Bool) {
    guard !parts.isEmpty || !histograms.isEmpty else { return }
    parts = parts.filter { !isFree($0.key) && !isFree($0.value.histogram) }
    histograms = histograms.filter { !isFree($0.value) }
  }
}
