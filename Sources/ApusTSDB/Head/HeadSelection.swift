internal import ApusTelemetry
internal import ApusModel
internal import ApusStorage
internal import ApusSystem
internal import Synchronization

/// What a reader has of the head: copies of the states of the series it selected, all taken at
/// one moment, and a lease on everything that these point to.
struct HeadSelection {
  let head: Head
  let lease: Epochs.Lease
  /// In label order if that was asked for.
  var states: [SeriesState]
  /// Deleted ranges by ordinal.
  let tombstones: Tombstones
  /// Open chunks of native histograms by slot.
  let histograms: HistogramSeries.Snapshot
  /// Late samples by ordinal.
  var late: [UInt32: OutOfOrderSeries] = [:]
}

extension HeadSelection {
  /// Appends the samples of a series in `range` to `batch`.
  func read(
    _ state: SeriesState, in range: TimeRange, into batch: inout SampleBatch
  ) throws(StorageError) {
    let slots = head.columns.slots
    let mark = batch.mark
    for index in 0..<Int(state.listCount) {
      let entry = ChunkList.entry(index, of: state.listAddress, in: slots)
      if entry.maxTime < range.minMs { continue }
      if entry.minTime > range.maxMs { break }
      try read(entry, state, in: range, into: &batch)
    }
    try readOpen(state, in: range, into: &batch)
    if let deleted = tombstones[state.ordinal] { batch.remove(deleted, behind: mark) }
    if let series = late[state.ordinal] {
      try merge(series, state, in: range, into: &batch, behind: mark)
    }
  }

  /// Merges the late samples of a series into those in order, which win where both have a time.
  private func merge(
    _ series: OutOfOrderSeries, _ state: SeriesState, in range: TimeRange,
    into batch: inout SampleBatch, behind mark: (floats: Int, histograms: Int)
  ) throws(StorageError) {
    var found = SampleBatch()
    for chunk in series.chunks where chunk.range.overlaps(range) {
      try read(chunk, state, in: range, into: &found)
    }
    series.readOpen(in: range, into: &found)
    found.padStartTimes()
    guard !found.isEmpty else { return }
    found.forgetCounterResets()
    var sorted = SampleBatch()
    found.sortByTime(into: &sorted)
    batch.merge(sorted, behind: mark)
  }

  func read(
    _ chunk: OutOfOrderSeries.Chunk, _ state: SeriesState, in range: TimeRange,
    into batch: inout SampleBatch
  ) throws(StorageError) {
    let bytes = try onDisk(chunk.ref.number, state)
    try decode(chunk.encoding, bytes.span, range, state, into: &batch)
  }

  /// The newest sample of a series with `oldestMs < time <= atMs`.
  func latest(
    _ state: SeriesState, atMs: Int64, newerThanMs oldestMs: Int64
  ) throws(StorageError) -> LatestSample? {
    if late[state.ordinal] != nil {
      guard oldestMs < atMs else { return nil }
      var batch = SampleBatch()
      try read(state, in: TimeRange(oldestMs + 1, atMs), into: &batch)
      return batch.newest
    }
    guard state.lastTime > oldestMs else { return nil }
    let isDeleted = tombstones[state.ordinal] != nil
    if state.lastTime <= atMs && !isDeleted && !state.flags.contains(.histogram) {
      let value = Double(bitPattern: state.lastBits)
      return LatestSample(timeMs: state.lastTime, value: .float(value))
    }
    let range = TimeRange(oldestMs == .max ? .max : oldestMs + 1, atMs)
    var batch = SampleBatch()
    if isDeleted {
      try read(state, in: range, into: &batch)
      return batch.newest
    }
    try readOpen(state, in: range, into: &batch)
    var index = Int(state.listCount) - 1
    while batch.isEmpty && index >= 0 {
      let entry = ChunkList.entry(index, of: state.listAddress, in: head.columns.slots)
      if entry.maxTime < range.minMs { break }
      if entry.minTime <= range.maxMs { try read(entry, state, in: range, into: &batch) }
      index -= 1
    }
    return batch.newest
  }

  private func readOpen(
    _ state: SeriesState, in range: TimeRange, into batch: inout SampleBatch
  ) throws(StorageError) {
    if state.flags.contains(.histogram) {
      histograms.read(state, in: range, into: &batch)
    }
    guard state.hasOpenChunk, state.chunkStart <= range.maxMs, state.lastTime >= range.minMs
    else { return }
    // Behind the last bit there is room for a word, so the decoder need not look for the end.
    let start = SlotArena.offset(state.chunkAddress)
    let bytes = head.columns.slots.arena.bytes(
      start..<(start + OpenChunk.byteCount(state) + MemoryLayout<UInt64>.size))
    do throws(ChunkError) {
      try ChunkDecoder.decode(
        .xor, bytes, count: Int(state.sampleCount), range: range, into: &batch)
    } catch {
      throw broken(state, error)
    }
  }

  private func read(
    _ entry: ChunkEntry, _ state: SeriesState, in range: TimeRange,
    into batch: inout SampleBatch
  ) throws(StorageError) {
    guard let encoding = ChunkEncoding(rawValue: entry.encoding) else {
      throw broken(state, .unknownEncoding(entry.encoding))
    }
    let wanted = range.minMs <= entry.minTime && entry.maxTime <= range.maxMs ? .all : range
    if entry.isInMemory {
      let start = SlotArena.offset(entry.address)
      let bytes = head.columns.slots.arena.bytes(start..<(start + entry.byteCount))
      try decode(encoding, bytes, wanted, state, into: &batch)
    } else {
      let bytes = try onDisk(entry.location, state)
      try decode(encoding, bytes.span, wanted, state, into: &batch)
    }
  }

  private func decode(
    _ encoding: ChunkEncoding, _ bytes: Span<UInt8>, _ range: TimeRange, _ state: SeriesState,
    into batch: inout SampleBatch
  ) throws(StorageError) {
    do throws(ChunkError) {
      try ChunkDecoder.decode(encoding, bytes, range: range, into: &batch)
    } catch {
      throw broken(state, error)
    }
  }

  /// The bytes of a full chunk in chunks_head.
  func onDisk(_ location: UInt64, _ state: SeriesState) throws(StorageError) -> ByteSlice {
    do throws(ChunkError) {
      return try head.chunkOnDisk(location)
    } catch {
      throw broken(state, error)
    }
  }

  private func broken(_ state: SeriesState, _ error: ChunkError) -> StorageError {
    StorageError(
      .corrupt,
      "a head chunk of \(head.labels(of: state)) cannot be read: \(error); if it stands in "
        + "chunks_head, stop the server, remove that directory and start again: "
        + "the log holds the samples")
  }
}

extension SampleBatch {
  /// The last sample of all, float or histogram.
  var newest: LatestSample? {
    if let time = histogramTimes.last, time > times.last ?? .min,
      let histogram = histograms.last
    {
      return LatestSample(timeMs: time, value: .histogram(histogram))
    }
    guard let time = times.last, let value = values.last else { return nil }
    return LatestSample(timeMs: time, value: .float(value))
  }
}

/// The cursor of one select on the head alone.
final class HeadCursor: SeriesCursor {
  private let selection: HeadSelection
  private let range: TimeRange
  private var index = -1

  init(_ selection: HeadSelection, in range: TimeRange) {
    self.selection = selection
    self.range = range
  }

  func next() throws(StorageError) -> Bool {
    index += 1
    return index < selection.states.count
  }

  var seriesCount: Int? { selection.states.count }

  var labels: Labels { selection.head.labels(of: selection.states[index]) }

  func labels(keeping names: [String]) -> Labels {
    selection.head.columns.labels.labels(selection.states[index].labelsAddress, keeping: names)
  }

  func read(into batch: inout SampleBatch) throws(StorageError) {
    try selection.read(selection.states[index], in: range, into: &batch)
  }

  func latest(
    atMs: Int64, newerThanMs oldestMs: Int64
  ) throws(StorageError) -> LatestSample? {
    try selection.latest(selection.states[index], atMs: atMs, newerThanMs: oldestMs)
  }
}
