/// Integers as Go's `strconv.ParseInt(text, 0, 64)` reads them: decimal, `0x`, `0b`, `0o`, a
/// leading zero for octal, and underscores between digits.
enum IntegerText {
  /// Nil for what is no integer, or too large for 64 bits.
  static func parse(_ text: String) -> Int64? {
    let bytes = Array(text.utf8)
    var radix: Int64 = 10
    var i = 0
    if bytes.first == 48, bytes.count > 1 {
      switch bytes[1] | 0x20 {
      case UInt8(ascii: "x"): (radix, i) = (16, 2)
      case UInt8(ascii: "b"): (radix, i) = (2, 2)
      case UInt8(ascii: "o"): (radix, i) = (8, 2)
      default: (radix, i) = (8, 1)
      }
    }
    var value: Int64 = 0
    // A base prefix counts as a digit in front of an underscore.
    var wasDigit = i > 0
    var digits = i == 1 ? 1 : 0
    while i < bytes.count {
      if bytes[i] == UInt8(ascii: "_") {
        if !wasDigit { return nil }
        wasDigit = false
      } else {
        guard let digit = Lexer.digitValue(bytes[i]).map(Int64.init), digit < radix else {
          return nil
        }
        let (product, over) = value.multipliedReportingOverflow(by: radix)
        let (sum, carry) = product.addingReportingOverflow(digit)
        if over || carry { return nil }
        value = sum
        wasDigit = true
        digits += 1
      }
      i += 1
    }
    return digits > 0 && wasDigit ? value : nil
  }
}
