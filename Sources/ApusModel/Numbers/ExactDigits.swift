/// All decimal digits of a float, for printing with a given precision.
///
///     0.d1 d2 d3 ... x 10^point
///
/// A float is m x 2^e; for a negative e that is m x 5^-e / 10^-e, so the digits are those of a
/// whole number of up to 767 digits.
struct ExactDigits {
  /// Values 0...9; the first is not zero. Empty for zero.
  private(set) var digits: [UInt8]
  private(set) var point: Int

  private static let limbBase: UInt64 = 1_000_000_000

  /// - Parameter value: finite and not negative.
  init(_ value: Double) {
    guard value > 0 else {
      digits = []
      point = 1
      return
    }
    var mantissa = value.significandBitPattern
    if value.isNormal { mantissa |= 1 << 52 }
    var exponent = Int(value.isNormal ? value.exponentBitPattern : 1) - 1075
    let zeros = mantissa.trailingZeroBitCount
    mantissa >>= UInt64(zeros)
    exponent += zeros
    // Limbs of nine decimal digits, lowest first.
    var limbs: [UInt64] = []
    var rest = mantissa
    while rest > 0 {
      limbs.append(rest % ExactDigits.limbBase)
      rest /= ExactDigits.limbBase
    }
    for _ in 0..<abs(exponent) { ExactDigits.multiply(&limbs, by: exponent > 0 ? 2 : 5) }
    digits = []
    for limb in limbs.reversed() {
      var divisor = ExactDigits.limbBase / 10
      while divisor > 0 {
        digits.append(UInt8(limb / divisor % 10))
        divisor /= 10
      }
    }
    let leading = digits.prefix { $0 == 0 }.count
    digits.removeFirst(leading)
    point = digits.count + min(exponent, 0)
    while digits.last == 0 { digits.removeLast() }
  }

  private static func multiply(_ limbs: inout [UInt64], by factor: UInt64) {
    var carry: UInt64 = 0
    for i in limbs.indices {
      let product = limbs[i] * factor + carry
      limbs[i] = product % limbBase
      carry = product / limbBase
    }
    if carry > 0 { limbs.append(carry) }
  }

  /// Rounds to a number of digits, a tie to the even one.
  mutating func round(to count: Int) {
    if count < 0 {
      digits = []
      return
    }
    guard count < digits.count else { return }
    let next = digits[count]
    let isTie = next == 5 && count + 1 == digits.count
    let isUp = isTie ? count > 0 && digits[count - 1] % 2 == 1 : next >= 5
    digits.removeSubrange(count...)
    if isUp {
      var i = count - 1
      while i >= 0 && digits[i] == 9 { i -= 1 }
      if i < 0 {
        digits = [1]
        point += 1
      } else {
        digits[i] += 1
        digits.removeSubrange((i + 1)...)
      }
    }
    while digits.last == 0 { digits.removeLast() }
  }

  /// The digit at an index behind the point's origin; zero outside.
  func digit(_ index: Int) -> UInt8 { digits.indices.contains(index) ? digits[index] : 0 }
}
