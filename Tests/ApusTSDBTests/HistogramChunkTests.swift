import ApusModel
import ApusStorage
import ApusSystem
import ApusTSDB
import Testing

struct HistogramChunkTests {
  private typealias Buckets = [Int: Double]

  /// A histogram with these buckets, in as few spans as there can be.
  private func histogram(
    _ positive: Buckets, _ negative: Buckets = [:], zero: Double = 0, sum: Double = 1,
    schema: Int32 = 2, hint: FloatHistogram.ResetHint = .unknown
  ) -> FloatHistogram {
    var h = FloatHistogram()
    h.schema = schema
    h.zeroThreshold = 0x1p-128
    h.zeroCount = zero
    h.count = zero + positive.values.reduce(0, +) + negative.values.reduce(0, +)
    h.sum = sum
    h.resetHint = hint
    (h.positiveSpans, h.positiveBuckets) = layout(positive)
    (h.negativeSpans, h.negativeBuckets) = layout(negative)
    return h
  }

  private func layout(_ buckets: Buckets) -> ([FloatHistogram.Span], [Double]) {
    var spans: [FloatHistogram.Span] = []
    var counts: [Double] = []
    var next = 0
    for (index, count) in buckets.sorted(by: { $0.key < $1.key }) {
      if !spans.isEmpty && index == next {
        spans[spans.count - 1].length += 1
      } else {
        spans.append(.init(offset: Int32(index - next), length: 1))
      }
      counts.append(count)
      next = index + 1
    }
    return (spans, counts)
  }

  /// The used buckets of a histogram, for comparison over layouts.
  private func buckets(_ spans: [FloatHistogram.Span], _ counts: [Double]) -> Buckets {
    var result: Buckets = [:]
    var next = 0
    var at = 0
    for span in spans {
      next += Int(span.offset)
      for _ in 0..<span.length {
        if counts[at] != 0 { result[next] = counts[at] }
        next += 1
        at += 1
      }
    }
    return result
  }

  private func same(_ a: FloatHistogram, _ b: FloatHistogram) -> Bool {
    if StaleMarker.isStale(a.sum) { return StaleMarker.isStale(b.sum) }
    return a.schema == b.schema && a.zeroThreshold == b.zeroThreshold && a.count == b.count
      && a.zeroCount == b.zeroCount && a.sum.bitPattern == b.sum.bitPattern
      && a.customBounds == b.customBounds
      && buckets(a.positiveSpans, a.positiveBuckets) == buckets(b.positiveSpans, b.positiveBuckets)
      && buckets(a.negativeSpans, a.negativeBuckets) == buckets(b.negativeSpans, b.negativeBuckets)
  }

  /// Appends to chunks of one encoding, as many as are needed; returns them with their headers.
  private func encode(
    _ samples: [(Int64, FloatHistogram)], floats: Bool
  ) -> [[UInt8]] {
    var chunks: [[UInt8]] = []
    var integer = HistogramChunk()
    var float = FloatHistogramChunk()
    for (time, h) in samples {
      let outcome = floats ? float.append(timeMs: time, h) : integer.append(timeMs: time, h)
      guard case .needsChunk(let header) = outcome else { continue }
      chunks.append(floats ? [UInt8](copying: float.span) : [UInt8](copying: integer.span))
      float = FloatHistogramChunk(header: header)
      integer = HistogramChunk(header: header)
      let again = floats ? float.append(timeMs: time, h) : integer.append(timeMs: time, h)
      #expect(again == .appended)
    }
    chunks.append(floats ? [UInt8](copying: float.span) : [UInt8](copying: integer.span))
    return chunks
  }

  private func decode(_ chunks: [[UInt8]], floats: Bool) throws -> SampleBatch {
    var batch = SampleBatch()
    for chunk in chunks {
      try ChunkDecoder.decode(floats ? .floatHistogram : .histogram, chunk.span, into: &batch)
    }
    return batch
  }

  @Test(arguments: [false, true])
  func `a growing histogram stays in one chunk and comes back`(_ floats: Bool) throws {
    var samples: [(Int64, FloatHistogram)] = []
    var positive: Buckets = [:]
    var negative: Buckets = [:]
    for i in 0..<150 {
      // New buckets come in between, in front and behind.
      positive[(i * 7) % 23 - 5, default: 0] += Double(1 + i % 4) * (floats ? 0.5 : 1)
      if i > 50 { negative[-(i % 5), default: 0] += 2 }
      samples.append(
        (Int64(i * 15_000 + i % 2), histogram(positive, negative, zero: Double(i / 3), sum: .pi)))
    }
    let chunks = encode(samples, floats: floats)
    #expect(chunks.count == 1)
    let batch = try decode(chunks, floats: floats)
    #expect(batch.histogramTimes == samples.map(\.0))
    #expect(zip(batch.histograms, samples).allSatisfy { same($0, $1.1) })
    #expect(batch.histograms.first?.resetHint == .unknown)
    #expect(batch.histograms.dropFirst().allSatisfy { $0.resetHint == .notReset })
  }

  @Test(arguments: [false, true])
  func `resets, other schemas and staleness begin a chunk`(_ floats: Bool) throws {
    let one = histogram([0: 5, 1: 3], zero: 2)
    func header(_ next: FloatHistogram, after: [FloatHistogram] = []) -> ChunkResetHeader? {
      var integer = HistogramChunk()
      var float = FloatHistogramChunk()
      var time: Int64 = 0
      for h in [one] + after {
        _ = floats ? float.append(timeMs: time, h) : integer.append(timeMs: time, h)
        time += 1
      }
      let outcome = floats ? float.append(timeMs: time, next) : integer.append(timeMs: time, next)
      guard case .needsChunk(let header) = outcome else { return nil }
      return header
    }
    var stale = FloatHistogram()
    stale.sum = StaleMarker.value
    #expect(header(one) == nil)
    #expect(header(stale) == nil)
    #expect(header(stale, after: [stale]) == nil)
    #expect(header(one, after: [stale]) == .unknown)
    #expect(header(histogram([0: 4, 1: 9], zero: 2)) == .reset)
    #expect(header(histogram([0: 9], zero: 9)) == .reset)
    #expect(header(histogram([0: 9, 1: 9], zero: 1)) == .reset)
    #expect(header(histogram([0: 1], zero: 0)) == .reset)
    #expect(header(histogram([0: 5, 1: 3], zero: 2, schema: 1)) == .unknown)
    #expect(header(histogram([0: 5, 1: 3], zero: 2, hint: .reset)) == .reset)
    #expect(header(histogram([0: 5, 1: 3], zero: 2, hint: .gauge)) == .gauge)
    // A bucket that is gone but was never used is no reset.
    #expect(header(one, after: [histogram([0: 5, 1: 3, 9: 0], zero: 2)]) == nil)
  }

  @Test(arguments: [false, true])
  func `gauges go up and down, and their buckets come and go`(_ floats: Bool) throws {
    let samples = (0..<60).map { i in
      (
        Int64(i) * 1000,
        histogram(
          [i % 7: Double(i % 5 + 1), 9 + i % 4 * 2: 2], [i % 3: Double((60 - i) % 9)],
          zero: Double(i % 4), sum: Double(-i), hint: .gauge)
      )
    }
    let chunks = encode(samples, floats: floats)
    #expect(chunks.count == 1)
    let batch = try decode(chunks, floats: floats)
    #expect(zip(batch.histograms, samples).allSatisfy { same($0, $1.1) })
    #expect(batch.histograms.allSatisfy { $0.resetHint == .gauge })
  }

  @Test(arguments: [false, true])
  func `a run with resets and stale samples comes back over several chunks`(_ floats: Bool) throws {
    var stale = FloatHistogram()
    stale.sum = StaleMarker.value
    var samples: [(Int64, FloatHistogram)] = []
    for i in 0..<80 {
      let h = i % 20 == 19 ? stale : histogram([0: Double(i % 13), 4: 1], sum: Double(i))
      samples.append((Int64(i) * 10, h))
    }
    let chunks = encode(samples, floats: floats)
    #expect(chunks.count > 4)
    let batch = try decode(chunks, floats: floats)
    #expect(batch.histogramTimes == samples.map(\.0))
    #expect(zip(batch.histograms, samples).allSatisfy { same($0, $1.1) })
  }

  @Test(arguments: [false, true])
  func `custom bounds come back, and others begin a chunk`(_ floats: Bool) throws {
    func custom(_ bounds: [Double], _ i: Int) -> FloatHistogram {
      var h = histogram([0: Double(i), 2: 1], schema: FloatHistogram.customBoundsSchema)
      h.zeroThreshold = 0
      h.customBounds = bounds
      return h
    }
    let bounds = [0, 0.001, 0.25, 1, 33_554.43, 33_554.431, 1e9, -3, 0.1 + 0.2]
    let samples = (0..<10).map { (Int64($0), custom(bounds, $0)) }
    let more = (10..<20).map { (Int64($0), custom([1, 2, 3], $0)) }
    let chunks = encode(samples + more, floats: floats)
    #expect(chunks.count == 2)
    let batch = try decode(chunks, floats: floats)
    #expect(zip(batch.histograms, samples + more).allSatisfy { same($0, $1.1) })
    #expect(batch.histograms[10].resetHint == .reset)
  }

  @Test(arguments: [0, 0x1p-243, 0x1p-128, 0x1p10, 0x1p11, 0x1p-244, 0.001, 3, -1])
  func `a zero threshold comes back`(_ threshold: Double) throws {
    var h = histogram([0: 1])
    h.zeroThreshold = threshold
    let batch = try decode(encode([(1, h)], floats: true), floats: true)
    #expect(batch.histograms.first?.zeroThreshold == threshold)
  }

  @Test(arguments: [false, true])
  func `cut or changed bytes never crash, and leave the batch as it was`(_ floats: Bool) {
    var samples: [(Int64, FloatHistogram)] = []
    for i in 0..<30 {
      let buckets = [0: Double(i), 1 + i / 10: 3]
      samples.append((Int64(i * 999), histogram(buckets, [2: 1], sum: Double(i) / 3)))
    }
    let bytes = encode(samples, floats: floats)[0]
    let encoding: ChunkEncoding = floats ? .floatHistogram : .histogram
    for cut in 0..<(bytes.count - 1) {
      var batch = SampleBatch()
      #expect(throws: ChunkError.self) {
        try ChunkDecoder.decode(encoding, Array(bytes[..<cut]).span, into: &batch)
      }
      #expect(batch.isEmpty)
    }
    for i in bytes.indices {
      for bit in 0..<8 {
        var changed = bytes
        changed[i] ^= 1 << bit
        var batch = SampleBatch()
        _ = try? ChunkDecoder.decode(encoding, changed.span, into: &batch)
        #expect(batch.histograms.count == batch.histogramTimes.count)
      }
    }
  }

  @Test func `variable-length integers come back at every border`() {
    var writer = BitWriter()
    var numbers: [Int64] = [0, 1, -1, .max, .min, .min + 1]
    for shift in 1..<63 {
      let power = Int64(1) << Int64(shift)
      numbers += [power, power - 1, power + 1, -power, 1 - power]
    }
    for n in numbers {
      writer.put(true)
      writer.varbitInt(n)
      writer.varbitUint(UInt64(bitPattern: n))
    }
    var reader = BitReader(writer.span)
    var same = true
    for n in numbers {
      same = same && reader.bit()
      same = reader.varbitInt() == n && same
      same = reader.varbitUint() == UInt64(bitPattern: n) && same
    }
    same = same && !reader.isBeyondEnd
    #expect(same)
  }
}
