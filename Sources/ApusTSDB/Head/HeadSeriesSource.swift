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
  private var index = 0
  /// Number in the symbol list by symbol id of the head.
  private var numbers: [UInt32] = []

  /// - Parameter range: both ends included; chunks that reach over them are given whole.
  init(_ head: Head, in range: TimeRange) throws(StorageError) {
    selection = try head.select([], in: range, isSorted: true, limit: 0)
    self.range = range
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
    series.removeAll()
    guard index < selection.states.count else { return false }
    let state = selection.states[index]
    index += 1
    let labels = selection.head.columns.labels
    for i in 0..<labels.count(state.labelsAddress) {
      series.labels.append(numbers[Int(labels.name(i, of: state.labelsAddress))])
      series.labels.append(numbers[Int(labels.value(i, of: state.labelsAddress))])
    }
    try selection.chunks(of: state, in: range, into: &series.chunks)
    if let deleted = selection.tombstones[state.ordinal] { series.delete(deleted) }
    return true
  }
}

extension HeadSelection {
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
        let bytes = try onDisk(entry, state)
        chunks.append(
          encoding: entry.encoding, minTimeMs: entry.minTime, maxTimeMs: entry.maxTime,
          bytes.span)
      }
    }
    if let open = histograms[state.ordinal] {
      HistogramSeries.encode(open) { minTime, maxTime, _, bytes in
        guard minTime <= range.maxMs, maxTime >= range.minMs else { return }
        chunks.append(
          encoding: ChunkEncoding.floatHistogram.rawValue, minTimeMs: minTime, maxTimeMs: maxTime,
          bytes)
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
