internal import ApusModel
internal import ApusSystem
internal import ApusTelemetry

/// An image that was read, checked and understood: `restore` cannot fail any more.
struct HeadImage {
  let summary: HeadImageSummary
  let lists: HeadImageLists
  /// What is not in use of the arena, and what therefore stands in the image.
  let free: FreeRanges
  let runs: [Range<Int>]
  let records: HeadImageRecords
  let seriesTable: OpenTable
  let symbolTable: OpenTable
  let pairTable: OpenTable
  let reader: HeadImageReader

  typealias States = SharedColumn<SeriesState>
  typealias Symbols = SharedColumn<HeadSymbols.Entry>
  typealias Pairs = SharedColumn<MemPostings.Pair>

  init(_ bytes: ByteSlice) throws(HeadImageRejection) {
    let reader = try HeadImageReader(bytes)
    self.reader = reader
    let (summaryBytes, listBytes, recordBytes) = (
      reader[.summary], reader[.lists], reader[.records]
    )
    do throws(ByteReaderError) {
      summary = try HeadImageSummary(summaryBytes.span)
      lists = try HeadImageLists(listBytes.span)
    } catch {
      throw HeadImageRejection("its lists are damaged: \(error)")
    }
    guard
      let free = FreeRanges(
        lists.free, end: UInt32(clamping: summary.arenaEnd / SlotArena.unitBytes))
    else { throw HeadImageRejection("free memory in it leads outside") }
    self.free = free
    runs = free.runs(until: summary.arenaEnd)
    records = try HeadImageRecords(recordBytes.span)
    seriesTable = try Self.table(reader, .seriesTable, limit: .states, of: SeriesState.self)
    symbolTable = try Self.table(reader, .symbolTable, limit: .symbols, of: HeadSymbols.Entry.self)
    pairTable = try Self.table(reader, .pairTable, limit: .pairs, of: MemPostings.Pair.self)
    try validate()
  }

  private static func table<Element>(
    _ reader: HeadImageReader, _ section: HeadImageFormat.Section,
    limit column: HeadImageFormat.Section, of type: Element.Type
  ) throws(HeadImageRejection) -> OpenTable {
    let count = reader[column].count / MemoryLayout<Element>.stride
    guard reader[column].count % MemoryLayout<Element>.stride == 0,
      let limit = UInt32(exactly: count),
      let table = OpenTable(
        slotWords: MachineWords.array(reader[section].span), limit: limit)
    else { throw HeadImageRejection("its sections \(section) and \(column) do not fit together") }
    return table
  }
}

extension HeadImage {
  /// Makes a head that has held nothing yet what the image holds. Nobody else uses it yet.
  func restore(into head: Head) {
    let columns = head.columns
    let sections = (
      states: reader[.states], symbols: reader[.symbols], pairs: reader[.pairs]
    )
    restoreArena(columns.slots)
    columns.symbols.restore(
      sections.symbols.span, symbolTable, freeIDs: lists.freeSymbols,
      textBytes: summary.textBytes)
    columns.labels.restore(shapesAt: lists.shapes)
    columns.postings.restore(
      sections.pairs.span, pairTable, names: lists.names, freePairs: lists.freePairs,
      all: summary.all)
    columns.restore(
      sections.states.span, seriesTable, baseRef: summary.baseRef,
      nextOrdinal: summary.nextOrdinal)
    head.fullSlots = lists.fullSlots
    head.clock.minTime = summary.minTime
    head.clock.maxTime = summary.maxTime
    head.clock.floor = max(head.clock.floor, summary.floor)
    restoreAttachments(head)
    restoreCounts(head)
  }

  private func restoreArena(_ slots: SlotArena) {
    let (bytes, arena) = (reader[.arena], slots.arena)
    var copies: [(source: Int, target: Range<Int>)] = []
    var at = 0
    for run in runs {
      if summary.arenaEnd >= ArenaFrontier.hugeFrom && run.count >= 2 * ArenaFrontier.hugeBytes {
        arena.preferHuge(run)
      }
      for start in stride(from: run.lowerBound, to: run.upperBound, by: Self.copyBytes) {
        let target = start..<min(start + Self.copyBytes, run.upperBound)
        copies.append((at, target))
        at += target.count
      }
    }
    let all = copies
    _ = TwoThreads.allSatisfy(all.count) { i in
      let (source, target) = all[i]
      arena.populate(target, isHuge: false)
      arena.write(
        bytes.span.extracting(source..<(source + target.count)), at: target.lowerBound)
      return true
    }
    slots.restore(end: summary.arenaEnd, usedBytes: summary.arenaUsedBytes, free)
  }

  /// Bytes that a thread copies at a time.
  private static let copyBytes = 1 << 20

  private func restoreAttachments(_ head: Head) {
    func ordinal(_ ref: SeriesRef) -> UInt32? {
      head.columns.slot(ofRef: ref.number).map { head.columns.states[$0].ordinal }
    }
    for entry in records.tombstones {
      if let ordinal = ordinal(entry.ref) { head.tombstones.add(entry.range, to: ordinal) }
    }
    for entry in records.exemplars {
      guard let ordinal = ordinal(entry.ref) else { continue }
      head.exemplars.add(
        ordinal,
        Exemplar(labels: entry.labels, value: entry.value, timeMs: entry.timeMs))
    }
    for entry in records.metadata {
      if let ordinal = ordinal(entry.ref) { _ = head.metadata.set(ordinal, entry.metadata) }
    }
    for (ordinal, open) in records.openHistograms(baseRef: summary.baseRef) {
      head.histograms[ordinal] = open
    }
  }

  /// Brings metrics up to date, and zeros back behind the ends of open chunks where appends went
  /// on while the image was written.
  private func restoreCounts(_ head: Head) {
    let columns = head.columns
    var chunkCount = head.histograms.count
    var staleCount = 0
    for slot in 0..<columns.slotCount {
      // Late samples come back from their own log.
      columns.states[slot].flags.remove(.outOfOrder)
      let state = columns.states[slot]
      if state.isDead { continue }
      chunkCount += Int(state.listCount)
      if state.isStale { staleCount += 1 }
      guard state.hasOpenChunk else { continue }
      chunkCount += 1
      if !summary.isQuiet { OpenChunk.clearBehind(state, in: columns.slots) }
    }
    head.metrics.seriesCreated.increment(by: Double(columns.count))
    head.metrics.chunksCreated.increment(by: Double(chunkCount))
    head.metrics.staleSeries.add(Double(staleCount))
  }
}

extension OpenChunk {
  /// Zeroes all that stands behind the last bit of an open chunk: appends rely on that.
  fileprivate static func clearBehind(_ s: SeriesState, in slots: SlotArena) {
    let base = SlotArena.offset(s.chunkAddress)
    let whole = Int(s.bitCount) / 8
    let bits = UInt8(s.bitCount & 7)
    if bits > 0 {
      let byte: UInt8 = slots.arena.load(at: base + whole)
      slots.arena.store(byte & ~(0xFF >> bits), at: base + whole)
    }
    let clean = whole + (bits > 0 ? 1 : 0)
    slots.arena.zero((base + clean)..<(base + SlotArena.bytes(ofClass: s.chunkClass)))
  }
}
