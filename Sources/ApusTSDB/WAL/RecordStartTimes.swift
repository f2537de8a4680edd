internal import ApusModel
internal import ApusSystem

// What stands before the value in records 11, 12 and 13:
//
//   first sample: | ref varint | t varint | start varint |
//   others:       | ref - the ref before varint | t - first t varint | mark 1 | start |
//
//   mark 0: the start is not known, 1: it is that of the sample before, 2: start - first start
//   varint follows

/// Refs, times and start times of a record's samples, one after another. Source: Prometheus,
/// tsdb/record/record.go.
struct RecordStartTimes {
  private enum Mark {
    static let unknown: UInt8 = 0
    static let same: UInt8 = 1
    static let explicit: UInt8 = 2
  }

  private var first: (time: Int64, start: Int64)?
  private var lastRef: UInt64 = 0
  private var lastStart: Int64 = 0

  init() {}

  mutating func encode(
    _ ref: SeriesRef, _ time: Int64, _ start: Int64, _ writer: inout ByteWriter
  ) {
    writer.varint(Int64(bitPattern: ref.number &- lastRef))
    if let first {
      writer.varint(time &- first.time)
      if start == 0 {
        writer.u8(Mark.unknown)
      } else if start == lastStart {
        writer.u8(Mark.same)
      } else {
        writer.u8(Mark.explicit)
        writer.varint(start &- first.start)
      }
    } else {
      writer.varint(time)
      writer.varint(start)
      first = (time, start)
    }
    lastRef = ref.number
    lastStart = start
  }

  /// - Throws: also for a mark of a later version, whose length nobody knows.
  @_lifetime(reader: copy reader)
  mutating func decode(
    _ reader: inout ByteReader
  ) throws(ByteReaderError) -> (ref: UInt64, time: Int64, start: Int64) {
    let ref = lastRef &+ UInt64(bitPattern: try reader.varint())
    var time = try reader.varint()
    var start: Int64
    if let first {
      time &+= first.time
      let offset = reader.offset
      switch try reader.u8() {
      case Mark.unknown: start = 0
      case Mark.same: start = lastStart
      case Mark.explicit: start = first.start &+ (try reader.varint())
      default: throw .truncated(offset: offset, wanted: 1, left: 0)
      }
    } else {
      start = try reader.varint()
      first = (time, start)
    }
    lastRef = ref
    lastStart = start
    return (ref, time, start)
  }
}
