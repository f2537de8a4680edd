/// The digits of an integer as ASCII, eight to a word, the first one in the lowest byte of the
/// first word: ready to be stored a word at a time.
struct DigitWords {
  private var words: (UInt64, UInt64, UInt64)
  /// Number of digits, 1...20.
  let count: Int

  init(_ value: UInt64) {
    count = DecimalFloat.digitCount(value)
    if count <= 8 {
      words = (DigitWords.ascii(value) &>> UInt64(8 &* (8 &- count)), 0, 0)
      return
    }
    let high = value / 100_000_000
    let low = DigitWords.ascii(value &- high &* 100_000_000)
    if count <= 16 {
      let shift = UInt64(8 &* (16 &- count))
      words = (
        DigitWords.ascii(high) &>> shift | low << (64 &- shift), low &>> shift, 0
      )
      return
    }
    let top = high / 100_000_000
    let middle = DigitWords.ascii(high &- top &* 100_000_000)
    let shift = UInt64(8 &* (24 &- count))
    words = (
      DigitWords.ascii(top) &>> shift | middle << (64 &- shift),
      middle &>> shift | low << (64 &- shift), low &>> shift
    )
  }

  /// Stores digits `from`..<`to` at an offset, and up to seven bytes of nothing behind them.
  /// - Returns: the offset behind the last digit.
  @inline(__always)
  func store(_ from: Int, _ to: Int, to out: inout MutableRawSpan, at offset: Int) -> Int {
    var at = from
    while at < to {
      out.storeBytes(of: word(at), toByteOffset: offset &+ at &- from, as: UInt64.self)
      at &+= 8
    }
    return offset &+ to &- from
  }

  /// Eight digits from number `at` on.
  @inline(__always)
  private func word(_ at: Int) -> UInt64 {
    let shift = UInt64(at & 7) &* 8
    switch at &>> 3 {
    case 0: return words.0 &>> shift | words.1 << (64 &- shift)
    case 1: return words.1 &>> shift | words.2 << (64 &- shift)
    default: return words.2 &>> shift
    }
  }

  /// Eight digits of a number below 10^8: halved three times, all parts of a word at once.
  @inline(__always)
  private static func ascii(_ value: UInt64) -> UInt64 {
    let fours = value / 10_000 | (value % 10_000) &<< 32
    let hundreds = ((fours &* 10_486) &>> 20) & 0x7F_0000_007F
    let twos = hundreds | (fours &- hundreds &* 100) &<< 16
    let tens = ((twos &* 103) &>> 10) & 0x0F_000F_000F_000F
    return (tens | (twos &- tens &* 10) &<< 8) | 0x3030_3030_3030_3030
  }
}
