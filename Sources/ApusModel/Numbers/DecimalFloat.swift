/// The shortest decimal that reads back to a float; among several, the closest.
///
/// Raffaello Giulietti's Schubfach: scale the float's rounding interval by a power of ten that
/// leaves at most one multiple of ten inside, and pick. All in integers of 128 bits.
///
/// Source: "The Schubfach way to render doubles", 2021.
struct DecimalFloat: Equatable {
  /// Value = digits x 10^exponent. Not a multiple of ten; at most 17 digits.
  private(set) var digits: UInt64
  private(set) var exponent: Int

  /// - Parameter value: finite and greater than zero.
  init(_ value: Double) {
    if let thousandths = DecimalFloat.thousandths(value) {
      digits = thousandths
      exponent = -3
      dropZeros()
      return
    }
    let fraction = value.significandBitPattern
    let biased = Int(value.exponentBitPattern)
    var c = fraction
    var q = 1 - 1075
    if biased != 0 {
      c |= 1 << 52
      q = biased - 1075
      // Whole numbers below 2^53.
      if q <= 0, q > -53, c & ((1 &<< UInt64(-q)) &- 1) == 0 {
        digits = c &>> UInt64(-q)
        exponent = 0
        dropZeros()
        return
      }
    }
    (digits, exponent) = DecimalFloat.shortest(
      c, q, isLowerBoundCloser: fraction == 0 && biased > 1)
    dropZeros()
  }

  /// A thousand times the value, where the value has at most three decimals and 15 digits.
  ///
  /// A decimal of 15 digits that reads back to a float is the only one that does, so it is the
  /// shortest but for zeros at its end.
  @inline(__always)
  private static func thousandths(_ value: Double) -> UInt64? {
    guard value < 1e12 else { return nil }
    let scaled = value * 1000
    let whole = UInt64(scaled + 0.5)
    let rounded = Double(whole)
    // The division decides; the comparison spares most others one.
    guard whole > 0, (scaled - rounded).magnitude <= scaled * 0x1p-50,
      rounded / 1000 == value
    else { return nil }
    return whole
  }

  /// The decimal for c x 2^q.
  private static func shortest(
    _ c: UInt64, _ q: Int, isLowerBoundCloser: Bool
  ) -> (UInt64, Int) {
    let excluded: UInt64 = c & 1
    // floor(log10(2^q)), or of three quarters of it.
    let k = (q &* 1_262_611 &- (isLowerBoundCloser ? 524_031 : 0)) &>> 22
    let h = UInt64(truncatingIfNeeded: q &+ ((0 &- k) &* 1_741_647) &>> 19 &+ 1)
    let at = (0 &- k &- PowersOfTen.lowest) &* 2
    let high = PowersOfTen.words[at]
    let low = PowersOfTen.words[at &+ 1]
    let below = scaled(high, low, (4 &* c &- 2 &+ (isLowerBoundCloser ? 1 : 0)) &<< h)
    let middle = scaled(high, low, (4 &* c) &<< h)
    let above = scaled(high, low, (4 &* c &+ 2) &<< h)
    let lower = below &+ excluded
    let upper = above &- excluded
    let s = middle &>> 2
    if s >= 10 {
      let tens = s / 10
      let isUnder = lower <= 40 &* tens
      let isOver = 40 &* tens &+ 40 <= upper
      if isUnder != isOver { return (tens &+ (isOver ? 1 : 0), k &+ 1) }
    }
    let isUnder = lower <= 4 &* s
    let isOver = 4 &* s &+ 4 <= upper
    if isUnder != isOver { return (s &+ (isOver ? 1 : 0), k) }
    let half = 4 &* s &+ 2
    let roundsUp = middle > half || (middle == half && s & 1 == 1)
    return (s &+ (roundsUp ? 1 : 0), k)
  }

  /// The high 64 bits of a product of 128 and 64 bits; the last bit is set where more follow.
  @inline(__always)
  private static func scaled(_ high: UInt64, _ low: UInt64, _ x: UInt64) -> UInt64 {
    let lower = low.multipliedFullWidth(by: x).high
    let upper = high.multipliedFullWidth(by: x)
    let (middle, carry) = upper.low.addingReportingOverflow(lower)
    return (upper.high &+ (carry ? 1 : 0)) | (middle > 1 ? 1 : 0)
  }

  private mutating func dropZeros() {
    drop(100_000_000, 8)
    drop(10_000, 4)
    drop(100, 2)
    drop(10, 1)
    drop(10, 1)
  }

  @inline(__always)
  private mutating func drop(_ power: UInt64, _ zeros: Int) {
    let rest = digits / power
    if rest &* power == digits {
      digits = rest
      exponent &+= zeros
    }
  }

  /// 1 for 0.
  @inline(__always)
  static func digitCount(_ value: UInt64) -> Int {
    // 1233 / 4096 is a little above log10(2).
    let bits = 64 &- value.leadingZeroBitCount
    let guess = (bits &* 1233) &>> 12
    return guess &+ (value >= powers[guess] ? 1 : 0) | (value == 0 ? 1 : 0)
  }

  private static let powers: [UInt64] = [
    1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000, 1_000_000_000,
    10_000_000_000, 100_000_000_000, 1_000_000_000_000, 10_000_000_000_000,
    100_000_000_000_000, 1_000_000_000_000_000, 10_000_000_000_000_000,
    100_000_000_000_000_000, 1_000_000_000_000_000_000, 10_000_000_000_000_000_000,
  ]
}
