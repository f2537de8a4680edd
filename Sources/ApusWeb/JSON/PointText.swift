internal import ApusModel

/// Points of a range query, `[1435781451.781,"1"]`: what answers are full of.
enum PointText {
  /// Room that a point and the comma before it take at most, as they are written.
  static let bytesMax = 96

  /// Writes `,[time,"value"]`; the room must be there.
  /// - Returns: the offset behind it.
  @inline(__always)
  static func write(
    _ timeMs: Int64, _ value: Double, to out: inout MutableRawSpan, at offset: Int
  ) -> Int {
    // `,[`
    out.storeBytes(of: 0x5B2C, toByteOffset: offset, as: UInt16.self)
    var at = seconds(ms: timeMs, to: &out, at: offset &+ 2)
    // `,"`
    out.storeBytes(of: 0x222C, toByteOffset: at, as: UInt16.self)
    at = FloatText.write(value, to: &out, at: at &+ 2)
    // `"]`
    out.storeBytes(of: 0x5D22, toByteOffset: at, as: UInt16.self)
    return at &+ 2
  }

  /// Seconds; three decimals where there are milliseconds, none where there are not.
  static func seconds(ms: Int64, to out: inout MutableRawSpan, at offset: Int) -> Int {
    var at = offset
    if ms < 0 {
      out.storeBytes(of: UInt8(ascii: "-"), toByteOffset: at, as: UInt8.self)
      at &+= 1
    }
    let magnitude = ms.magnitude
    let whole = magnitude / 1000
    at = FloatText.write(whole, to: &out, at: at)
    let rest = magnitude &- whole &* 1000
    if rest == 0 { return at }
    let tens = rest / 10
    let first = tens / 10
    var word = UInt32(UInt8(ascii: ".")) | UInt32(48 &+ first) &<< 8
    word |= UInt32(48 &+ tens &- first &* 10) &<< 16 | UInt32(48 &+ rest &- tens &* 10) &<< 24
    out.storeBytes(of: word, toByteOffset: at, as: UInt32.self)
    return at &+ 4
  }
}
