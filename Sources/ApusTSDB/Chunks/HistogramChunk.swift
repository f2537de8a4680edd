package import ApusModel
internal import ApusStorage

// | count 2 | flags 1: top two bits reset header | layout | sample 0 | sample | ... |
//
//   sample 0: t varbit int | count varbit uint | zero count varbit uint | sum 64 bits |
//             buckets varbit int, each minus the one before; positive, then negative
//   sample:   change of Δ of t, count, zero count: varbit int | sum VAL (XORChunk) |
//             change of Δ of each bucket number: varbit int
//   A stale sample has a stale marker for its sum, no change of count and zero count, no buckets.
//
// Layout: HistogramLayout. Mirror image: HistogramDecoder. Source: Prometheus,
// tsdb/chunkenc/histogram.go.

/// Native histograms with integer counts, appended one by one.
package struct HistogramChunk: ~Copyable {
  private var writer = BitWriter(capacityBytes: 1024)
  private var header: ChunkResetHeader
  private var last = FloatHistogram()
  private var lastTime: Int64 = 0
  private var timeDelta: Int64 = 0
  private var sum = XORValue(0)
  /// Count, zero count, then all bucket numbers; and how they last changed.
  private var numbers: [Int64] = []
  private var deltas: [Int64] = []

  /// Number of samples.
  package private(set) var count = 0

  package init(header: ChunkResetHeader = .unknown) {
    self.header = header
    begin()
  }

  package var byteCount: Int { writer.byteCount }

  /// The finished bytes, borrowed.
  package var span: Span<UInt8> {
    @_lifetime(borrow self)
    get { writer.span }
  }

  private mutating func begin() {
    writer.removeAll()
    writer.putZeros(16)
    writer.put(UInt64(header.rawValue), 8)
    count = 0
  }

  /// Appends a histogram whose counts are whole numbers, 0...2^53, and as many as its spans say.
  package mutating func append(
    timeMs time: Int64, _ h: FloatHistogram
  ) -> HistogramAppendOutcome {
    precondition(count < XORChunk.samplesMax, "chunk overfull: \(count)")
    guard count > 0 else {
      if h.resetHint == .gauge { header = .gauge }
      if h.resetHint == .reset { header = .reset }
      begin()
      encode(time, h)
      return .appended
    }
    switch HistogramAppendRules.decide(last: last, isGauge: header == .gauge, next: h) {
    case .newChunk(let header): return .needsChunk(header)
    case .append(let positive, let negative, let widens):
      if widens { widen(positive, negative) }
      encode(time, h.laidOut(positive, negative))
      return .appended
    }
  }

  /// Encodes all samples anew with more buckets.
  private mutating func widen(
    _ positive: [FloatHistogram.Span], _ negative: [FloatHistogram.Span]
  ) {
    var batch = SampleBatch()
    do throws(ChunkError) {
      try HistogramDecoder.decode(writer.span, into: &batch)
    } catch {
      preconditionFailure("a chunk of our own does not decode: \(error)")
    }
    begin()
    for (i, old) in batch.histograms.enumerated() {
      encode(batch.histogramTimes[i], old.laidOut(positive, negative))
    }
  }

  private mutating func encode(_ time: Int64, _ histogram: FloatHistogram) {
    let h = histogram.emptyIfStale
    if count == 0 { encodeFirst(time, h) } else { encodeNext(time, h) }
    count += 1
    writer.patch(byte: 0, UInt8(truncatingIfNeeded: count >> 8))
    writer.patch(byte: 1, UInt8(truncatingIfNeeded: count))
    lastTime = time
    // A stale sample leaves the layout of the chunk as it was.
    if count > 1 && StaleMarker.isStale(h.sum) { last.sum = h.sum } else { last = h }
  }

  private mutating func encodeFirst(_ time: Int64, _ h: FloatHistogram) {
    HistogramLayout(h).encode(&writer)
    numbers = h.integers
    deltas = [Int64](repeating: 0, count: numbers.count)
    timeDelta = 0
    sum = XORValue(h.sum)
    writer.varbitInt(time)
    writer.varbitUint(UInt64(bitPattern: numbers[0]))
    writer.varbitUint(UInt64(bitPattern: numbers[1]))
    writer.put(h.sum.bitPattern, 64)
    for number in numbers[2...] { writer.varbitInt(number) }
  }

  private mutating func encodeNext(_ time: Int64, _ h: FloatHistogram) {
    let delta = time &- lastTime
    writer.varbitInt(delta &- timeDelta)
    timeDelta = delta
    guard !StaleMarker.isStale(h.sum) else {
      writer.varbitInt(0)
      writer.varbitInt(0)
      writer.xor(h.sum, &sum)
      return
    }
    let new = h.integers
    for i in new.indices {
      if i == 2 { writer.xor(h.sum, &sum) }
      let change = new[i] &- numbers[i]
      writer.varbitInt(change &- deltas[i])
      deltas[i] = change
      numbers[i] = new[i]
    }
    if new.count == 2 { writer.xor(h.sum, &sum) }
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

  /// Only the sum where that is the stale marker.
  var emptyIfStale: FloatHistogram {
    guard StaleMarker.isStale(sum) else { return self }
    var h = FloatHistogram()
    h.sum = sum
    return h
  }

  /// The same counts in wider spans.
  func laidOut(
    _ positive: [FloatHistogram.Span], _ negative: [FloatHistogram.Span]
  ) -> FloatHistogram {
    guard !StaleMarker.isStale(sum), positive != positiveSpans || negative != negativeSpans else {
      return self
    }
    var h = self
    h.positiveBuckets = BucketIndices.spread(
      positiveBuckets, from: BucketIndices.list(positiveSpans), to: BucketIndices.list(positive))
    h.negativeBuckets = BucketIndices.spread(
      negativeBuckets, from: BucketIndices.list(negativeSpans), to: BucketIndices.list(negative))
    h.positiveSpans = positive
    h.negativeSpans = negative
    return h
  }
}
