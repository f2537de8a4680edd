import ApusSystem
import Testing

struct CodecTests {
  enum Codec: CaseIterable, Sendable {
    case snappy, zstd, lz4, gzip

    func compress(_ bytes: [UInt8]) -> [UInt8] {
      switch self {
      case .snappy: Snappy.compress(bytes)
      case .zstd: Zstd.compress(bytes)
      case .lz4: LZ4.compress(bytes)
      case .gzip: Gzip.compress(bytes)
      }
    }

    func expand(_ bytes: [UInt8], _ maxBytes: Int) throws(CodecError) -> [UInt8] {
      switch self {
      case .snappy: try Snappy.expand(bytes, maxBytes: maxBytes)
      case .zstd: try Zstd.expand(bytes, maxBytes: maxBytes)
      case .lz4: try LZ4.expand(bytes, maxBytes: maxBytes)
      case .gzip: try Gzip.expand(bytes, maxBytes: maxBytes)
      }
    }
  }

  private static let samples: [[UInt8]] = [
    [], [7], Array("abcabcabcabcabcabcabcabc".utf8), [UInt8](repeating: 0, count: 1_000_000),
    (0..<100_000).map { UInt8(truncatingIfNeeded: ($0 &* 2_654_435_761) &>> 13) },
  ]

  @Test(arguments: Codec.allCases)
  func `expanding gives back what was compressed`(_ codec: Codec) throws {
    for bytes in Self.samples {
      #expect(try codec.expand(codec.compress(bytes), bytes.count) == bytes)
    }
  }

  @Test(arguments: Codec.allCases)
  func `one byte over the limit is refused`(_ codec: Codec) throws {
    for bytes in Self.samples where !bytes.isEmpty {
      let packed = codec.compress(bytes)
      #expect(throws: CodecError.self) { try codec.expand(packed, bytes.count - 1) }
    }
  }

  @Test(arguments: Codec.allCases)
  func `a cut or changed input never crashes`(_ codec: Codec) {
    let packed = codec.compress(Array("the quick brown fox jumps over the lazy dog dog dog".utf8))
    var refused = 0
    for cut in 0..<packed.count {
      do throws(CodecError) { _ = try codec.expand(Array(packed[..<cut]), 1000) } catch {
        refused += 1
      }
    }
    // Zstandard takes no bytes for no frames.
    #expect(refused >= packed.count - 1)
    for i in packed.indices {
      for bit in 0..<8 {
        var changed = packed
        changed[i] ^= 1 << bit
        _ = try? codec.expand(changed, 1000)
      }
    }
  }

  @Test func `two gzip members are one text`() throws {
    let both = Gzip.compress(Array("one ".utf8)) + Gzip.compress(Array("two".utf8))
    #expect(try Gzip.expand(both, maxBytes: 100) == Array("one two".utf8))
  }

  @Test func `a snappy block that claims too much is refused unread`() {
    #expect(
      throws: CodecError.corrupt(codec: "snappy", reason: "impossible length")
    ) { try Snappy.expand([0xFF, 0xFF, 0xFF, 0xFF, 0x0F, 0], maxBytes: .max) }
  }
}
