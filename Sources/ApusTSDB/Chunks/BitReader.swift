/// Takes bits out of borrowed bytes, highest first. Behind the end it reads zeros: callers check
/// `isBeyondEnd` once after a batch, not at every bit.
package struct BitReader: ~Escapable {
  private let bytes: RawSpan

  /// Position of the next bit from the beginning.
  package var position: Int

  @_lifetime(copy bytes)
  package init(_ bytes: Span<UInt8>, atBit position: Int = 0) {
    precondition(position >= 0, "negative bit position: \(position)")
    unsafe self.bytes = bytes.bytes
    self.position = position
  }

  /// Bits of a `word(at:)` that count; those behind them are zero.
  package static var wordBits: Int { 57 }

  /// Number of all bits.
  package var bitCount: Int { bytes.byteCount &* 8 }

  package var isBeyondEnd: Bool { position > bitCount }

  /// The next bits, left aligned; the first 57 of them count.
  @inline(__always)
  package func word(at position: Int) -> UInt64 {
    let byte = position &>> 3
    let shift = UInt64(truncatingIfNeeded: position & 7)
    if byte &+ 8 <= bytes.byteCount {
      let raw = unsafe bytes.unsafeLoadUnaligned(fromByteOffset: byte, as: UInt64.self)
      return UInt64(bigEndian: raw) &<< shift
    }
    return lastWord(byte) &<< shift
  }

  /// A word that reaches behind the end: the last eight bytes, moved up.
  @inline(never)
  private func lastWord(_ start: Int) -> UInt64 {
    guard start < bytes.byteCount else { return 0 }
    if bytes.byteCount >= 8 {
      let raw = unsafe bytes.unsafeLoadUnaligned(
        fromByteOffset: bytes.byteCount &- 8, as: UInt64.self)
      return UInt64(bigEndian: raw) &<< UInt64((start &+ 8 &- bytes.byteCount) &* 8)
    }
    var word: UInt64 = 0
    for byte in start..<bytes.byteCount {
      let raw = unsafe bytes.unsafeLoadUnaligned(fromByteOffset: byte, as: UInt8.self)
      word |= UInt64(raw) &<< UInt64(56 &- (byte &- start) &* 8)
    }
    return word
  }

  /// `count` bits from a position, as a number; 1...64.
  @inline(__always)
  package func bits(_ count: Int, at position: Int) -> UInt64 {
    if count <= Self.wordBits { return word(at: position) &>> UInt64(64 &- count) }
    let low = count &- 32
    return (word(at: position) &>> 32) &<< UInt64(low)
      | word(at: position &+ 32) &>> UInt64(64 &- low)
  }

  /// The next `count` bits, 1...64.
  @inline(__always)
  @_lifetime(self: copy self)
  package mutating func take(_ count: Int) -> UInt64 {
    let value = bits(count, at: position)
    position &+= count
    return value
  }

  /// The next bit.
  @inline(__always)
  @_lifetime(self: copy self)
  package mutating func bit() -> Bool {
    let value = word(at: position) &>> 63
    position &+= 1
    return value == 1
  }

  /// Takes up to `most` ones and the zero behind them, if there are fewer; returns how many ones.
  @inline(__always)
  @_lifetime(self: copy self)
  package mutating func prefix(most: Int) -> Int {
    let ones = (~word(at: position)).leadingZeroBitCount
    if ones >= most {
      position &+= most
      return most
    }
    position &+= ones &+ 1
    return ones
  }

  /// LEB128 in groups of eight bits, wherever the stream stands.
  /// - Throws: `corrupt` where it does not fit into 64 bits.
  @_lifetime(self: copy self)
  package mutating func uvarint() throws(ChunkError) -> UInt64 {
    var value: UInt64 = 0
    for group in 0..<10 {
      let byte = take(8)
      // The tenth group holds the 64th bit only.
      if group == 9 && byte > 1 { break }
      value |= (byte & 0x7F) &<< UInt64(group * 7)
      if byte < 0x80 { return value }
    }
    throw .corrupt("variable-length integer exceeds 64 bits")
  }

  @_lifetime(self: copy self)
  package mutating func varint() throws(ChunkError) -> Int64 {
    let u = try uvarint()
    return Int64(bitPattern: (u &>> 1) ^ (0 &- (u & 1)))
  }
}
