import ApusModel
import ApusStorage
import ApusSystem
import ApusTSDB
import Testing

/// Histograms with start times, made bit by bit as Prometheus 3.14 writes them.
@Suite struct HistogramStartTimesTests {
  struct Sample {
    var time: Int64
    var start: Int64
    var count: Double
    var buckets: [Double]
    var sum: Double
  }

  /// Two buckets from index 0 on, schema 3, no zero bucket.
  private static func layout(_ out: inout BitText) {
    out.put(0, 8)
    out.varbitInt(3)
    out.varbitUint(1)
    out.varbitUint(2)
    out.varbitInt(0)
    out.varbitUint(0)
  }

  private static func times(_ out: inout BitText, _ samples: [Sample], _ index: Int) {
    let time = samples[index].time
    guard index > 0 else { return out.varbitInt(time) }
    let delta = time - samples[index - 1].time
    let before = index > 1 ? samples[index - 1].time - samples[index - 2].time : 0
    out.varbitInt(delta - before)
  }

  /// A sum that is as it was before: all values of these fixtures are constant but the buckets.
  private static func integers(_ samples: [Sample], header: UInt8) -> [UInt8] {
    var out = BitText()
    var starts = StartText()
    out.put(UInt64(samples.count), 16)
    out.put(0, 8)
    layout(&out)
    var numbers: [Int64] = []
    var deltas = [Int64](repeating: 0, count: 4)
    for (index, sample) in samples.enumerated() {
      times(&out, samples, index)
      let now = [
        Int64(sample.count), 0, Int64(sample.buckets[0]),
        Int64(sample.buckets[1] - sample.buckets[0]),
      ]
      for place in now.indices {
        if index == 0 {
          place < 2 ? out.varbitUint(UInt64(now[place])) : out.varbitInt(now[place])
        } else {
          let change = now[place] - numbers[place]
          out.varbitInt(change - deltas[place])
          deltas[place] = change
        }
        guard place == 1 else { continue }
        index == 0 ? out.put(sample.sum.bitPattern, 64) : out.put("0")
      }
      numbers = now
      starts.put(&out, index, sample.start, sample.time, index > 0 ? samples[index - 1].time : 0)
    }
    out.set(byte: 2, starts.header)
    out.set(byte: 0, header | UInt8(samples.count >> 8))
    return out.bytes
  }

  private static func floats(_ samples: [Sample], header: UInt8) -> [UInt8] {
    var out = BitText()
    var starts = StartText()
    out.put(UInt64(samples.count), 16)
    out.put(0, 8)
    layout(&out)
    for (index, sample) in samples.enumerated() {
      times(&out, samples, index)
      let fields = [sample.count, 0, sample.sum] + sample.buckets
      let before = index > 0 ? samples[index - 1] : sample
      let old = [before.count, 0, before.sum] + before.buckets
      for (now, then) in zip(fields, old) {
        let x = now.bitPattern ^ then.bitPattern
        if index == 0 {
          out.put(now.bitPattern, 64)
        } else if x == 0 {
          out.put("0")
        } else {
          // Always a window of its own, as wide as can be.
          out.put("11")
          out.put(0, 5)
          out.put(0, 6)
          out.put(x, 64)
        }
      }
      starts.put(&out, index, sample.start, sample.time, index > 0 ? samples[index - 1].time : 0)
    }
    out.set(byte: 2, starts.header)
    out.set(byte: 0, header | UInt8(samples.count >> 8))
    return out.bytes
  }

  private static func samples(_ kind: Int, _ count: Int) -> [Sample] {
    let random = SeededRandom(UInt64(kind * 31 + count))
    var buckets = [1.0, 5.0]
    return (0..<count).map { index in
      let time = Int64(index) * 15_000 + Int64(random.below(3))
      buckets[random.below(2)] += Double(random.below(40))
      let starts: [Int64] = [0, -500, time - Int64(random.below(900)), index < 130 ? 0 : 77]
      return Sample(
        time: time, start: starts[kind], count: buckets[0] + buckets[1], buckets: buckets,
        sum: 2.5)
    }
  }

  @Test(arguments: 0..<4, [false, true])
  func `histograms come back whatever start times stand between them`(
    kind: Int, isFloat: Bool
  ) throws {
    for count in [1, 2, 3, 127, 128, 300] {
      let samples = Self.samples(kind, count)
      let bytes =
        isFloat ? Self.floats(samples, header: 0x80) : Self.integers(samples, header: 0x80)
      let encoding: ChunkEncoding = isFloat ? .floatHistogramST : .histogramST
      var batch = SampleBatch()
      try ChunkDecoder.decode(encoding, bytes.span, into: &batch)
      #expect(batch.histogramTimes == samples.map(\.time), "\(count) samples")
      #expect(batch.histograms.map(\.count) == samples.map(\.count))
      #expect(batch.histograms.map(\.positiveBuckets) == samples.map(\.buckets))
      #expect(batch.histograms.allSatisfy { $0.sum == 2.5 && $0.schema == 3 })
      #expect(batch.histograms.first?.resetHint == .reset)
      #expect(batch.histograms.dropFirst().allSatisfy { $0.resetHint == .notReset })
      #expect(ChunkDecoder.sampleCount(encoding, bytes.span) == count)
    }
  }

  @Test func `a gauge says so in the first byte`() throws {
    let samples = Self.samples(2, 10)
    var batch = SampleBatch()
    try ChunkDecoder.decode(
      .histogramST, Self.integers(samples, header: 0xC0).span, into: &batch)
    #expect(batch.histograms.allSatisfy { $0.resetHint == .gauge })
  }

  @Test(arguments: [false, true])
  func `cut or changed bytes never crash, and leave the batch as it was`(isFloat: Bool) {
    let samples = Self.samples(2, 30)
    let bytes = isFloat ? Self.floats(samples, header: 0) : Self.integers(samples, header: 0)
    let encoding: ChunkEncoding = isFloat ? .floatHistogramST : .histogramST
    for cut in bytes.indices {
      var batch = SampleBatch()
      #expect(throws: ChunkError.self) {
        try ChunkDecoder.decode(encoding, Array(bytes[..<cut]).span, into: &batch)
      }
      #expect(batch.isEmpty)
    }
    for offset in bytes.indices {
      for bit in 0..<8 {
        var changed = bytes
        changed[offset] ^= 1 << UInt8(bit)
        var batch = SampleBatch()
        _ = try? ChunkDecoder.decode(encoding, changed.span, into: &batch)
        #expect(batch.histograms.count == batch.histogramTimes.count)
      }
    }
  }
}
