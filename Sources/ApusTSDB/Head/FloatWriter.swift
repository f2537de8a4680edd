internal import ApusModel
internal import ApusTelemetry

/// Puts admitted floats into the open chunks of their series; what the loop needs at hand.
///
/// Several threads may write at a time while nobody else uses the head, each with a writer and
/// slots of its own, and none two of them to the same series.
struct FloatWriter: ~Copyable {
  private let head: Head
  private let states: SharedColumn<SeriesState>.Elements
  private let slots: SlotArena
  private let samplesTarget: Int
  /// Series that have filled a chunk, once for each.
  private(set) var full: [UInt32] = []

  /// How many samples ahead of its use memory is asked for: what is far away takes as long as
  /// putting away some of them.
  static let stateLead = 24
  static let chunkLead = 12

  /// - Parameter slots: of the head, or a branch.
  init(_ head: Head, _ slots: SlotArena) {
    self.head = head
    self.slots = slots
    samplesTarget = head.options.samplesPerChunk
    states = head.columns.states.elements
  }

  /// What `full` holds, which is empty afterwards.
  mutating func takeFull() -> [UInt32] {
    var taken: [UInt32] = []
    swap(&taken, &full)
    return taken
  }

  /// Asks for the state of a series.
  @inline(__always)
  func fetchState(_ slot: UInt32) { states.prefetch(slot) }

  /// Asks for the end of the open chunk of a series, whose state is there by now.
  @inline(__always)
  func fetchChunk(_ slot: UInt32) {
    slots.arena.prefetch(
      at: SlotArena.offset(states[slot].chunkAddress) &+ Int(states[slot].bitCount) &>> 3)
  }

  /// Under both locks, or while nobody else uses the series.
  @inline(__always)
  mutating func append(_ slot: UInt32, time: Int64, bits: UInt64) {
    if !states[slot].flags.isDisjoint(with: .unusual) || bits == StaleMarker.bits {
      head.changeKind(slot, bits: bits)
    }
    let isDue = states.update(slot) { state in
      if ChunkCut.isDue(&state, time: time, samplesTarget: samplesTarget) { return true }
      OpenChunk.append(&state, time: time, bits: bits, in: slots)
      return false
    }
    if isDue { beginChunk(slot, time: time, bits: bits) }
  }

  /// Begins the next chunk of a series with a sample.
  @inline(never)
  private mutating func beginChunk(_ slot: UInt32, time: Int64, bits: UInt64) {
    let nextAt = ChunkCut.chunkEnd(time, head.options.chunkRangeMs)
    let hasFilled = states.update(slot) { state in
      let hasFilled = OpenChunk.finish(&state, in: slots)
      OpenChunk.begin(&state, time: time, bits: bits, nextAt: nextAt, in: slots)
      return hasFilled
    }
    if hasFilled { full.append(slot) }
    head.metrics.chunksCreated.increment()
  }
}

extension Head {
  /// Keeps the flags of a series right: stale or not, floats or histograms.
  @inline(never)
  fileprivate func changeKind(_ slot: UInt32, bits: UInt64) {
    if columns.states[slot].flags.contains(.histogram) {
      closeHistogramChunk(slot)
      columns.states[slot].flags.remove(.histogram)
    }
    setStale(slot, bits == StaleMarker.bits)
  }

  /// Moves the open chunk of floats, if there is one, to the list of full ones.
  func closeChunk(_ slot: UInt32) {
    if OpenChunk.finish(&columns.states[slot], in: columns.slots) { fullSlots.append(slot) }
  }
}

extension OpenChunk {
  /// Moves the open chunk, if there is one, to the list of full ones; false if there is none.
  fileprivate static func finish(_ s: inout SeriesState, in slots: SlotArena) -> Bool {
    guard s.hasOpenChunk else { return false }
    seal(s, in: slots)
    let entry = ChunkEntry(
      minTime: s.chunkStart,
      location: ChunkEntry.inMemory(s.chunkAddress, byteCount: byteCount(s)),
      durationMs: UInt32(truncatingIfNeeded: s.lastTime - s.chunkStart),
      sampleCount: s.sampleCount, encoding: ChunkCode.xor, sizeClass: s.chunkClass)
    ChunkList.append(entry, to: &s, in: slots)
    s.chunkAddress = 0
    s.sampleCount = 0
    s.bitCount = 0
    return true
  }
}
