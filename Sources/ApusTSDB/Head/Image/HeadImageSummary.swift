internal import ApusModel
internal import ApusSystem

/// The numbers of an image: sizes, times, and what it stands on outside of itself.
///
///     | base ref 8 | next ordinal 4 | arena end 8 | arena used 8 | text bytes 8 | all: list 9 |
///     | times: min 8, max 8, floor 8 | end of blocks 8 | is quiet 1 |
///     | log: segment 8, offset 8, crc 4, crc 4 |
///     | n uvarint | n x (chunk file: number 8, end 8, crc 4, max time 8) |
///     | n uvarint | n x (ref of a series that is gone 8, segment 8) |
///     | n uvarint | n x (ref 8, the ref that its series has 8) |
struct HeadImageSummary {
  var baseRef: UInt64 = 1
  var nextOrdinal: UInt32 = 0
  var arenaEnd = 0
  var arenaUsedBytes = 0
  var textBytes = 0
  var all = SlotList()
  var minTime = Int64.max
  var maxTime = Int64.min
  var floor = Int64.min
  /// End of the blocks that there were.
  var blocksEndMs = Int64.min
  /// Nothing was appended while it was written, so behind open chunks there are zeros.
  var isQuiet = false
  var log = LogPosition()
  var chunkFiles: [HeadChunkFileMark] = []
  /// Series that are gone, with the last segment that may speak of them.
  var expiries: [SeriesRef: Int] = [:]
  /// Refs of the log whose series has another one.
  var refMap: [UInt64: UInt64] = [:]

  func encode(_ writer: inout ByteWriter) {
    writer.be64(baseRef)
    writer.be32(nextOrdinal)
    for number in [arenaEnd, arenaUsedBytes, textBytes] { writer.be64(UInt64(number)) }
    writer.slotList(all)
    for time in [minTime, maxTime, floor, blocksEndMs] { writer.be64(UInt64(bitPattern: time)) }
    writer.u8(isQuiet ? 1 : 0)
    writer.be64(UInt64(log.segment))
    writer.be64(UInt64(log.offset))
    writer.be32(log.firstCRC)
    writer.be32(log.lastCRC)
    writer.uvarint(UInt64(chunkFiles.count))
    for file in chunkFiles {
      writer.be64(UInt64(file.number))
      writer.be64(UInt64(file.endOffset))
      writer.be32(file.checksum)
      writer.be64(UInt64(bitPattern: file.maxTimeMs))
    }
    writer.uvarint(UInt64(expiries.count))
    for (ref, segment) in expiries {
      writer.be64(ref.number)
      writer.be64(UInt64(segment))
    }
    writer.uvarint(UInt64(refMap.count))
    for (ref, known) in refMap {
      writer.be64(ref)
      writer.be64(known)
    }
  }

  init() {}

  init(_ bytes: Span<UInt8>) throws(ByteReaderError) {
    var reader = ByteReader(bytes)
    baseRef = try reader.be64()
    nextOrdinal = try reader.be32()
    arenaEnd = Int(truncatingIfNeeded: try reader.be64())
    arenaUsedBytes = Int(truncatingIfNeeded: try reader.be64())
    textBytes = Int(truncatingIfNeeded: try reader.be64())
    all = try reader.slotList()
    minTime = Int64(bitPattern: try reader.be64())
    maxTime = Int64(bitPattern: try reader.be64())
    floor = Int64(bitPattern: try reader.be64())
    blocksEndMs = Int64(bitPattern: try reader.be64())
    isQuiet = try reader.u8() != 0
    log.segment = Int(truncatingIfNeeded: try reader.be64())
    log.offset = Int(truncatingIfNeeded: try reader.be64())
    log.firstCRC = try reader.be32()
    log.lastCRC = try reader.be32()
    for _ in 0..<(try reader.uvarint()) {
      chunkFiles.append(
        HeadChunkFileMark(
          number: Int(truncatingIfNeeded: try reader.be64()),
          endOffset: Int(truncatingIfNeeded: try reader.be64()),
          checksum: try reader.be32(), maxTimeMs: Int64(bitPattern: try reader.be64())))
    }
    for _ in 0..<(try reader.uvarint()) {
      let ref = SeriesRef(try reader.be64())
      expiries[ref] = Int(truncatingIfNeeded: try reader.be64())
    }
    for _ in 0..<(try reader.uvarint()) {
      let ref = try reader.be64()
      refMap[ref] = try reader.be64()
    }
  }
}

extension ByteWriter {
  /// | address 4 | count 4 | size class 1 |
  mutating func slotList(_ list: SlotList) {
    be32(list.address)
    be32(list.count)
    u8(list.sizeClass)
  }
}

extension ByteReader {
  @_lifetime(self: copy self)
  mutating func slotList() throws(ByteReaderError) -> SlotList {
    SlotList(address: try be32(), count: try be32(), sizeClass: try u8())
  }
}
