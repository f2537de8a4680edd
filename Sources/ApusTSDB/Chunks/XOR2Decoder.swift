internal import ApusModel
package import ApusStorage

/// Floats with start times, a chunk at a time. Layout: XOR2Chunk.
package enum XOR2Decoder {
  /// Appends the samples of a chunk to the float columns of `batch`, start times included where
  /// the chunk has some.
  /// - Throws: `ChunkError`; the batch is then as it was.
  package static func decode(
    _ bytes: Span<UInt8>, into batch: inout SampleBatch
  ) throws(ChunkError) {
    guard bytes.count >= 3 else { throw .truncated }
    let count = Int(bytes[0]) << 8 | Int(bytes[1])
    guard count > 0 else { return }
    // A sample takes a bit at least: do not make room for what cannot be there.
    guard count <= bytes.count * 8 else { throw .truncated }
    let start = batch.times.count
    let startTimesBefore = batch.startTimes.count
    var startTimes = StartTimesReader(header: bytes[2])
    if startTimes.isPresent { batch.padStartTimes(isWanted: true) }
    batch.times.reserveCapacity(start + count)
    batch.values.reserveCapacity(start + count)
    do throws(ChunkError) {
      var reader = BitReader(bytes, atBit: 24)
      var state = State()
      for index in 0..<count {
        let timeBefore = state.time
        try state.next(&reader, index: index)
        batch.times.append(state.time)
        batch.values.append(state.value)
        guard startTimes.isPresent else { continue }
        try startTimes.next(&reader, index: index, time: state.time, timeBefore: timeBefore)
        batch.startTimes.append(startTimes.start)
      }
      if reader.isBeyondEnd { throw .truncated }
    } catch {
      batch.times.removeSubrange(start...)
      batch.values.removeSubrange(start...)
      batch.startTimes.removeSubrange(startTimesBefore...)
      throw error
    }
  }

  private struct State {
    private(set) var time: Int64 = 0
    private(set) var value = 0.0
    private var delta: Int64 = 0
    private var baseline = XORValue(0)

    @_lifetime(reader: copy reader)
    mutating func next(_ reader: inout BitReader, index: Int) throws(ChunkError) {
      if index == 0 {
        time = try reader.varint()
        value = Double(bitPattern: reader.take(64))
        if !StaleMarker.isStale(value) { baseline.bits = value.bitPattern }
        return
      }
      if index == 1 {
        delta = Int64(bitPattern: try reader.uvarint())
        time &+= delta
        return try readValue(&reader)
      }
      let ones = reader.prefix(most: 5)
      switch ones {
      case 2: delta &+= Self.signed(reader.take(13), 13)
      case 3: delta &+= Self.signed(reader.take(20), 20)
      case 4: delta &+= Int64(bitPattern: reader.take(64))
      default: break
      }
      time &+= delta
      switch ones {
      case 0: value = baseline.value
      case 1:
        if reader.bit() { try reader.window(&baseline) }
        value = reader.payload(&baseline)
      case 5: value = StaleMarker.value
      default: try readValue(&reader)
      }
    }

    @_lifetime(reader: copy reader)
    private mutating func readValue(_ reader: inout BitReader) throws(ChunkError) {
      switch reader.prefix(most: 3) {
      case 0: value = baseline.value
      case 1: value = reader.payload(&baseline)
      case 2:
        try reader.window(&baseline)
        value = reader.payload(&baseline)
      default: value = StaleMarker.value
      }
    }

    private static func signed(_ raw: UInt64, _ count: UInt64) -> Int64 {
      Int64(bitPattern: raw << (64 - count)) >> Int64(64 - count)
    }
  }
}
