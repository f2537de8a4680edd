internal import ApusModel
internal import ApusStorage
internal import ApusSystem
internal import ApusTelemetry
internal import Synchronization

/// Full chunks on their way to chunks_head, and back from there.
extension Head {
  /// Chunks that are written under one hold of the append lock.
  private static var chunksPerStep: Int { 256 }

  /// Writes full chunks that are still in memory to chunks_head, and frees their memory.
  func moveChunksToDisk() throws(StorageError) {
    guard let chunkFiles else { return }
    while true {
      let hasMore = try appendLock.withLock { _ throws(StorageError) in
        try moveStep(chunkFiles)
      }
      if !hasMore { break }
    }
    try dropChunkFiles()
  }

  /// Under `appendLock`.
  private func moveStep(_ files: HeadChunkFiles) throws(StorageError) -> Bool {
    let count = min(Self.chunksPerStep, fullSlots.count)
    guard count > 0 else { return false }
    // From the end; what fails to be written stays in the list. A series that has filled several
    // chunks stands there several times.
    let step = fullSlots.suffix(count).sorted()
    var moved: [(slot: UInt32, index: Int, ref: HeadChunkRef)] = []
    do throws(HeadChunkError) {
      for (i, slot) in step.enumerated() where i == 0 || step[i - 1] != slot {
        if columns.isLive(slot) { try write(slot, files, &moved) }
      }
    } catch {
      relocate(moved)
      throw StorageError(.system, "\(error)")
    }
    relocate(moved)
    fullSlots.removeLast(count)
    metrics.mmapChunks.increment(by: Double(moved.count))
    return !fullSlots.isEmpty
  }

  /// Writes the chunks of a series that are in memory, oldest first.
  private func write(
    _ slot: UInt32, _ files: HeadChunkFiles,
    _ moved: inout [(slot: UInt32, index: Int, ref: HeadChunkRef)]
  ) throws(HeadChunkError) {
    let state = columns.states[slot]
    var first = Int(state.listCount)
    while first > 0,
      ChunkList.entry(first - 1, of: state.listAddress, in: columns.slots).isInMemory
    {
      first -= 1
    }
    for index in first..<Int(state.listCount) {
      let entry = ChunkList.entry(index, of: state.listAddress, in: columns.slots)
      guard let encoding = ChunkEncoding(rawValue: entry.encoding) else { continue }
      let start = SlotArena.offset(entry.address)
      let ref = try files.write(
        series: SeriesRef(columns.ref(state.ordinal)),
        range: TimeRange(entry.minTime, entry.maxTime), encoding: encoding,
        bytes: columns.slots.arena.bytes(start..<(start + entry.byteCount)))
      moved.append((slot, index, ref))
    }
  }

  /// Points entries to where their chunks are now.
  private func relocate(_ moved: [(slot: UInt32, index: Int, ref: HeadChunkRef)]) {
    guard !moved.isEmpty else { return }
    stateLock.withLock { _ in
      for (slot, index, ref) in moved {
        let list = columns.states[slot].listAddress
        let entry = ChunkList.entry(index, of: list, in: columns.slots)
        guard entry.isInMemory else { continue }
        ChunkList.setLocation(ref.number, at: index, of: list, in: columns.slots)
        columns.slots.free(entry.address, sizeClass: entry.sizeClass)
      }
    }
  }

  /// A full chunk in chunks_head.
  func chunkOnDisk(_ location: UInt64) throws(ChunkError) -> ByteSlice {
    guard let chunkFiles else { throw .corrupt("no chunks_head") }
    do throws(HeadChunkError) {
      return try chunkFiles.read(HeadChunkRef(location)).bytes
    } catch {
      throw .corrupt("\(error)")
    }
  }

  /// Removes files of chunks_head that hold nothing of the head any more, once no reader looks at
  /// them.
  func dropChunkFiles() throws(StorageError) {
    guard let chunkFiles, let wanted = fileDrop.withLock({ $0 }),
      wanted.stamp < epochs.reusableBelow
    else { return }
    // Late samples are older than the rest, and needed nevertheless.
    let needed = stateLock.withLock { _ in outOfOrder.oldestFile ?? .max }
    do throws(HeadChunkError) {
      try chunkFiles.truncate(endedBeforeMs: wanted.before, before: needed)
    } catch {
      throw StorageError(.system, "\(error)")
    }
    fileDrop.withLock { drop in
      if drop?.before == wanted.before { drop = nil }
    }
  }
}
