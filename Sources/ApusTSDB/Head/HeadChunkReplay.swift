internal import ApusModel
internal import ApusStorage
internal import ApusSystem
internal import ApusTelemetry

/// The chunks that chunks_head holds at start, by ref, waiting for their series.
struct HeadChunkReplay {
  private var entries: [UInt64: [ChunkEntry]] = [:]
  private(set) var count = 0
  private(set) var refMax: UInt64 = 0
  /// Chunks of late samples, for the replay of the out-of-order log.
  private(set) var late: [HeadChunk] = []

  init() {}

  /// Reads the directory. Damage costs only time: the log holds what is lost.
  init(_ head: Head, _ files: HeadChunkFiles, _ log: Log) throws(StorageError) {
    var found: [UInt64: [ChunkEntry]] = [:]
    var count = 0
    var refMax: UInt64 = 0
    var late: [HeadChunk] = []
    let floor = head.clock.floor
    do throws(HeadChunkError) {
      let damage = try files.scan { chunk in
        refMax = max(refMax, chunk.series.number)
        guard !chunk.range.isEmpty, AppendRules.canBeStored(chunk.range.minMs),
          AppendRules.canBeStored(chunk.range.maxMs)
        else { return }
        guard !chunk.isOutOfOrder else { return late.append(chunk) }
        guard chunk.range.maxMs >= floor, let entry = ChunkEntry(chunk) else { return }
        found[chunk.series.number, default: []].append(entry)
        count += 1
      }
      if let damage {
        head.metrics.mmapCorruptions.increment()
        log.warning(
          "Loading on-disk chunks failed; the log replaces them", ["err": "\(damage)"])
      }
    } catch {
      throw StorageError(.system, "\(error)")
    }
    entries = found
    self.count = count
    self.refMax = refMax
    self.late = late
  }

  /// Whether there are chunks of a ref.
  func holds(_ ref: UInt64) -> Bool { !entries.isEmpty && entries[ref] != nil }

  /// Gives a series the chunks of a ref. Where they are not in order of time all of them are
  /// dropped, as the log holds them: it would not be asked for samples older than the newest chunk.
  mutating func attach(_ ref: UInt64, to slot: UInt32, _ head: Head) {
    guard !entries.isEmpty, let chunks = entries.removeValue(forKey: ref) else { return }
    let columns = head.columns
    var last = columns.states[slot].lastTime
    guard !columns.states[slot].hasOpenChunk else { return }
    for chunk in chunks {
      guard chunk.minTime > last || last == .min else { return }
      last = chunk.maxTime
    }
    columns.states[slot].flags.insert(.unproven)
    columns.states[slot].chunkStart = .min
    for chunk in chunks {
      ChunkList.append(chunk, to: &columns.states[slot], in: columns.slots)
      columns.states[slot].lastTime = chunk.maxTime
      head.noteKind(slot, chunk.encoding)
      head.clock.extend(chunk.minTime, chunk.maxTime)
      head.metrics.chunksCreated.increment()
    }
  }
}

extension ChunkEntry {
  /// A chunk of chunks_head; nil if it is longer than the head makes any.
  fileprivate init?(_ chunk: HeadChunk) {
    let (duration, overflow) = chunk.range.maxMs.subtractingReportingOverflow(chunk.range.minMs)
    guard !overflow, let durationMs = UInt32(exactly: duration),
      let sampleCount = UInt16(exactly: chunk.sampleCount)
    else { return nil }
    self.init(
      minTime: chunk.range.minMs, location: chunk.ref.number, durationMs: durationMs,
      sampleCount: sampleCount, encoding: chunk.encoding.rawValue, sizeClass: 0)
  }
}

extension Head {
  /// Whether the chunks of a series hold a sample of the log that is no newer than they are.
  /// - Parameter slots: those of the thread.
  @inline(__always)
  func isHeld(_ slot: UInt32, _ time: Int64, in slots: SlotArena) -> Bool {
    guard columns.states[slot].flags.contains(.unproven), time > columns.states[slot].chunkStart
    else { return true }
    return prove(slot, inLog: time, in: slots)
  }

  /// Whether a chunk of a series holds a sample of the log that is no newer than its chunks are.
  /// If none does, a chunk is lost that chunks_head had: those behind it are dropped, as the log
  /// has to stand for them too.
  @inline(never)
  private func prove(_ slot: UInt32, inLog time: Int64, in slots: SlotArena) -> Bool {
    let state = columns.states[slot]
    let count = Int(state.listCount)
    var index = 0
    var last: ChunkEntry?
    while index < count {
      let entry = ChunkList.entry(index, of: state.listAddress, in: columns.slots)
      if time < entry.minTime { break }
      if time <= entry.maxTime {
        columns.states[slot].chunkStart = entry.maxTime
        if index == count - 1 { columns.states[slot].flags.remove(.unproven) }
        return true
      }
      last = entry
      index += 1
    }
    columns.states[slot].flags.remove(.unproven)
    guard index < count else { return true }
    ChunkList.dropLast(count - index, of: &columns.states[slot], in: slots)
    metrics.chunksRemoved.increment(by: Double(count - index))
    columns.states[slot].lastTime = last?.maxTime ?? .min
    noteKind(slot, last?.encoding ?? ChunkCode.xor)
    return false
  }

  /// Keeps the flag of a series right by the encoding of its newest full chunk.
  fileprivate func noteKind(_ slot: UInt32, _ encoding: UInt8) {
    if ChunkEncoding(rawValue: encoding)?.isHistogram == true {
      columns.states[slot].flags.insert(.histogram)
    } else {
      columns.states[slot].flags.remove(.histogram)
    }
  }

  /// The log has come to its end: what it does not hold is as the chunks say.
  func endProofs() {
    for slot in 0..<UInt32(columns.slotCount) { columns.states[slot].flags.remove(.unproven) }
  }

  /// Finds out the newest value of series that have full chunks only, which the rules for the next
  /// sample need to know.
  func restoreNewestValues() throws(StorageError) {
    let selection = HeadSelection(
      head: self, lease: epochs.enter(), states: [], tombstones: Tombstones(),
      histograms: histograms.snapshot())
    for slot in 0..<UInt32(columns.slotCount) where columns.isLive(slot) {
      let state = columns.states[slot]
      guard state.listCount > 0, !state.hasOpenChunk, !state.flags.contains(.histogram) else {
        continue
      }
      var batch = SampleBatch()
      try selection.read(state, in: TimeRange(state.lastTime, state.lastTime), into: &batch)
      guard let value = batch.values.last else { continue }
      columns.states[slot].lastBits = value.bitPattern
      setStale(slot, StaleMarker.isStale(value))
    }
  }
}
