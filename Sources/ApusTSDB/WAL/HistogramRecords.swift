package import ApusModel
internal import ApusSystem

// | type 7...10 | ref0 BE64 | t0 BE64 | (Δref varint | Δt varint | histogram) ... |
//
// integer (7, 9)                         float (8, 10)
//   reset hint 1                           same
//   schema varint, zero threshold f64      same
//   zero count uvarint, count uvarint      zero count f64, count f64
//   sum f64                                same
//   n uvarint, n x (offset varint, length uvarint)    positive spans, then negative spans; same
//   n uvarint, n x varint, each minus the one before; n uvarint, n x f64, absolute:
//   positive buckets, then negative buckets
//   only in schema -53: n uvarint, n x f64: custom bounds
//
// 9 and 10 hold those of schema -53, which Prometheus before 2.55 does not know.
//
// | type 12, 13 | (RecordStartTimes | histogram) ... |    integer, float; of any schema

/// Native histograms in parallel columns. Keep one, and empty it instead of making another.
package struct HistogramSampleColumns: Sendable {
  package var refs: [SeriesRef] = []
  package var times: [Int64] = []
  package var histograms: [FloatHistogram] = []
  /// When each sample's counter began, ms, 0 for unknown; or nothing at all: then they are logged
  /// by the older records.
  package var startTimes: [Int64] = []

  package init() {}

  package var count: Int { refs.count }

  package mutating func removeAll() {
    refs.removeAll(keepingCapacity: true)
    times.removeAll(keepingCapacity: true)
    histograms.removeAll(keepingCapacity: true)
    startTimes.removeAll(keepingCapacity: true)
  }

  package mutating func append(_ ref: SeriesRef, timeMs: Int64, histogram: FloatHistogram) {
    refs.append(ref)
    times.append(timeMs)
    histograms.append(histogram)
    if !startTimes.isEmpty { startTimes.append(0) }
  }

  package mutating func append(
    _ ref: SeriesRef, timeMs: Int64, histogram: FloatHistogram, startMs: Int64
  ) {
    startTimes.append(contentsOf: repeatElement(0, count: count - startTimes.count))
    refs.append(ref)
    times.append(timeMs)
    histograms.append(histogram)
    startTimes.append(startMs)
  }

  /// Start of the sample at an index, 0 for unknown.
  package func startMs(_ index: Int) -> Int64 { startTimes.isEmpty ? 0 : startTimes[index] }

  package mutating func truncate(to count: Int) {
    refs.removeLast(refs.count - count)
    times.removeLast(times.count - count)
    histograms.removeLast(histograms.count - count)
    startTimes.removeLast(max(0, startTimes.count - count))
  }
}

extension WALBatch {
  /// Up to two records of float histograms: those of custom bounds stand apart.
  package mutating func addHistograms(_ columns: HistogramSampleColumns) {
    guard columns.startTimes.isEmpty else { return addV2(columns, .floatHistogramSamplesV2) }
    addHistograms(columns, .floatHistogramSamples, customBounds: false)
    addHistograms(columns, .customBucketsFloatHistogramSamples, customBounds: true)
  }

  /// Up to two records of histograms whose counts are all whole numbers, 0...2^63.
  package mutating func addIntegerHistograms(_ columns: HistogramSampleColumns) {
    guard columns.startTimes.isEmpty else { return addV2(columns, .histogramSamplesV2) }
    addHistograms(columns, .histogramSamples, customBounds: false)
    addHistograms(columns, .customBucketsHistogramSamples, customBounds: true)
  }

  private mutating func addHistograms(
    _ columns: HistogramSampleColumns, _ type: RecordType, customBounds: Bool
  ) {
    let chosen = columns.histograms.indices.filter { i in
      (columns.histograms[i].schema == FloatHistogram.customBoundsSchema) == customBounds
    }
    guard let first = chosen.first else { return }
    let ref0 = columns.refs[first].number
    let time0 = columns.times[first]
    let isInteger = HistogramRecords.isInteger(type)
    add(type) { writer in
      writer.be64(ref0)
      writer.be64(UInt64(bitPattern: time0))
      for i in chosen {
        writer.varint(Int64(bitPattern: columns.refs[i].number &- ref0))
        writer.varint(columns.times[i] &- time0)
        HistogramRecords.encode(columns.histograms[i], isInteger: isInteger, &writer)
      }
    }
  }

  private mutating func addV2(_ columns: HistogramSampleColumns, _ type: RecordType) {
    guard columns.count > 0 else { return }
    add(type) { writer in
      var base = RecordStartTimes()
      for i in 0..<columns.count {
        base.encode(columns.refs[i], columns.times[i], columns.startTimes[i], &writer)
        HistogramRecords.encode(
          columns.histograms[i], isInteger: HistogramRecords.isInteger(type), &writer)
      }
    }
  }
}

package enum HistogramRecords {
  /// Whether a record's type is one of the six.
  package static func holds(_ type: RecordType) -> Bool {
    switch type {
    case .histogramSamples, .floatHistogramSamples, .customBucketsHistogramSamples,
      .customBucketsFloatHistogramSamples, .histogramSamplesV2, .floatHistogramSamplesV2:
      true
    default: false
    }
  }

  /// Whether a record's type is one of integer counts.
  package static func isInteger(_ type: RecordType) -> Bool {
    type == .histogramSamples || type == .customBucketsHistogramSamples
      || type == .histogramSamplesV2
  }

  /// Appends the histograms of a record of any of the six types. Integer counts become floats.
  /// Histograms that cannot be (`isSound`) are left out.
  /// - Throws: `RecordError`; `columns` are then as before.
  package static func decode(
    _ record: Span<UInt8>, into columns: inout HistogramSampleColumns
  ) throws(RecordError) {
    guard let type = RecordType(of: record), holds(type) else {
      throw .wrongType(record.isEmpty ? 0 : record[0])
    }
    let start = columns.count
    var reader = ByteReader(record, at: 1)
    guard !reader.isAtEnd else { return }
    do throws(ByteReaderError) {
      if type == .histogramSamplesV2 || type == .floatHistogramSamplesV2 {
        try decodeV2(&reader, isInteger: isInteger(type), into: &columns)
      } else {
        try decodeV1(&reader, isInteger: isInteger(type), into: &columns)
      }
    } catch {
      columns.truncate(to: start)
      throw .malformed(error)
    }
  }

  @_lifetime(reader: copy reader)
  private static func decodeV1(
    _ reader: inout ByteReader, isInteger: Bool, into columns: inout HistogramSampleColumns
  ) throws(ByteReaderError) {
    let ref0 = try reader.be64()
    let time0 = Int64(bitPattern: try reader.be64())
    while !reader.isAtEnd {
      let ref = ref0 &+ UInt64(bitPattern: try reader.varint())
      let time = time0 &+ (try reader.varint())
      let histogram = try decode(&reader, isInteger: isInteger)
      guard isSound(histogram) else { continue }
      columns.append(SeriesRef(ref), timeMs: time, histogram: histogram)
    }
  }

  @_lifetime(reader: copy reader)
  private static func decodeV2(
    _ reader: inout ByteReader, isInteger: Bool, into columns: inout HistogramSampleColumns
  ) throws(ByteReaderError) {
    var base = RecordStartTimes()
    while !reader.isAtEnd {
      let (ref, time, start) = try base.decode(&reader)
      let histogram = try decode(&reader, isInteger: isInteger)
      guard isSound(histogram) else { continue }
      columns.append(SeriesRef(ref), timeMs: time, histogram: histogram, startMs: start)
    }
  }

  /// Whether the schema is one that is known (-9...52, or custom bounds) and the spans cover the
  /// buckets. Others are skipped, as Prometheus skips unknown schemas.
  static func isSound(_ h: FloatHistogram) -> Bool {
    let isCustom = h.schema == FloatHistogram.customBoundsSchema
    guard isCustom || (-9...52).contains(h.schema) else { return false }
    func covers(_ spans: [FloatHistogram.Span], _ buckets: [Double]) -> Bool {
      spans.reduce(0) { $0 + Int($1.length) } == buckets.count
    }
    return covers(h.positiveSpans, h.positiveBuckets) && covers(h.negativeSpans, h.negativeBuckets)
  }

  /// Whether a histogram can be written as one of integer counts.
  static func isWhole(_ h: FloatHistogram) -> Bool {
    func isWhole(_ count: Double) -> Bool { UInt64(exactly: count) != nil && count < 0x1p63 }
    return isWhole(h.zeroCount) && isWhole(h.count) && h.positiveBuckets.allSatisfy(isWhole)
      && h.negativeBuckets.allSatisfy(isWhole)
  }

  static func encode(_ h: FloatHistogram, isInteger: Bool, _ writer: inout ByteWriter) {
    writer.u8(h.resetHint.rawValue)
    writer.varint(Int64(h.schema))
    writer.f64(h.zeroThreshold)
    if isInteger {
      writer.uvarint(whole(h.zeroCount))
      writer.uvarint(whole(h.count))
    } else {
      writer.f64(h.zeroCount)
      writer.f64(h.count)
    }
    writer.f64(h.sum)
    for spans in [h.positiveSpans, h.negativeSpans] {
      writer.uvarint(UInt64(spans.count))
      for span in spans {
        writer.varint(Int64(span.offset))
        writer.uvarint(UInt64(span.length))
      }
    }
    for buckets in [h.positiveBuckets, h.negativeBuckets] {
      writer.uvarint(UInt64(buckets.count))
      var last: Int64 = 0
      for bucket in buckets {
        guard isInteger else {
          writer.f64(bucket)
          continue
        }
        let now = Int64(bitPattern: whole(bucket))
        writer.varint(now &- last)
        last = now
      }
    }
    guard h.schema == FloatHistogram.customBoundsSchema else { return }
    writer.uvarint(UInt64(h.customBounds.count))
    for bound in h.customBounds { writer.f64(bound) }
  }

  private static func whole(_ count: Double) -> UInt64 {
    guard let whole = UInt64(exactly: count) else {
      preconditionFailure("count of an integer histogram: \(count)")
    }
    return whole
  }

  @_lifetime(reader: copy reader)
  static func decode(
    _ reader: inout ByteReader, isInteger: Bool
  ) throws(ByteReaderError) -> FloatHistogram {
    var h = FloatHistogram()
    h.resetHint = FloatHistogram.ResetHint(rawValue: try reader.u8()) ?? .unknown
    h.schema = Int32(truncatingIfNeeded: try reader.varint())
    h.zeroThreshold = try reader.f64()
    if isInteger {
      h.zeroCount = Double(try reader.uvarint())
      h.count = Double(try reader.uvarint())
    } else {
      h.zeroCount = try reader.f64()
      h.count = try reader.f64()
    }
    h.sum = try reader.f64()
    h.positiveSpans = try spans(&reader)
    h.negativeSpans = try spans(&reader)
    h.positiveBuckets = try buckets(&reader, isInteger)
    h.negativeBuckets = try buckets(&reader, isInteger)
    if h.schema == FloatHistogram.customBoundsSchema {
      h.customBounds = try buckets(&reader, false)
    }
    return h
  }

  @_lifetime(reader: copy reader)
  private static func spans(
    _ reader: inout ByteReader
  ) throws(ByteReaderError) -> [FloatHistogram.Span] {
    let count = try bounded(&reader, bytesEach: 2)
    var spans: [FloatHistogram.Span] = []
    spans.reserveCapacity(count)
    for _ in 0..<count {
      let offset = Int32(truncatingIfNeeded: try reader.varint())
      let length = UInt32(truncatingIfNeeded: try reader.uvarint())
      spans.append(FloatHistogram.Span(offset: offset, length: length))
    }
    return spans
  }

  @_lifetime(reader: copy reader)
  private static func buckets(
    _ reader: inout ByteReader, _ isInteger: Bool
  ) throws(ByteReaderError) -> [Double] {
    let count = try bounded(&reader, bytesEach: isInteger ? 1 : 8)
    var buckets: [Double] = []
    buckets.reserveCapacity(count)
    var sum: Int64 = 0
    for _ in 0..<count {
      if isInteger {
        sum &+= try reader.varint()
        buckets.append(Double(sum))
      } else {
        buckets.append(try reader.f64())
      }
    }
    return buckets
  }

  /// A count of things that must all be there, so that a lie does not make us allocate.
  @_lifetime(reader: copy reader)
  private static func bounded(
    _ reader: inout ByteReader, bytesEach: Int
  ) throws(ByteReaderError) -> Int {
    let offset = reader.offset
    let count = try reader.uvarint()
    guard count <= UInt64(reader.remaining / bytesEach) else {
      throw .truncated(
        offset: offset, wanted: Int(truncatingIfNeeded: min(count, 1 << 40)) * bytesEach,
        left: reader.remaining)
    }
    return Int(count)
  }
}
