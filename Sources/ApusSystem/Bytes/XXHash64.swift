/// The 64-bit xxHash (seed 0), behind label sets and sharding.
///
/// Source: the xxHash specification, https://github.com/Cyan4973/xxHash (doc/xxhash_spec.md).
package enum XXHash64 {
  private static let prime1: UInt64 = 0x9E37_79B1_85EB_CA87
  private static let prime2: UInt64 = 0xC2B2_AE3D_27D4_EB4F
  private static let prime3: UInt64 = 0x1656_67B1_9E37_79F9
  private static let prime4: UInt64 = 0x85EB_CA77_C2B2_AE63
  private static let prime5: UInt64 = 0x27D4_EB2F_1656_67C5

  package static func hash(_ text: String) -> UInt64 { hash(text.utf8.span) }

  package static func hash(_ bytes: Span<UInt8>) -> UInt64 {
    let count = bytes.count
    var at = 0
    var h: UInt64 = prime5
    if count >= 32 {
      var lanes = (prime1 &+ prime2, prime2, UInt64(0), 0 &- prime1)
      while at <= count - 32 {
        lanes.0 = round(lanes.0, word(bytes, at))
        lanes.1 = round(lanes.1, word(bytes, at + 8))
        lanes.2 = round(lanes.2, word(bytes, at + 16))
        lanes.3 = round(lanes.3, word(bytes, at + 24))
        at += 32
      }
      h = rotate(lanes.0, 1) &+ rotate(lanes.1, 7) &+ rotate(lanes.2, 12) &+ rotate(lanes.3, 18)
      h = merge(merge(merge(merge(h, lanes.0), lanes.1), lanes.2), lanes.3)
    }
    h = h &+ UInt64(count)
    return avalanche(tail(h, bytes, at))
  }

  private static func tail(_ start: UInt64, _ bytes: Span<UInt8>, _ offset: Int) -> UInt64 {
    var h = start
    var at = offset
    while at + 8 <= bytes.count {
      h = rotate(h ^ round(0, word(bytes, at)), 27) &* prime1 &+ prime4
      at += 8
    }
    if at + 4 <= bytes.count {
      let w = unsafe bytes.bytes.unsafeLoadUnaligned(fromByteOffset: at, as: UInt32.self)
      h = rotate(h ^ UInt64(UInt32(littleEndian: w)) &* prime1, 23) &* prime2 &+ prime3
      at += 4
    }
    while at < bytes.count {
      h = rotate(h ^ UInt64(bytes[at]) &* prime5, 11) &* prime1
      at += 1
    }
    return h
  }

  /// The caller has checked that eight bytes are there.
  private static func word(_ bytes: Span<UInt8>, _ at: Int) -> UInt64 {
    UInt64(
      littleEndian: unsafe bytes.bytes.unsafeLoadUnaligned(
        fromByteOffset: at, as: UInt64.self))
  }

  private static func rotate(_ x: UInt64, _ n: UInt64) -> UInt64 { (x &<< n) | (x &>> (64 &- n)) }

  private static func round(_ lane: UInt64, _ input: UInt64) -> UInt64 {
    rotate(lane &+ input &* prime2, 31) &* prime1
  }

  private static func merge(_ h: UInt64, _ lane: UInt64) -> UInt64 {
    (h ^ round(0, lane)) &* prime1 &+ prime4
  }

  private static func avalanche(_ start: UInt64) -> UInt64 {
    var h = start
    h = (h ^ (h &>> 33)) &* prime2
    h = (h ^ (h &>> 29)) &* prime3
    return h ^ (h &>> 32)
  }
}
