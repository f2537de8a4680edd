internal import ApusModel

// | zero threshold | schema varbit int | spans | spans | only in schema -53: bounds |
//
//   zero threshold: 0 as byte 0; 2^n, n -243...10, as byte n + 244; others byte 255 + 64 bits
//   spans:  n varbit uint | n x (length varbit uint, offset varbit int); positive, then negative
//   bounds: n varbit uint | n x bound; a bound that is a whole number of thousandths up to
//           33554.430 is varbit uint of thousandths + 1, others are bit 0 + 64 bits
//
// Source: Prometheus, tsdb/chunkenc/histogram_meta.go.

/// What the samples of a histogram chunk share.
struct HistogramLayout: Equatable {
  var schema: Int32 = 0
  var zeroThreshold = 0.0
  var positiveSpans: [FloatHistogram.Span] = []
  var negativeSpans: [FloatHistogram.Span] = []
  var customBounds: [Double] = []

  init() {}

  init(_ h: FloatHistogram) {
    schema = h.schema
    zeroThreshold = h.zeroThreshold
    positiveSpans = h.positiveSpans
    negativeSpans = h.negativeSpans
    customBounds = h.customBounds
  }

  /// A histogram of this layout without counts.
  var histogram: FloatHistogram {
    var h = FloatHistogram()
    h.schema = schema
    h.zeroThreshold = zeroThreshold
    h.positiveSpans = positiveSpans
    h.negativeSpans = negativeSpans
    h.customBounds = customBounds
    return h
  }

  static func bucketCount(_ spans: [FloatHistogram.Span]) -> Int {
    spans.reduce(0) { $0 + Int($1.length) }
  }

  private static let thousandthsMax = 33_554_430.0

  func encode(_ writer: inout BitWriter) {
    if zeroThreshold == 0 {
      writer.put(0, 8)
    } else if zeroThreshold.significandBitPattern == 0, zeroThreshold.isNormal,
      zeroThreshold > 0, (-243...10).contains(zeroThreshold.exponent)
    {
      writer.put(UInt64(zeroThreshold.exponent + 244), 8)
    } else {
      writer.put(255, 8)
      writer.put(zeroThreshold.bitPattern, 64)
    }
    writer.varbitInt(Int64(schema))
    for spans in [positiveSpans, negativeSpans] {
      writer.varbitUint(UInt64(spans.count))
      for span in spans {
        writer.varbitUint(UInt64(span.length))
        writer.varbitInt(Int64(span.offset))
      }
    }
    guard schema == FloatHistogram.customBoundsSchema else { return }
    writer.varbitUint(UInt64(customBounds.count))
    for bound in customBounds {
      let thousandths = bound * 1000
      if thousandths >= 0 && thousandths <= Self.thousandthsMax
        && thousandths == thousandths.rounded(.down)
      {
        writer.varbitUint(UInt64(thousandths) + 1)
      } else {
        writer.put(false)
        writer.put(bound.bitPattern, 64)
      }
    }
  }

  @_lifetime(reader: copy reader)
  static func decode(
    _ reader: inout BitReader, bitsMax: Int
  ) throws(ChunkError) -> HistogramLayout {
    var layout = HistogramLayout()
    switch reader.take(8) {
    case 0: layout.zeroThreshold = 0
    case 255: layout.zeroThreshold = Double(bitPattern: reader.take(64))
    case let byte:
      layout.zeroThreshold = Double(
        sign: .plus, exponent: Int(byte) - 244, significand: 1)
    }
    layout.schema = Int32(truncatingIfNeeded: reader.varbitInt())
    layout.positiveSpans = try spans(&reader, bitsMax)
    layout.negativeSpans = try spans(&reader, bitsMax)
    if layout.schema == FloatHistogram.customBoundsSchema {
      let count = try bounded(reader.varbitUint(), bitsMax)
      layout.customBounds.reserveCapacity(count)
      for _ in 0..<count {
        let thousandths = reader.varbitUint()
        layout.customBounds.append(
          thousandths == 0
            ? Double(bitPattern: reader.take(64)) : Double(thousandths - 1) / 1000)
      }
    }
    if reader.isBeyondEnd { throw .truncated }
    return layout
  }

  @_lifetime(reader: copy reader)
  private static func spans(
    _ reader: inout BitReader, _ bitsMax: Int
  ) throws(ChunkError) -> [FloatHistogram.Span] {
    let count = try bounded(reader.varbitUint(), bitsMax)
    var spans: [FloatHistogram.Span] = []
    spans.reserveCapacity(count)
    var buckets: UInt64 = 0
    for _ in 0..<count {
      let length = reader.varbitUint()
      let offset = Int32(truncatingIfNeeded: reader.varbitInt())
      buckets &+= length
      // Each bucket takes a bit at least in each sample: more cannot be there.
      _ = try bounded(max(length, buckets), bitsMax)
      spans.append(.init(offset: offset, length: UInt32(length)))
    }
    return spans
  }

  private static func bounded(_ count: UInt64, _ bitsMax: Int) throws(ChunkError) -> Int {
    guard count <= UInt64(bitsMax) else { throw .corrupt("layout of \(count) parts") }
    return Int(count)
  }
}

/// Buckets by their index, which spans leave implicit.
enum BucketIndices {
  static func list(_ spans: [FloatHistogram.Span]) -> [Int] {
    var indices: [Int] = []
    var next = 0
    for span in spans {
      next += Int(span.offset)
      for _ in 0..<span.length {
        indices.append(next)
        next += 1
      }
    }
    return indices
  }

  /// The fewest spans that cover ascending indices.
  static func spans(_ indices: [Int]) -> [FloatHistogram.Span] {
    var spans: [FloatHistogram.Span] = []
    var next = 0
    for index in indices {
      if !spans.isEmpty && index == next {
        spans[spans.count - 1].length += 1
      } else {
        spans.append(.init(offset: Int32(truncatingIfNeeded: index - next), length: 1))
      }
      next = index + 1
    }
    return spans
  }

  /// Counts of `from`, laid out for `to`, which has all its indices; new buckets are empty.
  static func spread(_ counts: [Double], from: [Int], to: [Int]) -> [Double] {
    var result = [Double](repeating: 0, count: to.count)
    var at = 0
    for (i, index) in to.enumerated() where at < from.count && from[at] == index {
      result[i] = counts[at]
      at += 1
    }
    return result
  }

  static func union(_ a: [Int], _ b: [Int]) -> [Int] {
    var result: [Int] = []
    result.reserveCapacity(max(a.count, b.count))
    var i = 0
    var j = 0
    while i < a.count || j < b.count {
      if j == b.count || (i < a.count && a[i] < b[j]) {
        result.append(a[i])
        i += 1
      } else {
        if i < a.count && a[i] == b[j] { i += 1 }
        result.append(b[j])
        j += 1
      }
    }
    return result
  }
}
