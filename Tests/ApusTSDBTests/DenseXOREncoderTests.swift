import ApusModel
import ApusStorage
import ApusSystem
import ApusTSDB
import Testing

@Suite struct DenseXOREncoderTests {
  static func samples(_ kind: Int, _ count: Int, _ random: SeededRandom) -> [(Int64, Double)] {
    var value = 0.0
    return (0..<count).map { step in
      let time = Int64(step) * 15_000 + (kind % 2 == 0 ? 0 : Int64(random.below(40)))
      switch kind {
      case 0: break
      case 1: value += Double(random.below(100))
      case 2: value = Double(random.below(1_000)) / 10
      case 3: value = Double(bitPattern: random.next())
      case 4: value = step % 7 == 0 ? .nan : (step % 5 == 0 ? -.infinity : 3)
      default: value = random.below(3) == 0 ? Double(step) * 1.1 : value
      }
      return (time, value)
    }
  }

  static func encode(_ times: [Int64], _ values: [Double], _ range: Range<Int>) -> [UInt8] {
    var encoder = DenseXOREncoder()
    var writer = BitWriter()
    encoder.encode(times.span, values.span, range, into: &writer)
    return [UInt8](copying: writer.span)
  }

  @Test(arguments: 0..<6)
  func `what is encoded decodes to the same bits, in no more bytes than Prometheus takes`(
    kind: Int
  ) throws {
    let random = SeededRandom(UInt64(kind))
    for count in [1, 2, 3, 30, 120, 700, 3_000] {
      let all = Self.samples(kind, count, random)
      let times = all.map(\.0)
      let values = all.map(\.1)
      let bytes = Self.encode(times, values, 0..<count)
      var batch = SampleBatch()
      try XORDecoder.decode(bytes.span, into: &batch)
      #expect(batch.times == times)
      #expect(batch.values.map(\.bitPattern) == values.map(\.bitPattern))
      var plain = XORChunk()
      for (time, value) in all { plain.append(timeMs: time, value: value) }
      // The search is bounded, so a bit may be lost here and there.
      #expect(bytes.count <= plain.byteCount + plain.byteCount / 200, "\(count) samples")
    }
  }

  @Test func `a part of the columns is encoded alone`() throws {
    let all = Self.samples(1, 100, SeededRandom(9))
    let times = all.map(\.0)
    let values = all.map(\.1)
    let bytes = Self.encode(times, values, 40..<60)
    var batch = SampleBatch()
    try XORDecoder.decode(bytes.span, into: &batch)
    #expect(batch.times == all[40..<60].map(\.0))
    #expect(batch.values == all[40..<60].map(\.1))
  }

  @Test func `a wide value now and then costs only itself`() throws {
    let values = (0..<1_000).map { step in step % 50 == 25 ? 0.1 : Double(step % 3) }
    let times = (0..<1_000).map { Int64($0) * 1_000 }
    let bytes = Self.encode(times, values, 0..<1_000)
    var plain = XORChunk()
    for (time, value) in zip(times, values) { plain.append(timeMs: time, value: value) }
    #expect(bytes.count * 2 < plain.byteCount)
  }
}
