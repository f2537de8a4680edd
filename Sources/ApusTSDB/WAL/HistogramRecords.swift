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

/// Native histograms in parallel columns. Keep one, and empty it instead of making another.
package struct HistogramSampleColumns: Sendable {
  package var refs: [SeriesRef] = []
  package var times: [Int64] = []
  package var histograms: [FloatHistogram] = []

  package init() {}

  package var count: Int { refs.count }

  package mutating func removeAll() {
    refs.removeAll(keepingCapacity: true)
    times.removeAll(keepingCapacity: true)
    histograms.removeAll(keepingCapacity: true)
  }

  package mutating func append(_ ref: SeriesRef, timeMs: Int64, histogram: FloatHistogram) {
    refs.append(ref)
    times.append(timeMs)
    histograms.append(histogram)
  }
}

extension WALBatch {
  /// Up to two records of float histograms: those of custom bounds stand apart.
  package mutating func addHistograms(_ columns: HistogramSampleColumns) {
    addHistograms(columns, .floatHistogramSamples, customBounds: false)
    addHistograms(columns, .customBucketsFloatHistogramSamples, customBounds: true)
  }

  /// Up to two records of histograms whose counts are all whole numbers, 0...2^63.
  package mutating func addIntegerHistograms(_ columns: HistogramSampleColumns) {
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
    let isInteger = type == .histogramSamples || type == .customBucketsHistogramSamples
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
}

package enum HistogramRecords {
  /// Whether a record's type is one of the four.
  package static func holds(_ type: RecordType) -> Bool {
    switch type {
    case .histogramSamples, .floatHistogramSamples, .customBucketsHistogramSamples,
      .customBucketsFloatHistogramSamples:
      true
    default: false
    }
  }

  /// Whether a record's type is one of integer counts.
  package static func isInteger(_ type: RecordType) -> Bool {
    type == .histogramSamples || type == .customBucketsHistogramSamples
  }

  /// Appends the histograms of a record of any of the four types. Integer counts become floats.
  /// - Throws: `RecordError`; `columns` then holds what came before the damage.
  package static func decode(
    _ record: Span<UInt8>, into columns: inout HistogramSampleColumns
  ) throws(RecordError) {
    guard let type = RecordType(of: record), holds(type) else {
      throw .wrongType(record.isEmpty ? 0 : record[0])
    }
    var reader = ByteReader(record, at: 1)
    guard !reader.isAtEnd else { return }
    do throws(ByteReaderError) {
      let ref0 = try reader.be64()
      let time0 = Int64(bitPattern: try reader.be64())
      while !reader.isAtEnd {
        let ref = ref0 &+ UInt64(bitPattern: try reader.varint())
        let time = time0 &+ (try reader.varint())
        let histogram = try decode(&reader, isInteger: isInteger(type))
        columns.append(SeriesRef(ref), timeMs: time, histogram: histogram)
      }
    } catch {
      throw .malformed(error)
    }
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
