internal import ApusSystem

/// Floats as Go prints and parses them.
///
/// Printing: the fewest digits that read back to the same value, laid out by one of Go's rules.
package enum FloatText {
  package enum Layout: Sendable {
    /// Go's 'f' with precision -1: never an exponent.
    case f
    /// Go's 'g' with precision -1: an exponent below 1e-4 and from 1e6 on.
    case g
    /// Go's 'e' with precision -1: always an exponent.
    case e
    /// The HTTP API's: 'f', but 'e' below 1e-6 and from 1e21 on.
    case json
  }

  /// Go's `strconv.FormatFloat(x, 'f', -1, 64)`.
  package static func f(_ value: Double) -> String { text(value, .f) }

  /// Go's `strconv.FormatFloat(x, 'g', -1, 64)`; also `%v` and `%g` of fmt.
  package static func g(_ value: Double) -> String { text(value, .g) }

  /// As the HTTP API writes sample values (without the quotes).
  package static func json(_ value: Double) -> String { text(value, .json) }

  package static func text(_ value: Double, _ layout: Layout) -> String {
    var out: [UInt8] = []
    append(value, to: &out, layout)
    return String(decoding: out, as: UTF8.self)
  }

  /// Appends the HTTP API's form. For millions of points there is `write`.
  package static func append(_ value: Double, to out: inout [UInt8]) {
    out.append(upTo: writtenBytesMax) { write(value, to: &$0, at: 0) }
  }

  package static func append(_ value: Double, to out: inout [UInt8], _ layout: Layout) {
    guard value.isFinite else {
      let text: StaticString = value.isNaN ? "NaN" : (value < 0 ? "-Inf" : "+Inf")
      append(text, to: &out)
      return
    }
    if value.sign == .minus { out.append(UInt8(ascii: "-")) }
    let magnitude = value.magnitude
    if appendShort(magnitude, to: &out, layout) { return }
    if layout != .e, layout != .g || (magnitude >= 1e-4 && magnitude < 1e6),
      magnitude >= 1e-6, magnitude < 1e15, let decimal = ExtendedFloat.shortest(magnitude)
    {
      append(decimal, to: &out)
      return
    }
    appendGeneral(ShortestDigits(magnitude), to: &out, layout)
  }

  /// Appends an integer in decimal.
  package static func append(_ value: Int64, to out: inout [UInt8]) {
    if value < 0 { out.append(UInt8(ascii: "-")) }
    appendInteger(value.magnitude, to: &out)
  }

  /// Milliseconds as seconds with up to three decimals, as in `1435781451.781`.
  package static func appendSeconds(ms: Int64, to out: inout [UInt8]) {
    if ms < 0 { out.append(UInt8(ascii: "-")) }
    let magnitude = ms.magnitude
    appendInteger(magnitude / 1000, to: &out)
    let rest = UInt8(truncatingIfNeeded: magnitude % 1000 / 10)
    let last = UInt8(truncatingIfNeeded: magnitude % 10)
    if rest == 0 && last == 0 { return }
    out.append(UInt8(ascii: "."))
    out.append(48 + rest / 10)
    if rest % 10 == 0 && last == 0 { return }
    out.append(48 + rest % 10)
    if last != 0 { out.append(48 + last) }
  }
}

extension FloatText {
  private static func append(_ text: StaticString, to out: inout [UInt8]) {
    text.description.utf8.forEach { out.append($0) }
  }

  /// Whole numbers and decimals of a few places; false for all else.
  ///
  /// A decimal of at most 15 digits that reads back to the value is the only one of its length
  /// that does, so the first one found is the shortest.
  private static func appendShort(
    _ value: Double, to out: inout [UInt8], _ layout: Layout
  ) -> Bool {
    guard value < 1e15 else { return false }
    let whole = UInt64(value)
    if Double(whole) == value {
      guard layout != .e, layout != .g || whole < 1_000_000 else { return false }
      appendInteger(whole, to: &out)
      return true
    }
    guard layout != .e, value >= 1e-3, value < 1e9, layout != .g || value < 1e6 else {
      return false
    }
    // What six places cannot hold, fewer cannot either.
    let widest = (value * 1e6).rounded()
    if widest / 1e6 != value { return false }
    append(ShortDecimal(digits: UInt64(widest), places: 6).reduced, to: &out)
    return true
  }

  private static func append(_ decimal: ShortDecimal, to out: inout [UInt8]) {
    var unit: UInt64 = 1
    // A number of 19 digits at most has no whole part over a larger power.
    if decimal.places < 19 {
      for _ in 0..<decimal.places { unit &*= 10 }
      appendInteger(decimal.digits / unit, to: &out)
    } else {
      out.append(48)
    }
    if decimal.places == 0 { return }
    out.append(UInt8(ascii: "."))
    let rest = decimal.places < 19 ? decimal.digits % unit : decimal.digits
    appendPadded(rest, digits: decimal.places, to: &out)
  }

  private static func appendInteger(_ value: UInt64, to out: inout [UInt8]) {
    if value < 10 {
      out.append(48 + UInt8(truncatingIfNeeded: value))
      return
    }
    let start = out.count
    var rest = value
    while rest > 0 {
      let (quotient, digit) = rest.quotientAndRemainder(dividingBy: 10)
      out.append(48 + UInt8(truncatingIfNeeded: digit))
      rest = quotient
    }
    var low = start
    var high = out.count - 1
    while low < high {
      out.swapAt(low, high)
      low += 1
      high -= 1
    }
  }

  /// The last `digits` digits, with leading zeros.
  private static func appendPadded(_ value: UInt64, digits: Int, to out: inout [UInt8]) {
    let start = out.count
    for _ in 0..<digits { out.append(48) }
    var rest = value
    var i = start + digits - 1
    while rest > 0 && i >= start {
      let (quotient, digit) = rest.quotientAndRemainder(dividingBy: 10)
      out[i] = 48 + UInt8(truncatingIfNeeded: digit)
      rest = quotient
      i -= 1
    }
  }

  private static func appendGeneral(
    _ digits: ShortestDigits, to out: inout [UInt8], _ layout: Layout
  ) {
    let exponent = digits.point - 1
    let isExponential =
      switch layout {
      case .f: false
      case .e: true
      case .g: exponent < -4 || exponent >= 6
      case .json: !digits.isZero && (exponent < -6 || exponent >= 21)
      }
    if isExponential {
      digits.appendExponential(to: &out)
    } else {
      digits.appendPlain(to: &out)
    }
  }
}
