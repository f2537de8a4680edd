internal import ApusSystem

/// What an image says must point into itself: checksums tell that it is as it was written, and this
/// that no number in it leads outside.
extension HeadImage {
  func validate() throws(HeadImageRejection) {
    try require(
      summary.arenaEnd >= SlotArena.unitBytes
        && summary.arenaEnd <= Limits.headArenaBytesMax
        && summary.arenaEnd % SlotArena.unitBytes == 0
        && reader[.arena].count == runs.reduce(0) { $0 + $1.count },
      "its arena has another length than it says")
    try require(
      seriesCount <= Limits.headSeriesMax && symbolCount <= Limits.headSymbolsMax
        && pairCount <= Limits.headSymbolsMax
        && Int(summary.nextOrdinal) <= Limits.headOrdinalsMax
        && summary.baseRef > 0 && summary.baseRef <= UInt64.max - UInt64(UInt32.max),
      "it holds more than a head can")
    try require(summary.arenaUsedBytes >= 0 && summary.textBytes >= 0, "it has negative sizes")
    try validateLog()
    try validateStates()
    try validateSymbols()
    try validatePostings()
    try validateLists()
  }

  private var seriesCount: Int { reader[.states].count / MemoryLayout<SeriesState>.stride }
  private var symbolCount: Int { reader[.symbols].count / MemoryLayout<HeadSymbols.Entry>.stride }
  private var pairCount: Int { reader[.pairs].count / MemoryLayout<MemPostings.Pair>.stride }

  private func require(_ holds: Bool, _ reason: String) throws(HeadImageRejection) {
    guard holds else { throw HeadImageRejection(reason) }
  }

  private func validateLog() throws(HeadImageRejection) {
    try require(
      summary.log.segment >= 0 && summary.log.offset >= 0, "its place in the log makes no sense")
    for file in summary.chunkFiles {
      try require(
        file.number > 0 && file.number <= Int(UInt32.max)
          && file.endOffset >= HeadChunkFormat.headerBytes,
        "its list of chunk files makes no sense")
    }
  }

  /// Whether a slot of a size class lies inside of what is in use; 0 is none.
  private func isSlot(_ address: SlotAddress, bytes: Int) -> Bool {
    address != 0 && bytes >= 0 && SlotArena.offset(address) + bytes <= summary.arenaEnd
  }

  private func isClass(_ sizeClass: UInt8) -> Bool { sizeClass < 120 }

  private func validateStates() throws(HeadImageRejection) {
    let section = reader[.states]
    let span = section.span
    for slot in 0..<seriesCount {
      let state = States.element(slot, in: span)
      if state.isDead { continue }
      let hasChunk = state.chunkAddress != 0
      guard state.ordinal < summary.nextOrdinal, isSlot(state.labelsAddress, bytes: 4),
        hasChunk || !state.hasOpenChunk,
        !hasChunk
          || isClass(state.chunkClass)
            && isSlot(state.chunkAddress, bytes: SlotArena.bytes(ofClass: state.chunkClass))
            && OpenChunk.byteCount(state) <= SlotArena.bytes(ofClass: state.chunkClass),
        state.listCount == 0
          || isSlot(state.listAddress, bytes: 8 + Int(state.listCount) * 24)
      else { throw HeadImageRejection("series \(slot) in it leads outside") }
    }
  }

  private func validateSymbols() throws(HeadImageRejection) {
    let section = reader[.symbols]
    let span = section.span
    for id in 0..<symbolCount {
      let entry = Symbols.element(id, in: span)
      if entry.uses == 0 || entry.length == 0 { continue }
      try require(
        isSlot(entry.address, bytes: Int(entry.length)), "text \(id) in it leads outside")
    }
  }

  private func isList(_ list: SlotList) -> Bool {
    if list.sizeClass == SlotList.inline { return list.count <= 1 }
    return isClass(list.sizeClass)
      && Int(list.count) * 4 <= SlotArena.bytes(ofClass: list.sizeClass)
      && isSlot(list.address, bytes: SlotArena.bytes(ofClass: list.sizeClass))
  }

  private func validatePostings() throws(HeadImageRejection) {
    let section = reader[.pairs]
    let span = section.span
    for id in 0..<pairCount {
      let pair = Pairs.element(id, in: span)
      if pair.list.count == 0 { continue }
      try require(
        pair.name < UInt32(symbolCount) && pair.value < UInt32(symbolCount) && isList(pair.list),
        "label pair \(id) in it leads outside")
    }
    try require(isList(summary.all), "its list of all series leads outside")
    for (name, pairs) in lists.names {
      try require(
        name < UInt32(symbolCount) && isList(pairs), "label name \(name) in it leads outside")
    }
  }

  private func validateLists() throws(HeadImageRejection) {
    try require(
      lists.fullSlots.allSatisfy { $0 < UInt32(seriesCount) }
        && lists.freeSymbols.allSatisfy { $0 < UInt32(symbolCount) }
        && lists.freePairs.allSatisfy { $0 < UInt32(pairCount) }
        && lists.shapes.allSatisfy { isSlot($0, bytes: 4) },
      "its lists lead outside")
  }
}
