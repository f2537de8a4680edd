package import ApusModel
internal import ApusStorage

// | count 2 | flags 1: top two bits reset header | layout | sample 0 | sample | ... |
//
//   sample 0: t varbit int | count, zero count, sum, buckets: 64 bits each
//   sample:   change of Δt varbit int | count, zero count, sum, buckets: VAL (XORChunk), each with
//             a window of its own
//   A stale sample has a stale marker for its sum, and no buckets.
//
// Layout: HistogramLayout. Mirror image: HistogramDecoder. Source: Prometheus,
// tsdb/chunkenc/float_histogram.go.

/// Native histograms with float counts, appended one by one.
package struct FloatHistogramChunk: ~Copyable {
  private var writer = BitWriter(capacityBytes: 1024)
  private var header: ChunkResetHeader
  private var last = FloatHistogram()
  private var lastTime: Int64 = 0
  private var timeDelta: Int64 = 0
  /// Count, zero count, sum, then all buckets.
  private var values: [XORValue] = []

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
      try HistogramDecoder.decodeFloats(writer.span, into: &batch)
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
    let fields = [h.count, h.zeroCount, h.sum] + h.positiveBuckets + h.negativeBuckets
    if count == 0 {
      HistogramLayout(h).encode(&writer)
      writer.varbitInt(time)
      for field in fields { writer.put(field.bitPattern, 64) }
      values = fields.map(XORValue.init)
      timeDelta = 0
    } else {
      let delta = time &- lastTime
      writer.varbitInt(delta &- timeDelta)
      timeDelta = delta
      for (i, field) in fields.enumerated() { writer.xor(field, &values[i]) }
    }
    count += 1
    writer.patch(byte: 0, UInt8(truncatingIfNeeded: count >> 8))
    writer.patch(byte: 1, UInt8(truncatingIfNeeded: count))
    lastTime = time
    // A stale sample leaves the layout of the chunk as it was.
    if count > 1 && StaleMarker.isStale(h.sum) { last.sum = h.sum } else { last = h }
  }
}
