package import ApusModel

/// What a histogram adds to a chunk besides its time, and back: one side writes, the other reads,
/// with the same memory of the sample before.
package protocol HistogramCode {
  static var encoding: ChunkEncoding { get }

  /// For the first sample of a chunk, whose layout all others share.
  /// - Parameters:
  ///   - positiveCount: buckets above zero, in every sample.
  ///   - negativeCount: those below.
  init(positiveCount: Int, negativeCount: Int)

  /// Writes count, zero count, sum and buckets. A stale one has no buckets.
  mutating func encode(_ h: FloatHistogram, isFirst: Bool, into writer: inout BitWriter)

  /// Reads what `encode` wrote.
  @_lifetime(reader: copy reader)
  mutating func decode(_ reader: inout BitReader, isFirst: Bool) throws(ChunkError)

  /// Sum of the sample read last; a stale marker for a stale one.
  var sum: Double { get }

  /// Puts what was read last into a histogram that has everything else.
  func fill(_ h: inout FloatHistogram)
}

//   sample 0: count varbit uint | zero count varbit uint | sum 64 bits |
//             buckets varbit int, each minus the one before; positive, then negative
//   sample:   change of Δ of count and zero count: varbit int | sum VAL (XORChunk) |
//             change of Δ of each bucket number: varbit int
//   A stale sample has a stale marker for its sum, no change of count and zero count, no buckets.
//
// Source: Prometheus, tsdb/chunkenc/histogram.go.

/// Integer counts.
package struct IntegerHistogramCode: HistogramCode {
  private let positiveCount: Int
  private var sumValue = XORValue(0)
  /// Count, zero count, then all bucket numbers; and how they last changed.
  private var numbers: [Int64]
  private var deltas: [Int64]

  package static var encoding: ChunkEncoding { .histogram }

  package init(positiveCount: Int, negativeCount: Int) {
    self.positiveCount = positiveCount
    numbers = [Int64](repeating: 0, count: 2 + positiveCount + negativeCount)
    deltas = numbers
  }

  package var sum: Double { sumValue.value }

  package mutating func encode(
    _ h: FloatHistogram, isFirst: Bool, into writer: inout BitWriter
  ) {
    guard !isFirst else { return encodeFirst(h, into: &writer) }
    guard !StaleMarker.isStale(h.sum) else {
      writer.varbitInt(0)
      writer.varbitInt(0)
      writer.xor(h.sum, &sumValue)
      return
    }
    let new = h.integers
    for i in new.indices {
      let change = new[i] &- numbers[i]
      writer.varbitInt(change &- deltas[i])
      deltas[i] = change
      numbers[i] = new[i]
      if i == 1 { writer.xor(h.sum, &sumValue) }
    }
  }

  private mutating func encodeFirst(_ h: FloatHistogram, into writer: inout BitWriter) {
    numbers = h.integers
    sumValue = XORValue(h.sum)
    writer.varbitUint(UInt64(bitPattern: numbers[0]))
    writer.varbitUint(UInt64(bitPattern: numbers[1]))
    writer.put(h.sum.bitPattern, 64)
    for number in numbers[2...] { writer.varbitInt(number) }
  }

  @_lifetime(reader: copy reader)
  package mutating func decode(
    _ reader: inout BitReader, isFirst: Bool
  ) throws(ChunkError) {
    if isFirst {
      numbers[0] = Int64(bitPattern: reader.varbitUint())
      numbers[1] = Int64(bitPattern: reader.varbitUint())
      sumValue.bits = reader.take(64)
      for i in numbers.indices.dropFirst(2) { numbers[i] = reader.varbitInt() }
      return
    }
    for i in 0..<2 { step(i, reader.varbitInt()) }
    try reader.xor(&sumValue)
    guard !StaleMarker.isStale(sum) else { return }
    for i in numbers.indices.dropFirst(2) { step(i, reader.varbitInt()) }
  }

  @inline(__always)
  private mutating func step(_ i: Int, _ change: Int64) {
    deltas[i] &+= change
    numbers[i] &+= deltas[i]
  }

  package func fill(_ h: inout FloatHistogram) {
    h.count = Double(UInt64(bitPattern: numbers[0]))
    h.zeroCount = Double(UInt64(bitPattern: numbers[1]))
    h.sum = sum
    h.positiveBuckets = running(numbers[2..<(2 + positiveCount)])
    h.negativeBuckets = running(numbers[(2 + positiveCount)...])
  }

  private func running(_ differences: ArraySlice<Int64>) -> [Double] {
    var sum: Int64 = 0
    return differences.map { difference in
      sum &+= difference
      return Double(sum)
    }
  }
}

//   sample 0: count, zero count, sum, buckets: 64 bits each
//   sample:   count, zero count, sum, buckets: VAL (XORChunk), each with a window of its own
//   A stale sample has a stale marker for its sum, and no buckets.
//
// Source: Prometheus, tsdb/chunkenc/float_histogram.go.

/// Float counts.
package struct FloatHistogramCode: HistogramCode {
  private let positiveCount: Int
  /// Count, zero count, sum, then all buckets.
  private var values: [XORValue]

  package static var encoding: ChunkEncoding { .floatHistogram }

  package init(positiveCount: Int, negativeCount: Int) {
    self.positiveCount = positiveCount
    values = [XORValue](repeating: XORValue(0), count: 3 + positiveCount + negativeCount)
  }

  package var sum: Double { values[2].value }

  package mutating func encode(
    _ h: FloatHistogram, isFirst: Bool, into writer: inout BitWriter
  ) {
    let fields = [h.count, h.zeroCount, h.sum] + h.positiveBuckets + h.negativeBuckets
    for (i, field) in fields.enumerated() {
      if isFirst {
        writer.put(field.bitPattern, 64)
        values[i].bits = field.bitPattern
      } else {
        writer.xor(field, &values[i])
      }
    }
  }

  @_lifetime(reader: copy reader)
  package mutating func decode(
    _ reader: inout BitReader, isFirst: Bool
  ) throws(ChunkError) {
    if isFirst {
      for i in values.indices { values[i].bits = reader.take(64) }
      return
    }
    for i in 0..<3 { try reader.xor(&values[i]) }
    guard !StaleMarker.isStale(sum) else { return }
    for i in values.indices.dropFirst(3) { try reader.xor(&values[i]) }
  }

  package func fill(_ h: inout FloatHistogram) {
    h.count = values[0].value
    h.zeroCount = values[1].value
    h.sum = sum
    h.positiveBuckets = values[3..<(3 + positiveCount)].map(\.value)
    h.negativeBuckets = values[(3 + positiveCount)...].map(\.value)
  }
}

extension FloatHistogram {
  /// Whether all counts are whole numbers that an integer chunk can hold.
  package var hasIntegerCounts: Bool {
    func isWhole(_ x: Double) -> Bool { x >= 0 && x <= 0x1p53 && x == x.rounded(.down) }
    return StaleMarker.isStale(sum)
      || (isWhole(count) && isWhole(zeroCount) && positiveBuckets.allSatisfy(isWhole)
        && negativeBuckets.allSatisfy(isWhole))
  }

  /// Count, zero count and the bucket numbers: each bucket minus the one before of its sign.
  fileprivate var integers: [Int64] {
    var result = [Int64(count), Int64(zeroCount)]
    result.reserveCapacity(2 + positiveBuckets.count + negativeBuckets.count)
    for buckets in [positiveBuckets, negativeBuckets] {
      var before: Int64 = 0
      for bucket in buckets {
        result.append(Int64(bucket) - before)
        before = Int64(bucket)
      }
    }
    return result
  }
}
