import ApusModel
import ApusStorage
import ApusTSDB
import Testing

struct XORChunkTests {
  /// Values that trip encoders: NaNs with payloads, signed zeros, subnormals, the extremes.
  static let hardValues: [Double] = [
    0, -0.0, 1, -1, .infinity, -.infinity, StaleMarker.value, StaleMarker.normalNaN,
    Double(bitPattern: 0xFFF8_0000_0000_0001), Double(bitPattern: 0x7FF0_0000_0000_0001),
    Double(bitPattern: 1), Double(bitPattern: 1 << 63 | 1), .leastNormalMagnitude,
    .greatestFiniteMagnitude, .pi, 0.1, 1e300, Double(bitPattern: .max),
  ]

  private func encode(_ samples: [(Int64, Double)]) -> ([UInt8], XORState) {
    var chunk = XORChunk()
    for (time, value) in samples { chunk.append(timeMs: time, value: value) }
    return ([UInt8](chunk.span.indices.map { chunk.span[$0] }), chunk.state)
  }

  private func expectRoundTrip(_ samples: [(Int64, Double)]) throws {
    let (bytes, state) = encode(samples)
    var batch = SampleBatch()
    batch.times = [42]
    batch.values = [43]
    let decoded = try XORDecoder.decode(bytes.span, into: &batch)
    #expect(batch.times == [42] + samples.map(\.0))
    #expect(batch.values.map(\.bitPattern) == [Double(43).bitPattern] + samples.map(\.1.bitPattern))
    #expect(decoded == state)
    #expect(ChunkDecoder.sampleCount(.xor, bytes.span) == samples.count)
  }

  @Test func `bytes are those of the layout`() {
    // 2 samples: 1000 as varint, 1.0, then +15000 as uvarint, then an unchanged value.
    let (two, _) = encode([(1000, 1), (16_000, 1)])
    #expect(two == [0, 2, 0xD0, 0x0F, 0x3F, 0xF0, 0, 0, 0, 0, 0, 0, 0x98, 0x75, 0])
    // Then dod 0 (0) and 2.0: xor 0x7FF0000000000000, L 1, 11 bits: 11 00001 001011, 11 ones.
    let (three, _) = encode([(1000, 1), (16_000, 1), (31_000, 2)])
    // 0 | 0 | 11 00001 001011 | 11111111111
    #expect(Array(three[..<2]) == [0, 3])
    #expect(Array(three[14...]) == [0b0011_0000, 0b1001_0111, 0b1111_1111, 0b1100_0000])
    // dod -1 ms: 10 and 14 bits of ones; the value as before.
    let (four, _) = encode([(1000, 1), (16_000, 1), (30_999, 1)])
    #expect(Array(four[14...]) == [0b0101_1111, 0b1111_1111, 0b1000_0000])
  }

  @Test func `samples of every kind come back bit by bit`() throws {
    var generator = SystemRandomNumberGenerator()
    for round in 0..<200 {
      var samples: [(Int64, Double)] = []
      var time = Int64.random(in: -1_000_000_000_000...2_000_000_000_000)
      for _ in 0..<(round * 3) {
        let value =
          switch round % 4 {
          case 0: Self.hardValues.randomElement(using: &generator)!
          case 1: Double(bitPattern: .random(in: .min ... .max))
          case 2: Double(Int.random(in: 0...100))
          default: samples.last?.1 ?? 7
          }
        samples.append((time, value))
        time += [15_000, 15_001, 1, 8_000, 140_000, 1_000_000, 1 << 40].randomElement()!
      }
      try expectRoundTrip(samples)
    }
  }

  @Test func `the borders of the delta classes come back`() throws {
    for bits in [14, 17, 20] {
      for edge in [-(1 << (bits - 1)), 1 << (bits - 1)] {
        for dod in (edge - 2)...(edge + 2) {
          let delta = Int64(5_000_000)
          let times = [0, delta, 2 * delta + Int64(dod), 3 * delta + 2 * Int64(dod)]
          try expectRoundTrip(times.map { ($0, 1) })
        }
      }
    }
    try expectRoundTrip([(.max - 1, 1), (.max, 2)])
    try expectRoundTrip([(0, 1), (1, 1), (1 << 62, 1), (1 << 62 + 1, 1)])
  }

  @Test func `an open chunk is read up to the count that the reader knows`() throws {
    let samples = (0..<50).map { (Int64($0) * 1000, Double($0 % 7)) }
    var (bytes, _) = encode(samples)
    bytes[0] = 0
    bytes[1] = 0
    var batch = SampleBatch()
    let state = try XORDecoder.decode(bytes.span, count: 20, into: &batch)
    #expect(batch.times == samples[..<20].map(\.0))
    #expect(state.count == 20)
    #expect(state == encode(Array(samples[..<20])).1)
  }

  @Test func `an encoder continues what was decoded as if it had never stopped`() throws {
    let samples = (0..<120).map { (i: Int) -> (Int64, Double) in
      (Int64(i * 15_000 + i % 3), Double(i * i) / 10)
    }
    let (whole, _) = encode(samples)
    for cut in [0, 1, 2, 3, 60, 119, 120] {
      let (part, _) = encode(Array(samples[..<cut]))
      var batch = SampleBatch()
      let state = try XORDecoder.decode(part.span, into: &batch)
      var chunk = XORChunk()
      if cut > 0 { chunk.resume(part.span, state) }
      for (time, value) in samples[cut...] { chunk.append(timeMs: time, value: value) }
      #expect(chunk.span.indices.map { chunk.span[$0] } == whole)
    }
  }

  @Test func `a range keeps only its samples`() throws {
    let (bytes, _) = encode((0..<100).map { (Int64($0) * 10, Double($0)) })
    var batch = SampleBatch()
    batch.times = [5]
    batch.values = [5]
    try ChunkDecoder.decode(.xor, bytes.span, range: TimeRange(95, 120), into: &batch)
    #expect(batch.times == [5, 100, 110, 120])
    #expect(batch.values == [5, 10, 11, 12])
    try ChunkDecoder.decode(.xor, bytes.span, range: TimeRange(2000, 3000), into: &batch)
    try ChunkDecoder.decode(.xor, bytes.span, range: TimeRange(-5, -1), into: &batch)
    #expect(batch.times.count == 4)
  }

  @Test func `a chunk cut anywhere is an error and leaves the batch as it was`() {
    let (bytes, _) = encode((0..<30).map { (Int64($0) * 1000, Double($0).squareRoot()) })
    for cut in 0..<bytes.count {
      var batch = SampleBatch()
      batch.times = [1]
      batch.values = [1]
      #expect(throws: ChunkError.truncated) {
        try XORDecoder.decode(Array(bytes[..<cut]).span, into: &batch)
      }
      #expect(batch.times == [1] && batch.values == [1])
    }
  }

  @Test func `changed bits never crash the decoder`() {
    let (bytes, _) = encode((0..<40).map { (Int64($0) * 1000, Double($0).squareRoot()) })
    var batch = SampleBatch()
    for i in bytes.indices {
      for bit in 0..<8 {
        var changed = bytes
        changed[i] ^= 1 << bit
        batch.removeAll()
        _ = try? XORDecoder.decode(changed.span, into: &batch)
      }
    }
    for _ in 0..<2000 {
      let noise = (0..<Int.random(in: 0...60)).map { _ in UInt8.random(in: 0...255) }
      batch.removeAll()
      _ = try? XORDecoder.decode(noise.span, into: &batch)
      #expect(batch.times.count == batch.values.count)
    }
  }

  @Test func `a memory used again writes the same bytes`() {
    var chunk = XORChunk(capacityBytes: 1)
    for value in Self.hardValues { chunk.append(timeMs: 5, value: value) }
    chunk.removeAll()
    for i in 0..<3 { chunk.append(timeMs: Int64(i), value: 0) }
    let (fresh, _) = encode((0..<3).map { (Int64($0), 0) })
    #expect(chunk.span.indices.map { chunk.span[$0] } == fresh)
  }
}
