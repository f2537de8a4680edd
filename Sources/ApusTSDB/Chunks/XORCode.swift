// What a sample adds to a XOR chunk (layout: XORChunk), wherever its bits go.

/// Takes bits, highest first: a `BitWriter`, or the slot of an open chunk in the head's arena.
package protocol BitSink: ~Copyable {
  /// Adds the low `count` bits of `bits`, 1...64; those above are zero.
  /// - Parameter last: how many of them Prometheus writes at once at the end.
  mutating func put(_ bits: UInt64, _ count: Int, last: Int)
}

enum XORCode {
  /// Whether `x` fits into `count` bits as Prometheus counts them: the range is one higher at
  /// both ends than two's complement.
  @inline(__always)
  static func fits(_ x: Int64, _ count: Int64) -> Bool {
    -((1 &<< (count &- 1)) &- 1) <= x && x <= 1 &<< (count &- 1)
  }

  /// The number that `count` bits hold: 2^(count-1) is positive.
  @inline(__always)
  static func signed(_ raw: UInt64, _ count: UInt64) -> Int64 {
    let value = Int64(bitPattern: raw)
    return raw > 1 &<< (count &- 1) ? value &- (1 &<< Int64(count)) : value
  }

  /// Five bits hold the number of leading zeros of a window.
  static let leadingMax = 31

  /// A new window: its control bits and both its numbers; a width of 64 is written as 0, which
  /// has no other use.
  @inline(__always)
  static func window(leading: Int, width: Int) -> UInt64 {
    0b11 &<< 11 | UInt64(truncatingIfNeeded: leading) &<< 6
      | UInt64(truncatingIfNeeded: width & 63)
  }

  static let windowBits = 13
}

extension BitSink where Self: ~Copyable {
  /// DOD and VAL. The window is kept for as long as it covers the bits of the value.
  @inline(__always)
  mutating func sample(
    _ dod: Int64, _ xor: UInt64, _ leading: inout UInt8, _ trailing: inout UInt8
  ) {
    let (head, count) = deltaOfDelta(dod)
    value(xor, &leading, &trailing, behind: head, count)
  }

  /// DOD, to be put together with what follows: escapes are put at once.
  @inline(__always)
  mutating func deltaOfDelta(_ dod: Int64) -> (bits: UInt64, count: Int) {
    let raw = UInt64(bitPattern: dod)
    if dod == 0 { return (0, 1) }
    if XORCode.fits(dod, 14) { return (0b10 &<< 14 | raw & (1 &<< 14 &- 1), 16) }
    if XORCode.fits(dod, 17) { return (0b110 &<< 17 | raw & (1 &<< 17 &- 1), 20) }
    if XORCode.fits(dod, 20) { return (0b1110 &<< 20 | raw & (1 &<< 20 &- 1), 24) }
    put(0b1111, 4, last: 4)
    put(raw, 64, last: 64)
    return (0, 0)
  }

  /// VAL, behind up to 24 bits that were not put yet.
  @inline(__always)
  mutating func value(
    _ xor: UInt64, _ leading: inout UInt8, _ trailing: inout UInt8, behind head: UInt64 = 0,
    _ headCount: Int = 0
  ) {
    guard xor != 0 else { return put(head &<< 1, headCount &+ 1, last: 1) }
    let newLeading = min(xor.leadingZeroBitCount, XORCode.leadingMax)
    let newTrailing = xor.trailingZeroBitCount
    if leading != XORState.noWindow && newLeading >= Int(leading) && newTrailing >= Int(trailing) {
      let width = 64 &- Int(leading) &- Int(trailing)
      payload(
        xor &>> UInt64(trailing), width, behind: head &<< 2 | 0b10, headCount &+ 2)
      return
    }
    leading = UInt8(truncatingIfNeeded: newLeading)
    trailing = UInt8(truncatingIfNeeded: newTrailing)
    let width = 64 &- newLeading &- newTrailing
    payload(
      xor &>> UInt64(newTrailing), width,
      behind: head &<< UInt64(XORCode.windowBits)
        | XORCode.window(leading: newLeading, width: width), headCount &+ XORCode.windowBits)
  }

  /// The bits of a value, in one piece with what stands before them if that goes into a word.
  @inline(__always)
  mutating func payload(_ bits: UInt64, _ width: Int, behind head: UInt64, _ headCount: Int) {
    if headCount &+ width <= 64 {
      put(head &<< UInt64(width) | bits, headCount &+ width, last: width)
    } else {
      put(head, headCount, last: headCount)
      put(bits, width, last: width)
    }
  }

  /// LEB128 in groups of eight bits.
  mutating func groups(_ value: UInt64) {
    var left = value
    while left >= 0x80 {
      put(left & 0x7F | 0x80, 8, last: 8)
      left &>>= 7
    }
    put(left, 8, last: 8)
  }
}
