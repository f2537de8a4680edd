internal import ApusModel

// | count 2 | start times 1 | sample 0: t varint, value 64 bits | sample 1: Δt uvarint, VALZ |
// | JOINT | ... |           behind each sample: its start time (StartTimes)
//
// JOINT:                                                VALZ, x = bits xor the baseline's:
//   0                  on time, value is the baseline     0                         x = 0
//   10    + WINDOW     on time                            10  + 64-L-T bits         old window
//   110   + 13 bits    change of Δt, VALZ                 110 + L 5 + S 6 + S bits  new window
//   1110  + 20 bits    change of Δt, VALZ                 111                       stale marker
//   11110 + 64 bits    change of Δt, VALZ
//   11111              on time, stale marker
//
// WINDOW: 0 + 64-L-T bits: as before | 1 + L 5 + S 6 + S bits: a new one
//
// Changes of Δt are two's complement here. The baseline is the newest value that is no stale
// marker, 0 before there is one. T = 64-L-S; S 0 is 64. Source: Prometheus,
// tsdb/chunkenc/xor2.go. Mirror image: XOR2Decoder.

/// Floats with start times, whole chunks at a time. Written only where start times must not be
/// lost: Prometheus reads them from 3.11 on.
package enum XOR2Chunk {
  /// Writes a chunk of the samples in `range` into `writer`, which is emptied before.
  /// - Parameter starts: parallel to `times`, ms, 0 where unknown; or empty.
  package static func encode(
    _ times: [Int64], _ values: [Double], starts: [Int64], _ range: Range<Int>,
    into writer: inout BitWriter
  ) {
    precondition(!range.isEmpty && range.count <= XORChunk.samplesMax, "chunk of \(range)")
    var startTimes = StartTimesWriter(starts.isEmpty ? [] : starts[range])
    var state = State()
    writer.removeAll()
    writer.put(UInt64(range.count), 16)
    writer.put(UInt64(startTimes.header), 8)
    for (index, at) in range.enumerated() {
      state.put(&writer, index: index, times[at], values[at])
      startTimes.next(
        &writer, index: index, time: times[at],
        timeBefore: index > 0 ? times[at - 1] : 0, start: starts.isEmpty ? 0 : starts[at])
    }
  }

  private struct State {
    private var time: Int64 = 0
    private var delta: Int64 = 0
    private var baseline: UInt64 = 0
    private var leading = XORState.noWindow
    private var trailing: UInt8 = 0

    mutating func put(_ writer: inout BitWriter, index: Int, _ time: Int64, _ value: Double) {
      let newDelta = time &- self.time
      switch index {
      case 0:
        writer.varint(time)
        writer.put(value.bitPattern, 64)
      case 1:
        writer.uvarint(UInt64(bitPattern: newDelta))
        putValue(&writer, value)
      default: putJoint(&writer, newDelta &- delta, value)
      }
      self.time = time
      if index > 0 { delta = newDelta }
      if !StaleMarker.isStale(value) { baseline = value.bitPattern }
    }

    private mutating func putJoint(_ writer: inout BitWriter, _ dod: Int64, _ value: Double) {
      let raw = UInt64(bitPattern: dod)
      switch dod {
      case 0 where StaleMarker.isStale(value): writer.put(0b11111, 5)
      case 0 where value.bitPattern == baseline: writer.put(false)
      case 0:
        writer.put(0b10, 2)
        putWindow(&writer, value.bitPattern ^ baseline, old: (0, 1), new: (1, 1))
      case -(1 << 12)...(1 << 12 - 1):
        writer.put(0b110 << 13 | raw & (1 << 13 - 1), 16)
        putValue(&writer, value)
      case -(1 << 19)...(1 << 19 - 1):
        writer.put(0b1110 << 20 | raw & (1 << 20 - 1), 24)
        putValue(&writer, value)
      default:
        writer.put(0b11110, 5)
        writer.put(raw, 64)
        putValue(&writer, value)
      }
    }

    private mutating func putValue(_ writer: inout BitWriter, _ value: Double) {
      let x = value.bitPattern ^ baseline
      if StaleMarker.isStale(value) {
        writer.put(0b111, 3)
      } else if x == 0 {
        writer.put(false)
      } else {
        putWindow(&writer, x, old: (0b10, 2), new: (0b110, 3))
      }
    }

    private mutating func putWindow(
      _ writer: inout BitWriter, _ x: UInt64, old: (UInt64, Int), new: (UInt64, Int)
    ) {
      let newLeading = min(x.leadingZeroBitCount, XORCode.leadingMax)
      let newTrailing = x.trailingZeroBitCount
      let isInside = newLeading >= Int(leading) && newTrailing >= Int(trailing)
      if leading == XORState.noWindow || !isInside {
        leading = UInt8(newLeading)
        trailing = UInt8(newTrailing)
        let width = 64 - newLeading - newTrailing
        writer.put(new.0, new.1)
        writer.put(UInt64(newLeading) << 6 | UInt64(width & 63), 11)
      } else {
        writer.put(old.0, old.1)
      }
      writer.put(x >> UInt64(trailing), 64 - Int(leading) - Int(trailing))
    }
  }
}
