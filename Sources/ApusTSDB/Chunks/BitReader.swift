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

  @inline(never)
  private func lastWord(_ start: Int) -> UInt64 {
    var word: UInt64 = 0
    var shift: UInt64 = 56
    var byte = start
    while byte < bytes.byteCount {
      let raw = unsafe bytes.unsafeLoadUnaligned(fromByteOffset: byte, as: UInt8.self)
      word |= UInt64(raw) &<< shift
      byte &+= 1
      // After the eighth byte there is no room; fewer are left by the way we got here.
      if shift == 0 { break }
      shift &-= 8
    }
    return word
  }

  /// `count` bits from a position, as a number; 1...64.
  @inline(__always)
  package func bits(_ count: Int, at position: Int) -> UInt64 {
    if count <= 57 { return word(at: position) &>> UInt64(64 &- count) }
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
}
