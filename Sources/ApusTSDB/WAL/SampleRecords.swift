package import ApusModel
internal import ApusSystem

// | 2 | ref0 BE64 | t0 BE64 | sample | sample | ... |     nothing behind the type if there is none
//   sample: ref - ref0 varint | t - t0 varint | value f64 |
//   ref0 and t0 are those of the first sample, which follows in full like the others.
//
// | 11 | ref varint | t varint | start varint | value f64 | sample | sample | ... |
//   sample: ref - the ref before varint | t - t0 varint | RecordStartTimes | value f64 |

/// Float samples in parallel columns. Keep one, and empty it instead of making another.
package struct SampleColumns: Sendable {
  package var refs: [SeriesRef] = []
  package var times: [Int64] = []
  package var values: [Double] = []
  /// When each sample's counter began, ms, 0 for unknown; or nothing at all: then they are logged
  /// by the older record.
  package var startTimes: [Int64] = []

  package init() {}

  package var count: Int { refs.count }

  package mutating func removeAll() {
    refs.removeAll(keepingCapacity: true)
    times.removeAll(keepingCapacity: true)
    values.removeAll(keepingCapacity: true)
    startTimes.removeAll(keepingCapacity: true)
  }

  package mutating func append(_ ref: SeriesRef, timeMs: Int64, value: Double) {
    refs.append(ref)
    times.append(timeMs)
    values.append(value)
    if !startTimes.isEmpty { startTimes.append(0) }
  }

  package mutating func append(
    _ ref: SeriesRef, timeMs: Int64, value: Double, startMs: Int64
  ) {
    fillStartTimes()
    refs.append(ref)
    times.append(timeMs)
    values.append(value)
    startTimes.append(startMs)
  }

  /// Samples that have no start time get that of 0.
  fileprivate mutating func fillStartTimes() {
    startTimes.append(contentsOf: repeatElement(0, count: count - startTimes.count))
  }

  /// Start of the sample at an index, 0 for unknown.
  package func startMs(_ index: Int) -> Int64 { startTimes.isEmpty ? 0 : startTimes[index] }

  /// Makes room for `more` samples that are set by index.
  fileprivate mutating func extend(by more: Int) {
    refs.append(contentsOf: repeatElement(.none, count: more))
    times.append(contentsOf: repeatElement(0, count: more))
    values.append(contentsOf: repeatElement(0, count: more))
  }

  package mutating func truncate(to count: Int) {
    refs.removeLast(refs.count - count)
    times.removeLast(times.count - count)
    values.removeLast(values.count - count)
    startTimes.removeLast(max(0, startTimes.count - count))
  }
}

extension WALBatch {
  /// One record of float samples; none if there are none.
  package mutating func addSamples(
    refs: Span<SeriesRef>, times: Span<Int64>, values: Span<Double>
  ) {
    precondition(
      refs.count == times.count && refs.count == values.count, "columns of different lengths")
    guard !refs.isEmpty else { return }
    add(.samples) { writer in
      SampleRecords.encode(refs: refs, times: times, values: values, &writer)
    }
  }

  package mutating func addSamples(_ columns: SampleColumns) {
    guard !columns.startTimes.isEmpty else {
      return addSamples(
        refs: columns.refs.span, times: columns.times.span, values: columns.values.span)
    }
    add(.samplesV2) { writer in SampleRecords.encodeV2(columns, &writer) }
  }
}

package enum SampleRecords {
  /// The shortest Δref, Δt and a value.
  static let sampleBytesMin = 10
  /// The longest.
  private static let sampleBytesMax = 28

  static func encode(
    refs: Span<SeriesRef>, times: Span<Int64>, values: Span<Double>, _ writer: inout ByteWriter
  ) {
    let ref0 = refs[0].number
    let time0 = times[0]
    writer.appendInPlace(atMost: 16 + refs.count * sampleBytesMax) { room in
      room.be64(ref0)
      room.be64(UInt64(bitPattern: time0))
      for i in refs.indices {
        room.varint(Int64(bitPattern: refs[i].number &- ref0))
        room.varint(times[i] &- time0)
        room.be64(values[i].bitPattern)
      }
    }
  }

  static func encodeV2(_ columns: SampleColumns, _ writer: inout ByteWriter) {
    var base = RecordStartTimes()
    for i in 0..<columns.count {
      base.encode(columns.refs[i], columns.times[i], columns.startTimes[i], &writer)
      writer.f64(columns.values[i])
    }
  }

  /// Whether a record's type is one of the two.
  package static func holds(_ type: RecordType) -> Bool {
    type == .samples || type == .samplesV2
  }

  /// Appends the samples of a record of either type to `columns`.
  /// - Throws: `RecordError`; `columns` are then as before.
  package static func decode(
    _ record: Span<UInt8>, into columns: inout SampleColumns
  ) throws(RecordError) {
    guard let type = RecordType(of: record), holds(type) else {
      throw .wrongType(record.isEmpty ? 0 : record[0])
    }
    let start = columns.count
    do throws(ByteReaderError) {
      var reader = ByteReader(record, at: 1)
      guard !reader.isAtEnd else { return }
      if type == .samples {
        try decode(&reader, into: &columns)
      } else {
        try decodeV2(&reader, into: &columns)
      }
    } catch {
      columns.truncate(to: start)
      throw .malformed(error)
    }
  }

  @_lifetime(reader: copy reader)
  private static func decode(
    _ reader: inout ByteReader, into columns: inout SampleColumns
  ) throws(ByteReaderError) {
    let ref0 = try reader.be64()
    let time0 = Int64(bitPattern: try reader.be64())
    var at = columns.count
    let hasStarts = !columns.startTimes.isEmpty
    // One more, for a sample that is cut.
    columns.extend(by: reader.remaining / sampleBytesMin + 1)
    try decode(reader.rest, ref0, time0, &columns.refs, &columns.times, &columns.values, &at)
    columns.truncate(to: at)
    if hasStarts { columns.fillStartTimes() }
  }

  /// Sets the columns from an index on, which moves behind the last sample.
  private static func decode(
    _ samples: Span<UInt8>, _ ref0: UInt64, _ time0: Int64, _ refs: inout [SeriesRef],
    _ times: inout [Int64], _ values: inout [Double], _ at: inout Int
  ) throws(ByteReaderError) {
    var cursor = ByteReader(samples)
    var refSpan = refs.mutableSpan
    var timeSpan = times.mutableSpan
    var valueSpan = values.mutableSpan
    var i = at
    while !cursor.isAtEnd {
      refSpan[i] = SeriesRef(ref0 &+ UInt64(bitPattern: try cursor.varint()))
      timeSpan[i] = time0 &+ (try cursor.varint())
      valueSpan[i] = try cursor.f64()
      i &+= 1
    }
    at = i
  }

  @_lifetime(reader: copy reader)
  private static func decodeV2(
    _ reader: inout ByteReader, into columns: inout SampleColumns
  ) throws(ByteReaderError) {
    var base = RecordStartTimes()
    while !reader.isAtEnd {
      let (ref, time, start) = try base.decode(&reader)
      columns.append(
        SeriesRef(ref), timeMs: time, value: try reader.f64(), startMs: start)
    }
  }
}
