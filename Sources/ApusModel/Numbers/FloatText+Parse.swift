extension FloatText {
  package enum ParseFailure: Error, Sendable, Equatable {
    case syntax
    case range

    /// Go's words, as in `strconv.ParseFloat: parsing "x": invalid syntax`.
    package func text(function: String = "ParseFloat", parsing input: String) -> String {
      let reason = self == .syntax ? "invalid syntax" : "value out of range"
      return "strconv.\(function): parsing \(GoQuote.quote(input)): \(reason)"
    }
  }

  /// Go's `strconv.ParseFloat(text, 64)`: decimals, hexadecimals with a `p` exponent, `inf`,
  /// `infinity` and `nan` in any case, underscores between digits.
  package static func parse(_ text: String) throws(ParseFailure) -> Double {
    try parse(text.utf8.span)
  }

  package static func parse(_ bytes: Span<UInt8>) throws(ParseFailure) -> Double {
    if let quick = parseExposition(bytes) { return quick }
    var number = FloatScanner()
    guard number.scan(bytes, from: 0), number.end == bytes.count else { throw .syntax }
    let value = try number.value()
    return value
  }

  /// A sample value of an exposition: Go's decimals, `inf` and `nan`, but neither hexadecimals
  /// nor underscores, as in Prometheus. Nil for anything else. A number beyond the largest is
  /// refused too.
  package static func parseExposition(_ bytes: Span<UInt8>) -> Double? {
    var i = 0
    var isNegative = false
    if bytes.count > 0, bytes[0] == UInt8(ascii: "-") || bytes[0] == UInt8(ascii: "+") {
      isNegative = bytes[0] == UInt8(ascii: "-")
      i = 1
    }
    var mantissa: UInt64 = 0
    var digits = 0
    var scale = 0
    var sawDigits = false
    while i < bytes.count, bytes[i] &- 48 < 10 {
      // The first 19 digits always fit into 64 bits.
      if digits < 19 {
        mantissa = mantissa &* 10 &+ UInt64(bytes[i] &- 48)
        if mantissa != 0 { digits &+= 1 }
      } else {
        return slowExposition(bytes)
      }
      sawDigits = true
      i &+= 1
    }
    if i < bytes.count, bytes[i] == UInt8(ascii: ".") {
      i &+= 1
      while i < bytes.count, bytes[i] &- 48 < 10 {
        if digits >= 19 { return slowExposition(bytes) }
        mantissa = mantissa &* 10 &+ UInt64(bytes[i] &- 48)
        if mantissa != 0 { digits &+= 1 }
        scale &-= 1
        sawDigits = true
        i &+= 1
      }
    }
    if !sawDigits { return special(bytes) }
    if i < bytes.count {
      guard bytes[i] | 0x20 == UInt8(ascii: "e"),
        let exponent = scanExponent(bytes, from: i &+ 1)
      else { return nil }
      scale += exponent
    }
    guard let value = exact(mantissa, scale) ?? ExtendedFloat.double(mantissa, scale) else {
      return slowExposition(bytes)
    }
    return isNegative ? -value : value
  }

  /// Powers of ten that a Double holds exactly.
  private static let exactPowers: [Double] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
    1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
  ]

  /// Clinger's case: one exact integer and one exact power need only one rounding.
  static func exact(_ mantissa: UInt64, _ scale: Int) -> Double? {
    if mantissa == 0 { return 0 }
    guard mantissa < 1 << 53, scale >= -22, scale <= 22 else { return nil }
    let value = Double(mantissa)
    return scale < 0 ? value / exactPowers[-scale] : value * exactPowers[scale]
  }

  /// The exponent behind an `e`, up to the end of the text; nil unless it is well formed.
  private static func scanExponent(_ bytes: Span<UInt8>, from start: Int) -> Int? {
    var i = start
    var isNegative = false
    if i < bytes.count, bytes[i] == UInt8(ascii: "-") || bytes[i] == UInt8(ascii: "+") {
      isNegative = bytes[i] == UInt8(ascii: "-")
      i += 1
    }
    guard i < bytes.count else { return nil }
    var exponent = 0
    while i < bytes.count {
      guard bytes[i] &- 48 < 10 else { return nil }
      if exponent < 100_000 { exponent = exponent * 10 + Int(bytes[i] - 48) }
      i += 1
    }
    return isNegative ? -exponent : exponent
  }

  /// Many digits or a large exponent: checks the form, then lets the library round.
  private static func slowExposition(_ bytes: Span<UInt8>) -> Double? {
    var number = FloatScanner()
    guard number.scan(bytes, from: 0), number.end == bytes.count, !number.isHexadecimal,
      !number.hasUnderscores
    else { return nil }
    return try? number.value()
  }

  /// `inf`, `infinity` and `nan`, in any case; only infinities take a sign.
  private static func special(_ bytes: Span<UInt8>) -> Double? {
    var start = 0
    var isNegative = false
    if bytes.count > 0, bytes[0] == UInt8(ascii: "-") || bytes[0] == UInt8(ascii: "+") {
      isNegative = bytes[0] == UInt8(ascii: "-")
      start = 1
    }
    if isWord("nan", bytes, start) { return start == 0 ? StaleMarker.normalNaN : nil }
    guard isWord("inf", bytes, start) || isWord("infinity", bytes, start) else { return nil }
    return isNegative ? -.infinity : .infinity
  }

  /// Whether the rest of the text is a word of lower-case letters, in any case.
  private static func isWord(_ word: StaticString, _ bytes: Span<UInt8>, _ start: Int) -> Bool {
    guard bytes.count - start == word.utf8CodeUnitCount else { return false }
    var i = start
    for letter in word.description.utf8 {
      if bytes[i] | 0x20 != letter { return false }
      i += 1
    }
    return true
  }
}
