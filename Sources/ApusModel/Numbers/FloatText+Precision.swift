extension FloatText {
  /// Go's `strconv.FormatFloat(x, 'f', places, 64)`.
  package static func fixed(_ value: Double, places: Int) -> String {
    finite(value) { (magnitude, out) in
      var exact = ExactDigits(magnitude)
      exact.round(to: exact.point + places)
      appendFixed(exact, places: places, to: &out)
    }
  }

  /// Go's `strconv.FormatFloat(x, 'e', places, 64)`.
  package static func exponential(_ value: Double, places: Int) -> String {
    finite(value) { (magnitude, out) in
      var exact = ExactDigits(magnitude)
      exact.round(to: places + 1)
      appendExponential(exact, places: places, to: &out)
    }
  }

  /// Go's `strconv.FormatFloat(x, 'g', precision, 64)`.
  package static func general(_ value: Double, precision: Int) -> String {
    finite(value) { (magnitude, out) in
      let precision = max(precision, 1)
      var exact = ExactDigits(magnitude)
      exact.round(to: precision)
      let count = exact.digits.count
      var bound = precision
      if bound > count && count >= exact.point { bound = count }
      let exponent = exact.digits.isEmpty ? 0 : exact.point - 1
      if exponent < -4 || exponent >= bound {
        appendExponential(exact, places: min(precision, max(count, 1)) - 1, to: &out)
      } else {
        appendFixed(exact, places: max(count - exact.point, 0), to: &out)
      }
    }
  }

  private static func finite(
    _ value: Double, _ append: (Double, inout [UInt8]) -> Void
  ) -> String {
    guard value.isFinite else { return f(value) }
    var out: [UInt8] = value.sign == .minus ? [UInt8(ascii: "-")] : []
    append(value.magnitude, &out)
    return String(decoding: out, as: UTF8.self)
  }

  private static func appendFixed(_ exact: ExactDigits, places: Int, to out: inout [UInt8]) {
    let whole = exact.digits.isEmpty ? 0 : exact.point
    if whole <= 0 { out.append(48) }
    for i in 0..<max(whole, 0) { out.append(48 + exact.digit(i)) }
    guard places > 0 else { return }
    out.append(UInt8(ascii: "."))
    for i in 0..<places { out.append(48 + exact.digit(whole + i)) }
  }

  private static func appendExponential(
    _ exact: ExactDigits, places: Int, to out: inout [UInt8]
  ) {
    out.append(48 + exact.digit(0))
    if places > 0 {
      out.append(UInt8(ascii: "."))
      for i in 1...places { out.append(48 + exact.digit(i)) }
    }
    appendExponent(exact.digits.isEmpty ? 0 : exact.point - 1, to: &out)
  }
}
