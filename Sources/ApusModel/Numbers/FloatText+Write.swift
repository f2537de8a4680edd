extension FloatText {
  /// Room that a float or an integer needs at most when written by `write`.
  package static let writtenBytesMax = 48

  /// Writes the HTTP API's form at an offset, where `writtenBytesMax` bytes must be; those behind
  /// the text are left undefined. Same text as `json`.
  /// - Returns: the offset behind the text.
  package static func write(
    _ value: Double, to out: inout MutableRawSpan, at offset: Int
  ) -> Int {
    guard value.isFinite else { return writeWord(value, to: &out, at: offset) }
    var at = offset
    if value.sign == .minus {
      out.storeBytes(of: UInt8(ascii: "-"), toByteOffset: at, as: UInt8.self)
      at &+= 1
    }
    let magnitude = value.magnitude
    if magnitude < 9e15 {
      let whole = UInt64(magnitude)
      if Double(whole) == magnitude { return write(whole, to: &out, at: at) }
    }
    let decimal = DecimalFloat(magnitude)
    let digits = DigitWords(decimal.digits)
    let count = digits.count
    let point = count &+ decimal.exponent
    if point < -5 || point > 21 {
      return writeExponential(digits, point &- 1, to: &out, at: at)
    }
    if point <= 0 {
      // 0.00000 and a word more, cut to length.
      out.storeBytes(of: 0x3030_3030_3030_2E30, toByteOffset: at, as: UInt64.self)
      return digits.store(0, count, to: &out, at: at &+ 2 &- point)
    }
    if point >= count {
      at = digits.store(0, count, to: &out, at: at)
      for _ in count..<point {
        out.storeBytes(of: UInt8(ascii: "0"), toByteOffset: at, as: UInt8.self)
        at &+= 1
      }
      return at
    }
    at = digits.store(0, point, to: &out, at: at)
    out.storeBytes(of: UInt8(ascii: "."), toByteOffset: at, as: UInt8.self)
    return digits.store(point, count, to: &out, at: at &+ 1)
  }

  /// Writes an integer in decimal.
  package static func write(
    _ value: UInt64, to out: inout MutableRawSpan, at offset: Int
  ) -> Int {
    if value < 10 {
      out.storeBytes(
        of: 48 &+ UInt8(truncatingIfNeeded: value), toByteOffset: offset, as: UInt8.self)
      return offset &+ 1
    }
    let digits = DigitWords(value)
    return digits.store(0, digits.count, to: &out, at: offset)
  }

  private static func writeWord(
    _ value: Double, to out: inout MutableRawSpan, at offset: Int
  ) -> Int {
    var at = offset
    for byte in (value.isNaN ? "NaN" : value < 0 ? "-Inf" : "+Inf").utf8 {
      out.storeBytes(of: byte, toByteOffset: at, as: UInt8.self)
      at += 1
    }
    return at
  }

  /// `1.2345e+22`: at least two digits of exponent.
  private static func writeExponential(
    _ digits: DigitWords, _ exponent: Int, to out: inout MutableRawSpan, at offset: Int
  ) -> Int {
    var at = digits.store(0, 1, to: &out, at: offset)
    if digits.count > 1 {
      out.storeBytes(of: UInt8(ascii: "."), toByteOffset: at, as: UInt8.self)
      at = digits.store(1, digits.count, to: &out, at: at + 1)
    }
    let size = UInt64(exponent.magnitude)
    let sign = exponent < 0 ? UInt8(ascii: "-") : UInt8(ascii: "+")
    for byte in size < 10 ? [UInt8(ascii: "e"), sign, 48] : [UInt8(ascii: "e"), sign] {
      out.storeBytes(of: byte, toByteOffset: at, as: UInt8.self)
      at += 1
    }
    return write(size, to: &out, at: at)
  }
}
