internal import ApusSystem
internal import Synchronization

extension TSDB {
  /// Bytes of the head's memory by what they are for, for those who want to make it smaller. What
  /// is free, and what size classes round up, is a part of its own.
  package var memoryAccount: [(part: String, bytes: Int)] { head.memoryAccount }
}

extension Head {
  fileprivate var memoryAccount: [(part: String, bytes: Int)] {
    appendLock.withLock { _ in
      stateLock.withLock { _ in columns.memoryAccount }
    }
  }
}

extension SeriesColumns {
  fileprivate var memoryAccount: [(part: String, bytes: Int)] {
    var (records, lists, chunks, chunkSlots, full) = (0, 0, 0, 0, 0)
    for slot in 0..<slotCount where !states[slot].isDead {
      let state = states[slot]
      records += 4 * (labels.count(state.labelsAddress) + 1)
      lists += Int(state.listCount) * MemoryLayout<ChunkEntry>.stride
      for index in 0..<Int(state.listCount) {
        let entry = ChunkList.entry(index, of: state.listAddress, in: slots)
        if entry.isInMemory { full += SlotArena.bytes(ofClass: entry.sizeClass) }
      }
      guard state.chunkAddress != 0 else { continue }
      chunks += OpenChunk.byteCount(state)
      chunkSlots += SlotArena.bytes(ofClass: state.chunkClass)
    }
    let moment = slots.moment()
    let texts = symbols.textBytes
    let ordinals = postings.elementCount * 4
    var account: [(part: String, bytes: Int)] = []
    func add(_ part: String, _ bytes: Int) { account.append((part: part, bytes: bytes)) }
    add("states", slotCount * MemoryLayout<SeriesState>.stride)
    add("slots by ordinal", Int(nextOrdinal) * 4)
    add("table of series", tableBytes)
    add("symbols, their entries and table", symbols.entryBytes)
    add("symbols, text", texts)
    add("label records", records)
    add("postings, pairs and table", postings.pairBytes)
    add("postings, ordinals", ordinals)
    add("open chunks", chunks)
    add("open chunks, room", chunkSlots - chunks)
    add("full chunks in memory", full)
    add("lists of full chunks", lists)
    let known = records + lists + chunkSlots + full + texts + ordinals
    add("arena, rounding", moment.usedBytes - known)
    add("arena, free", moment.next - moment.usedBytes)
    return account
  }
}
