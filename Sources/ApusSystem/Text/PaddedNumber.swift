extension BinaryInteger {
  /// With zeros in front, `width` digits at least: `(-7).padded(to: 3)` is `-007`.
  package func padded(to width: Int, radix: Int = 10) -> String {
    let digits = String(magnitude, radix: radix)
    let zeros = String(repeating: "0", count: Swift.max(0, width - digits.utf8.count))
    return (self < 0 ? "-" : "") + zeros + digits
  }

  /// In base 16 with lower-case digits, `width` digits at least.
  package func hexadecimal(to width: Int) -> String { padded(to: width, radix: 16) }
}
