internal import ApusSystem

/// What a file of chunks_head holds up to some moment. Files only grow: one that has other chunks
/// in front of the mark's end is another file.
struct HeadChunkFileMark: Sendable, Equatable {
  var number: Int
  /// Offset behind the last entry.
  var endOffset = HeadChunkFormat.headerBytes
  /// CRC-32C of the checksums of the entries, in order.
  var checksum: UInt32 = 0
  /// Latest time of the chunks.
  var maxTimeMs = Int64.min

  mutating func add(checksum entryChecksum: UInt32, end: Int, maxTimeMs: Int64) {
    var crc = CRC32C(continuing: checksum)
    for shift: UInt32 in [24, 16, 8, 0] {
      crc.add(UInt8(truncatingIfNeeded: entryChecksum >> shift))
    }
    checksum = crc.value
    endOffset = end
    self.maxTimeMs = max(self.maxTimeMs, maxTimeMs)
  }
}
