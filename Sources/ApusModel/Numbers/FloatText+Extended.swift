// Digits by x86's 80-bit floats, whose 64-bit significands leave room to see when a rounding is
// certain. Where it is not, or on other machines, the callers take their slow, exact way.

/// A whole number over a power of ten: `digits / 10^places`.
struct ShortDecimal {
  var digits: UInt64
  var places: Int
}

#if arch(x86_64)
  enum ExtendedFloat {
    /// Powers of ten up to the largest that 64 bits of significand hold exactly.
    private static let powers: [Float80] = {
      var list: [Float80] = [1]
      for _ in 0..<27 { list.append(list[list.count - 1] * 10) }
      return list
    }()

    private static func scaled(_ value: Float80, _ scale: Int) -> Float80 {
      scale < 0 ? value / powers[-scale] : value * powers[scale]
    }

    /// `mantissa x 10^scale` rounded once; nil where two roundings could differ from one.
    static func double(_ mantissa: UInt64, _ scale: Int) -> Double? {
      guard scale >= -27, scale <= 27 else { return nil }
      let exact = scaled(Float80(mantissa), scale)
      // A tie of the 11 bits that go may have come from the first rounding.
      if exact.significandBitPattern & 0x7FF == 0x400 { return nil }
      return Double(exact)
    }

    /// The shortest decimal that reads back, nearest to the value; nil where that is uncertain.
    /// - Parameter value: from 1e-6 to below 1e15.
    static func shortest(_ value: Double) -> ShortDecimal? {
      // Below a power of two the floats lie denser than above it.
      if value.significandBitPattern == 0 { return nil }
      var places = 16 - Int((Double(value.exponent) * 0.30103).rounded(.down))
      guard places >= 3, places <= 26 else { return nil }
      let wide = Float80(value)
      if scaled(wide, places) >= 1e17 { places -= 1 }
      if scaled(wide, places) < 1e16 { places += 1 }
      for dropped in [2, 1, 0] {
        let scale = places - dropped
        let number = scaled(wide, scale)
        let digits = UInt64(number.rounded())
        let distance = abs(number - Float80(digits))
        guard let back = double(digits, -scale) else { return nil }
        if back == value {
          // Near the middle between two decimals, the nearer one is uncertain.
          return distance > 0.49 ? nil : ShortDecimal(digits: digits, places: scale).reduced
        }
        if dropped == 1 && distance > 0.49 { return nil }
      }
      return nil
    }
  }
#else
  enum ExtendedFloat {
    static func double(_ mantissa: UInt64, _ scale: Int) -> Double? { nil }

    static func shortest(_ value: Double) -> ShortDecimal? { nil }
  }
#endif

extension ShortDecimal {
  /// The same number without zeros at its end.
  var reduced: ShortDecimal {
    var rest = self
    while rest.places > 0 {
      let (quotient, digit) = rest.digits.quotientAndRemainder(dividingBy: 10)
      if digit != 0 { break }
      rest.digits = quotient
      rest.places -= 1
    }
    return rest
  }
}
