/// The shortest decimal digits that read back to a float, and where the point stands.
///
///     0.d1 d2 d3 ... x 10^point
struct ShortestDigits {
  /// ASCII digits; the first and the last are not zero. Empty for zero.
  private(set) var digits: [UInt8] = []
  private(set) var point = 0

  var isZero: Bool { digits.isEmpty }

  /// - Parameter value: finite and not negative.
  init(_ value: Double) {
    if value == 0 {
      point = 1
      return
    }
    let decimal = DecimalFloat(value)
    var rest = decimal.digits
    while rest > 0 {
      digits.append(48 + UInt8(truncatingIfNeeded: rest % 10))
      rest /= 10
    }
    digits.reverse()
    point = digits.count + decimal.exponent
  }

  /// `123.45`, `0.00012`, `120000`
  func appendPlain(to out: inout [UInt8]) {
    let zero = UInt8(ascii: "0")
    if point <= 0 {
      out.append(zero)
      if isZero { return }
      out.append(UInt8(ascii: "."))
      for _ in 0..<(-point) { out.append(zero) }
      out.append(contentsOf: digits)
      return
    }
    for i in 0..<max(point, digits.count) {
      if i == point { out.append(UInt8(ascii: ".")) }
      out.append(i < digits.count ? digits[i] : zero)
    }
  }

  /// `1.2345e+02`: at least two digits of exponent.
  func appendExponential(to out: inout [UInt8]) {
    let zero = UInt8(ascii: "0")
    out.append(digits.first ?? zero)
    if digits.count > 1 {
      out.append(UInt8(ascii: "."))
      out.append(contentsOf: digits[1...])
    }
    FloatText.appendExponent(isZero ? 0 : point - 1, to: &out)
  }
}

extension FloatText {
  /// `e+05`, `e-07`, `e+100`
  static func appendExponent(_ exponent: Int, to out: inout [UInt8]) {
    out.append(UInt8(ascii: "e"))
    out.append(exponent < 0 ? UInt8(ascii: "-") : UInt8(ascii: "+"))
    if abs(exponent) < 10 { out.append(UInt8(ascii: "0")) }
    append(Int64(abs(exponent)), to: &out)
  }
}
