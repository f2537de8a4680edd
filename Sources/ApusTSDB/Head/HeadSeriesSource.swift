internal import ApusModel
internal import ApusStorage
internal import ApusSystem
internal import Synchronization

/// The series of the head with their chunks in a range of time, as a block is written from them.
/// A picture of one moment: appends go on meanwhile.
final class HeadSeriesSource: SeriesSource {
  private let selection: HeadSelection
  /// Both ends included.
  private let range: TimeRange
  private let part: HeadPart
  private var index = 0
  /// Number in the symbol list by symbol id of the head.
  private var numbers: [UInt32] = []

  /// - Parameter range: both ends included; chunks that reach over them are given whole.
  convenience init(_ head: Head, in range: TimeRange, part: HeadPart) throws(StorageError) {
    let selection = try head.select([], in: range, isSorted: true, limit: 0, part: part)
    self.init(selection, in: range, part: part)
  }

  /// - Parameter selection: the series to give, in label order; others may be among them.
  init(_ selection: HeadSelection, in range: TimeRange, part: HeadPart) {
    self.selection = selection
    self.range = range
    self.part = part
  }

  var isEmpty: Bool { selection.states.isEmpty }

  func symbols() throws(StorageError) -> SymbolList {
    let labels = selection.head.columns.labels
    let texts = selection.head.columns.symbols
    var used = Set<UInt32>()
    for state in selection.states {
      for i in 0..<labels.count(state.labelsAddress) {
        used.insert(labels.name(i, of: state.labelsAddress))
        used.insert(labels.value(i, of: state.labelsAddress))
      }
    }
    let sorted = used.sorted { compareBytes(texts.text($0), texts.text($1)) < 0 }
    numbers = [UInt32](repeating: .max, count: Int(used.max() ?? 0) + 1)
    var list = SymbolList()
    for (number, id) in sorted.enumerated() {
      numbers[Int(id)] = UInt32(number)
      list.append(texts.text(id))
    }
    return list
  }

  func next(_ series: inout SourceSeries) throws(StorageError) -> Bool {
    precondition(selection.states.isEmpty || !numbers.isEmpty, "ask for the symbols first")
    while index < selection.states.count {
      series.removeAll()
      let state = selection.states[index]
      index += 1
      try fill(&series, state)
      if !series.chunks.isEmpty { return true }
    }
    series.removeAll()
    return false
  }

  private func fill(
    _ series: inout SourceSeries, _ state: SeriesState
  ) throws(StorageError) {
    let labels = selection.head.columns.labels
    for i in 0..<labels.count(state.labelsAddress) {
      series.labels.append(numbers[Int(labels.name(i, of: state.labelsAddress))])
      series.labels.append(numbers[Int(labels.value(i, of: state.labelsAddress))])
    }
    if part != .lateChunks {
      try selection.chunks(of: state, in: range, into: &series.chunks)
      if let deleted = selection.tombstones[state.ordinal] { series.delete(deleted) }
    }
    // Behind those in order, which win where both have a time.
    if let late = selection.late[state.ordinal] {
      try selection.chunks(of: late, state, in: range, into: &series.chunks)
      if part == .all {
        late.encodeOpen { encoding, range, bytes in
          series.chunks.append(
            encoding: encoding.rawValue, minTimeMs: range.minMs, maxTimeMs: range.maxMs, bytes)
        }
      }
    }
  }
}

extension HeadSelection {
  /// Full chunks of late samples that overlap a range.
  fileprivate func chunks(
    of late: OutOfOrderSeries, _ state: SeriesState, in range: TimeRange,
    into chunks: inout SeriesChunks
  ) throws(StorageError) {
    for chunk in late.chunks where chunk.range.overlaps(range) {
      let bytes = try onDisk(chunk.ref.number, state)
      chunks.append(
        encoding: chunk.encoding.rawValue, minTimeMs: chunk.range.minMs,
        maxTimeMs: chunk.range.maxMs, bytes.span)
    }
  }

  /// Encoded chunks of a series that overlap a range, the open one closed as it is.
  func chunks(
    of state: SeriesState, in range: TimeRange, into chunks: inout SeriesChunks
  ) throws(StorageError) {
    let slots = head.columns.slots
    for index in 0..<Int(state.listCount) {
      let entry = ChunkList.entry(index, of: state.listAddress, in: slots)
      guard entry.maxTime >= range.minMs, entry.minTime <= range.maxMs else { continue }
      if entry.isInMemory {
        let start = SlotArena.offset(entry.address)
        chunks.append(
          encoding: entry.encoding, minTimeMs: entry.minTime, maxTimeMs: entry.maxTime,
          slots.arena.bytes(start..<(start + entry.byteCount)))
      } else {
        let bytes = try onDisk(entry.location, state)
        chunks.append(
          encoding: entry.encoding, minTimeMs: entry.minTime, maxTimeMs: entry.maxTime,
          bytes.span)
      }
    }
    if let open = histograms[state.ordinal] {
      HistogramSeries.encode(open.run) { encoding, minTime, maxTime, _, bytes in
        guard minTime <= range.maxMs, maxTime >= range.minMs else { return }
        chunks.append(
          encoding: encoding.rawValue, minTimeMs: minTime, maxTimeMs: maxTime, bytes)
      }
    }
    if state.hasOpenChunk, state.chunkStart <= range.maxMs, state.lastTime >= range.minMs {
      let start = SlotArena.offset(state.chunkAddress)
      let open = slots.arena.bytes(start..<(start + OpenChunk.byteCount(state)))
      var bytes = [UInt8](capacity: open.count) { output in
        for i in open.indices { output.append(open[i]) }
      }
      bytes[0] = UInt8(truncatingIfNeeded: state.sampleCount >> 8)
      bytes[1] = UInt8(truncatingIfNeeded: state.sampleCount)
      OpenChunk.clearTail(&bytes, bitCount: Int(state.bitCount))
      chunks.append(
        encoding: ChunkEncoding.xor.rawValue, minTimeMs: state.chunkStart,
        maxTimeMs: state.lastTime, bytes.span)
    }
  }
}
