internal import ApusModel
internal import ApusSystem

/// Float samples of many records in columns that keep their length, so that nothing is filled
/// before it is overwritten. Emptied and filled again, for as long as a log is read.
struct SampleRoom {
  /// Columns; only the first `count` elements mean anything.
  private(set) var refs: [UInt64] = []
  private(set) var times: [Int64] = []
  private(set) var values: [Double] = []
  private(set) var count = 0
  private var others = SampleColumns()

  mutating func removeAll() { count = 0 }

  /// Appends the samples of a record.
  /// - Throws: `RecordError`; nothing is appended then.
  mutating func append(_ record: Span<UInt8>) throws(RecordError) {
    guard RecordType(of: record) == .samples else { return try appendOther(record) }
    do throws(ByteReaderError) {
      var reader = ByteReader(record, at: 1)
      guard !reader.isAtEnd else { return }
      let ref0 = try reader.be64()
      let time0 = Int64(bitPattern: try reader.be64())
      // One more, for a sample that is cut.
      reserve(reader.remaining / SampleRecords.sampleBytesMin + 1)
      count = try Self.read(reader.rest, ref0, time0, &refs, &times, &values, from: count)
    } catch {
      throw .malformed(error)
    }
  }

  /// Returns the index behind the last sample.
  private static func read(
    _ rows: Span<UInt8>, _ ref0: UInt64, _ time0: Int64, _ refs: inout [UInt64],
    _ times: inout [Int64], _ values: inout [Double], from start: Int
  ) throws(ByteReaderError) -> Int {
    var refSpan = refs.mutableSpan
    var timeSpan = times.mutableSpan
    var valueSpan = values.mutableSpan
    return try ByteReader.rows(
      rows, keyBase: ref0, timeBase: time0, &refSpan, &timeSpan, &valueSpan, from: start)
  }

  /// A record with start times, which the head does not keep.
  private mutating func appendOther(_ record: Span<UInt8>) throws(RecordError) {
    others.removeAll()
    try SampleRecords.decode(record, into: &others)
    reserve(others.count)
    for i in 0..<others.count {
      refs[count] = others.refs[i].number
      times[count] = others.times[i]
      values[count] = others.values[i]
      count += 1
    }
  }

  private mutating func reserve(_ more: Int) {
    guard count + more > refs.count else { return }
    let missing = max(count + more, refs.count * 2) - refs.count
    refs.append(contentsOf: repeatElement(0, count: missing))
    times.append(contentsOf: repeatElement(0, count: missing))
    values.append(contentsOf: repeatElement(0, count: missing))
  }
}
