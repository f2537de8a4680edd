/// Checks a number against Go's grammar of floats and gathers its digits.
///
///     [+-] digits [. digits] [(e|E) [+-] digits]
///     [+-] 0x hex digits [. hex digits] (p|P) [+-] digits
///
/// Underscores may stand between digits, and between `0x` and a digit.
struct FloatScanner {
  private(set) var isNegative = false
  private(set) var isHexadecimal = false
  private(set) var hasUnderscores = false
  /// Where the number ends.
  private(set) var end = 0
  /// The number without underscores, as the library reads it.
  private var clean: [UInt8] = []

  /// False where no well-formed number starts.
  mutating func scan(_ bytes: Span<UInt8>, from start: Int) -> Bool {
    clean.removeAll(keepingCapacity: true)
    var i = start
    func byte(_ at: Int) -> UInt8 { at < bytes.count ? bytes[at] : 0 }
    if byte(i) == UInt8(ascii: "-") || byte(i) == UInt8(ascii: "+") {
      isNegative = byte(i) == UInt8(ascii: "-")
      i += 1
    }
    let numberStart = i
    if byte(i) == UInt8(ascii: "0"), byte(i + 1) | 0x20 == UInt8(ascii: "x") {
      isHexadecimal = true
      clean.append(contentsOf: Array("0x".utf8))
      i += 2
    }
    var digits = 0
    var sawPoint = false
    while i < bytes.count {
      let b = bytes[i]
      if b == UInt8(ascii: "_") {
        hasUnderscores = true
      } else if b == UInt8(ascii: "."), !sawPoint {
        sawPoint = true
        if digits == 0 { clean.append(UInt8(ascii: "0")) }
        clean.append(b)
      } else if isDigit(b) {
        clean.append(b)
        digits += 1
      } else {
        break
      }
      i += 1
    }
    if digits == 0 { return false }
    if clean.last == UInt8(ascii: ".") { clean.append(UInt8(ascii: "0")) }
    let marker = isHexadecimal ? UInt8(ascii: "p") : UInt8(ascii: "e")
    if byte(i) | 0x20 == marker {
      guard scanExponent(bytes, &i, marker) else { return false }
    } else if isHexadecimal {
      return false
    }
    end = i
    return !hasUnderscores || areUnderscoresWell(bytes, from: numberStart)
  }

  private mutating func scanExponent(
    _ bytes: Span<UInt8>, _ i: inout Int, _ marker: UInt8
  ) -> Bool {
    clean.append(marker)
    i += 1
    if i < bytes.count, bytes[i] == UInt8(ascii: "-") || bytes[i] == UInt8(ascii: "+") {
      clean.append(bytes[i])
      i += 1
    }
    var digits = 0
    while i < bytes.count {
      if bytes[i] == UInt8(ascii: "_") {
        hasUnderscores = true
      } else if bytes[i] &- 48 < 10 {
        digits += 1
        // Seven digits are beyond every range already.
        if digits <= 7 { clean.append(bytes[i]) }
      } else {
        break
      }
      i += 1
    }
    return digits > 0
  }

  private func isDigit(_ byte: UInt8) -> Bool {
    if byte &- 48 < 10 { return true }
    let lower = byte | 0x20
    return isHexadecimal && lower >= UInt8(ascii: "a") && lower <= UInt8(ascii: "f")
  }

  private func areUnderscoresWell(_ bytes: Span<UInt8>, from start: Int) -> Bool {
    // The prefix 0x counts as a digit in front of an underscore.
    var last = UInt8(ascii: "!")
    var i = start
    if isHexadecimal {
      last = UInt8(ascii: "0")
      i += 2
    }
    while i < end {
      if isDigit(bytes[i]) {
        last = UInt8(ascii: "0")
      } else if bytes[i] == UInt8(ascii: "_") {
        if last != UInt8(ascii: "0") { return false }
        last = UInt8(ascii: "_")
      } else {
        if last == UInt8(ascii: "_") { return false }
        last = UInt8(ascii: "!")
      }
      i += 1
    }
    return last != UInt8(ascii: "_")
  }

  /// - Throws: `.range` beyond the largest finite number.
  func value() throws(FloatText.ParseFailure) -> Double {
    guard let magnitude = Double(String(decoding: clean, as: UTF8.self)) else { throw .syntax }
    if magnitude.isInfinite { throw .range }
    return isNegative ? -magnitude : magnitude
  }
}
