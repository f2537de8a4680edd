package import ApusModel
internal import ApusStorage

// | count 2 | flags 1: top two bits reset header | layout | sample 0 | sample | ... |
//
//   sample 0: t varbit int             | what HistogramCode writes
//   sample:   change of Δt varbit int  |
//
// Layout: HistogramLayout. Mirror image: HistogramDecoder. Source: Prometheus,
// tsdb/chunkenc/histogram.go, float_histogram.go.

/// Native histograms with integer counts: whole numbers, 0...2^53.
package typealias HistogramChunk = HistogramEncoder<IntegerHistogramCode>
/// Native histograms with float counts.
package typealias FloatHistogramChunk = HistogramEncoder<FloatHistogramCode>

/// Native histograms, appended to a chunk one by one.
package struct HistogramEncoder<Code: HistogramCode>: ~Copyable {
  private var writer = BitWriter(capacityBytes: 1024)
  private var header: ChunkResetHeader
  private var last = FloatHistogram()
  private var lastTime: Int64 = 0
  private var timeDelta: Int64 = 0
  private var code = Code(positiveCount: 0, negativeCount: 0)

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

  /// Appends a histogram with as many buckets as its spans say.
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
      try HistogramDecoder<Code>.decode(writer.span, into: &batch)
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
    if count == 0 {
      HistogramLayout(h).encode(&writer)
      code = Code(positiveCount: h.positiveBuckets.count, negativeCount: h.negativeBuckets.count)
      timeDelta = 0
      writer.varbitInt(time)
    } else {
      let delta = time &- lastTime
      writer.varbitInt(delta &- timeDelta)
      timeDelta = delta
    }
    code.encode(h, isFirst: count == 0, into: &writer)
    count += 1
    writer.patchBE16(byte: 0, UInt16(truncatingIfNeeded: count))
    lastTime = time
    // A stale sample leaves the layout of the chunk as it was.
    if count > 1 && StaleMarker.isStale(h.sum) { last.sum = h.sum } else { last = h }
  }
}

extension FloatHistogram {
  /// Only the sum where that is the stale marker.
  var emptyIfStale: FloatHistogram {
    guard StaleMarker.isStale(sum) else { return self }
    var h = FloatHistogram()
    h.sum = sum
    return h
  }

  /// The same counts in wider spans.
  fileprivate func laidOut(
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
