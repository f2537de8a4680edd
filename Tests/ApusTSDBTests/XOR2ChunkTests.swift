import ApusModel
import ApusStorage
import ApusSystem
import ApusTSDB
import Testing

/// Floats with start times: read as Prometheus 3.11 and later write them.
@Suite struct XOR2ChunkTests {
  static func samples(_ kind: Int, _ count: Int, _ random: SeededRandom) -> [StartedSample] {
    var time: Int64 = 1_700_000_000_000
    var value = 100.0
    var start: Int64 = 0
    return (0..<count).map { index in
      let jitters: [Int64] = [0, 0, 0, 1, -1, 4095, -4096, 4096, 524_287, -524_288, 1 << 21]
      time += 15_000_000 + (kind % 3 == 0 ? 0 : jitters[random.below(jitters.count)])
      switch random.below(6) {
      case 0 where kind > 1: value = XORChunkTests.hardValues[random.below(18)]
      case 1: value += Double(random.below(1000))
      case 2 where kind > 2: value = StaleMarker.value
      case 3: value = Double(random.below(1000)) / 10
      default: break
      }
      switch kind {
      case 4: start = index >= count / 2 ? 1_600_000_000_000 : 0
      case 5: start = 1_600_000_000_000
      case 6: start = time - Int64(random.below(20_000))
      case 7: start = index == 0 ? 1_500_000_000_000 : (index > 140 ? 1_650_000_000_000 : 0)
      default: break
      }
      return StartedSample(start: start, time: time, value: value)
    }
  }

  static func decode(_ bytes: [UInt8]) throws -> [StartedSample] {
    var batch = SampleBatch()
    try ChunkDecoder.decode(.xor2, bytes.span, into: &batch)
    return all(batch)
  }

  static func all(_ batch: SampleBatch) -> [StartedSample] {
    batch.times.indices.map {
      StartedSample(
        start: batch.startTimes.isEmpty ? 0 : batch.startTimes[$0], time: batch.times[$0],
        value: batch.values[$0])
    }
  }

  static func encode(_ samples: [StartedSample]) -> [UInt8] {
    var writer = BitWriter()
    XOR2Chunk.encode(
      samples.map(\.time), samples.map(\.value), starts: samples.map(\.start), samples.indices,
      into: &writer)
    return [UInt8](copying: writer.span)
  }

  @Test(arguments: 0..<8)
  func `samples as Prometheus encodes them come back bit by bit`(kind: Int) throws {
    for count in [1, 2, 3, 5, 120, 127, 128, 129, 300] {
      let samples = Self.samples(kind, count, SeededRandom(UInt64(kind * 1000 + count)))
      let bytes = XOR2Text.encode(samples)
      #expect(try Self.decode(bytes) == samples, "\(count) samples")
      #expect(ChunkDecoder.sampleCount(.xor2, bytes.span) == count)
    }
  }

  @Test(arguments: 0..<8)
  func `what is written comes back, and is Prometheus's own bytes while no start time is late`(
    kind: Int
  ) throws {
    for count in [1, 2, 3, 50, 127, 300] {
      let samples = Self.samples(kind, count, SeededRandom(UInt64(kind * 77 + count)))
      let bytes = Self.encode(samples)
      #expect(try Self.decode(bytes) == samples, "\(count) samples")
      let theirs = XOR2Text.encode(samples)
      if count <= 127 {
        // A zero byte more or less at the end says nothing.
        #expect(Array(bytes.prefix(theirs.count)) == theirs)
      } else if samples.allSatisfy({ $0.start == samples[0].start }) {
        #expect(bytes.count + 2 * (count - 128) < theirs.count, "nothing to say takes no bits")
      }
    }
  }

  @Test func `bytes are those of the layout`() throws {
    // t 1000 as varint, 1.0; +15000 as uvarint, 0; on time and as before 0; on time and 2.0:
    // 10 1, L 1, S 11, 11 ones; stale on time 11111.
    let samples = [1000, 16_000, 31_000, 46_000, 61_000].enumerated().map { index, time in
      StartedSample(
        start: 0, time: Int64(time), value: [1, 1, 1, 2, StaleMarker.value][index])
    }
    let bytes = Self.encode(samples)
    #expect(
      Array(bytes[..<15])
        == [0, 5, 0, 0xD0, 0x0F, 0x3F, 0xF0, 0, 0, 0, 0, 0, 0, 0x98, 0x75])
    // 0 | 0 | 10 1 00001 001011 11111111111 | 11111
    #expect(
      Array(bytes[15...].prefix(4)) == [0b0010_1000, 0b0100_1011, 0b1111_1111, 0b1111_1111])
    #expect(bytes == XOR2Text.encode(samples))
  }

  @Test func `a range cuts start times as well, and chunks without any are padded`() throws {
    let samples = Self.samples(6, 20, SeededRandom(5))
    var plain = XORChunk()
    plain.append(timeMs: 1, value: 7)
    plain.append(timeMs: 2, value: 8)
    var batch = SampleBatch()
    try ChunkDecoder.decode(.xor, plain.span, into: &batch)
    #expect(batch.startTimes == [])
    let range = TimeRange(samples[3].time, samples[16].time)
    let bytes = XOR2Text.encode(samples)
    try ChunkDecoder.decode(.xor2, bytes.span, range: range, into: &batch)
    try ChunkDecoder.decode(.xor, plain.span, range: TimeRange(2, 9), into: &batch)
    #expect(batch.times == [1, 2] + samples[3...16].map(\.time) + [2])
    #expect(batch.startTimes == [0, 0] + samples[3...16].map(\.start) + [0])
    #expect(batch.values.count == batch.times.count)
  }

  @Test func `cut or changed bytes never crash, and leave the batch as it was`() {
    let bytes = XOR2Text.encode(Self.samples(6, 40, SeededRandom(11)))
    for cut in 0..<bytes.count {
      var batch = SampleBatch()
      batch.times = [1]
      batch.values = [1]
      #expect(throws: ChunkError.self) {
        try ChunkDecoder.decode(.xor2, Array(bytes[..<cut]).span, into: &batch)
      }
      #expect(batch.times == [1] && batch.values == [1] && batch.startTimes == [])
    }
    for offset in bytes.indices {
      for bit in 0..<8 {
        var changed = bytes
        changed[offset] ^= 1 << UInt8(bit)
        var batch = SampleBatch()
        _ = try? ChunkDecoder.decode(.xor2, changed.span, into: &batch)
        #expect(batch.times.count == batch.values.count)
        #expect(batch.startTimes.isEmpty || batch.startTimes.count == batch.times.count)
      }
    }
  }
}
