import ApusModel
import Testing

@Suite struct FloatHistogramTests {
  private func histogram(
    schema: Int32 = 0, zero: Double = 0, _ buckets: [Double], offset: Int32 = 0,
    threshold: Double = 0.001
  ) -> FloatHistogram {
    var histogram = FloatHistogram()
    histogram.schema = schema
    histogram.zeroThreshold = threshold
    histogram.zeroCount = zero
    histogram.positiveSpans = [.init(offset: offset, length: UInt32(buckets.count))]
    histogram.positiveBuckets = buckets
    histogram.count = buckets.reduce(zero, +)
    return histogram
  }

  private func custom(_ bounds: [Double], _ buckets: [Double]) -> FloatHistogram {
    var histogram = histogram(schema: FloatHistogram.customBoundsSchema, buckets)
    histogram.zeroThreshold = 0
    histogram.customBounds = bounds
    return histogram
  }

  @Test func `bucket bounds are powers of two to the power of a schema`() {
    #expect(FloatHistogram.exponentialBound(1, schema: 0) == 2)
    #expect(FloatHistogram.exponentialBound(0, schema: 0) == 1)
    #expect(FloatHistogram.exponentialBound(-1, schema: 0) == 0.5)
    #expect(FloatHistogram.exponentialBound(2, schema: 1) == 2)
    #expect(FloatHistogram.exponentialBound(1, schema: 1) == 2.0.squareRoot().nextDown)
    #expect(FloatHistogram.exponentialBound(1, schema: -2) == 16)
    #expect(FloatHistogram.exponentialBound(1024, schema: 0) == .greatestFiniteMagnitude)
  }

  @Test func `sums of different resolutions have the coarser one`() throws {
    var sum = histogram(schema: 1, [1, 2, 3, 4], offset: 1)
    let notes = try sum.add(histogram(schema: 0, [10], offset: 1))
    #expect(notes == FloatHistogram.JoinNotes())
    #expect(sum.schema == 0)
    #expect(sum.positiveBuckets == [13, 7])
    #expect(sum.count == 20)
  }

  @Test func `a wider zero bucket swallows the buckets inside of it`() throws {
    var sum = histogram(zero: 1, [1, 2, 4], offset: -1, threshold: 0.25)
    try #expect(sum.add(histogram(zero: 5, [], threshold: 1)) == FloatHistogram.JoinNotes())
    #expect(sum.zeroThreshold == 1)
    #expect(sum.zeroCount == 1 + 1 + 2 + 5)
    #expect(sum.compacted.positiveBuckets == [4])
  }

  @Test func `custom bounds are reconciled to those that both have`() throws {
    var sum = custom([1, 2, 5], [1, 2, 3, 4])
    let notes = try sum.add(custom([2, 3, 5], [10, 20, 30, 40]))
    #expect(notes.hasReconciledBounds)
    #expect(sum.customBounds == [2, 5])
    #expect(sum.positiveBuckets == [13, 53, 44])
  }

  @Test func `exponential and custom buckets do not add up`() {
    var sum = custom([1], [1, 1])
    #expect(throws: FloatHistogram.IncompatibleSchemas.self) { try sum.add(histogram([1])) }
  }

  @Test func `hints contradict each other only where both are certain`() throws {
    var a = histogram([1])
    var b = a
    a.resetHint = .reset
    b.resetHint = .notReset
    var sum = a
    #expect(try sum.add(b).hasResetCollision)
    #expect(sum.resetHint == .unknown)
    b.resetHint = .gauge
    sum = a
    #expect(try !sum.add(b).hasResetCollision)
    #expect(sum.resetHint == .gauge)
  }

  @Test func `any count that went down is a reset`() {
    let before = histogram(zero: 1, [3, 4])
    #expect(!histogram(zero: 1, [3, 4]).detectReset(before))
    #expect(!histogram(zero: 2, [3, 5]).detectReset(before))
    #expect(histogram(zero: 5, [3, 3]).detectReset(before))
    #expect(histogram(zero: 0, [9, 9]).detectReset(before))
    #expect(histogram(schema: 1, zero: 9, [9, 9]).detectReset(before), "finer than before")
    #expect(!histogram(schema: -1, zero: 9, [9, 9]).detectReset(before))
    var hinted = histogram(zero: 9, [9, 9])
    hinted.resetHint = .reset
    #expect(hinted.detectReset(before))
  }

  @Test func `divided by zero only the zero bucket is left`() {
    var histogram = histogram(zero: 2, [1, 1])
    histogram.divide(by: 0)
    #expect(histogram.positiveBuckets.isEmpty)
    #expect(histogram.zeroCount == .infinity && histogram.count == .infinity)
  }

  @Test func `compaction leaves out empty buckets and joins spans`() {
    let compacted = histogram([0, 1, 0, 0, 2, 3, 0]).compacted
    #expect(
      compacted.positiveSpans == [.init(offset: 1, length: 1), .init(offset: 2, length: 2)])
    #expect(compacted.positiveBuckets == [1, 2, 3])
  }

  @Test func `as a text, buckets stand with their bounds`() {
    var shown = histogram(zero: 1, [2], offset: 1)
    shown.sum = 4.5
    shown.negativeSpans = [.init(offset: 0, length: 1)]
    shown.negativeBuckets = [3]
    #expect(
      "\(shown)" == "{count:3, sum:4.5, [-1,-0.5):3, [-0.001,0.001]:1, (1,2]:2}")
  }

  @Test func `bounds are those of Prometheus's table to the bit`() {
    func bounds(_ schema: Int32) -> [Double] {
      (0..<(Int32(1) << schema)).map { FloatHistogram.exponentialBound($0, schema: schema) / 2 }
    }
    #expect(bounds(0) == [0.5])
    #expect(bounds(1) == [0.5, 0.7071067811865475])
    #expect(
      bounds(3) == [
        0.5, 0.5452538663326288, 0.5946035575013605, 0.6484197773255048, 0.7071067811865475,
        0.7711054127039704, 0.8408964152537144, 0.9170040432046711,
      ])
    #expect(
      bounds(8).suffix(4) == [
        0.9892280131939752, 0.9919100824251095, 0.9945994234836328, 0.9972960560854698,
      ])
    #expect(FloatHistogram.exponentialBound(-3, schema: 1) == 0.35355339059327373)
    #expect(FloatHistogram.exponentialBound(1024 << 8, schema: 8) == .greatestFiniteMagnitude)
    #expect(FloatHistogram.exponentialBound((1024 << 8) + 1, schema: 8) == .infinity)
  }

  @Test func `a zero bucket may reach into a bucket, which then begins behind it`() {
    var earlier = histogram(zero: 2, [4, 1], offset: -1)
    earlier.zeroThreshold = 0.3
    var later = histogram(zero: 3, [5, 1], offset: -1)
    later.zeroThreshold = 0.3
    #expect(!later.detectReset(earlier))
    #expect(earlier.detectReset(later))
    #expect(earlier.allBuckets.map(\.lower) == [-0.3, 0.3, 0.5])
    #expect(earlier.allBuckets.map(\.upper) == [0.3, 0.5, 1])
    #expect("\(earlier)".contains("(0.25,0.5]:4"))
    // A negative zero bucket is shown, and counts for nothing.
    var negative = earlier
    negative.multiply(by: -1)
    #expect(negative.allBuckets.map(\.count) == [-4, -1])
    #expect("\(negative)".contains("[-0.3,0.3]:-2"))
    // Only one that grows to it takes the bucket in.
    var narrow = earlier
    narrow.zeroThreshold = 0.001
    #expect(later.detectReset(narrow))
  }

  @Test func `a compensated sum keeps what a plain one loses`() throws {
    var big = histogram([1e100])
    big.sum = 1e100
    var small = histogram([1])
    small.sum = 1
    var negative = histogram([-1e100])
    negative.sum = -1e100
    var sum = KahanHistogram(small)
    for part in [big, small, negative] {
      try #expect(sum.add(part) == FloatHistogram.JoinNotes())
    }
    #expect(sum.value.sum == 2)
    #expect(sum.value.positiveBuckets == [2])
  }
}
