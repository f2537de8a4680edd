import ApusModel
import Testing

struct FloatWriteTests {
  /// A repeatable walk through bit patterns.
  private struct Bits {
    var state: UInt64

    mutating func next() -> UInt64 {
      state ^= state &<< 13
      state ^= state &>> 7
      state ^= state &<< 17
      return state
    }
  }

  /// The digits of the standard library's shortest text, and where the point stands.
  private func shortest(_ value: Double) -> (digits: String, point: Int) {
    let parts = value.magnitude.description.split(separator: "e")
    let mantissa = parts[0].split(separator: ".", omittingEmptySubsequences: false)
    var digits = mantissa.joined()
    var point = mantissa[0].utf8.count + (parts.count > 1 ? Int(parts[1])! : 0)
    while digits.first == "0" && digits.utf8.count > 1 {
      digits.removeFirst()
      point -= 1
    }
    while digits.last == "0" && digits.utf8.count > 1 { digits.removeLast() }
    return (digits, point)
  }

  /// The API's form, laid out from the standard library's digits.
  private func expected(_ value: Double) -> String {
    if value.isNaN { return "NaN" }
    if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
    let sign = value.sign == .minus ? "-" : ""
    if value == 0 { return sign + "0" }
    let (digits, point) = shortest(value)
    let count = digits.utf8.count
    if value.magnitude < 1e-6 || value.magnitude >= 1e21 {
      let tail = count > 1 ? "." + digits.dropFirst() : ""
      let size = abs(point - 1)
      return sign + digits.prefix(1) + tail + (point < 1 ? "e-" : "e+") + (size < 10 ? "0" : "")
        + "\(size)"
    }
    if point <= 0 { return sign + "0." + String(repeating: "0", count: -point) + digits }
    if point >= count { return sign + digits + String(repeating: "0", count: point - count) }
    return sign + digits.prefix(point) + "." + digits.dropFirst(point)
  }

  private func mismatch(_ values: some Sequence<Double>) -> String? {
    for value in values {
      let text = FloatText.json(value)
      if text != expected(value) { return "\(value): \(text), not \(expected(value))" }
    }
    return nil
  }

  @Test func `any bits are written with the fewest digits that read back`() {
    var bits = Bits(state: 0x9E37_79B9_7F4A_7C15)
    #expect(mismatch((0..<60_000).map { _ in Double(bitPattern: bits.next()) }) == nil)
  }

  @Test func `numbers as metrics have them are written right`() {
    var bits = Bits(state: 42)
    let numbers = (0..<20_000).flatMap { _ -> [Double] in
      let whole = Double(bits.next() % 100_000_000)
      return [
        whole, whole / 10, whole / 100, whole / 1000, whole / 10_000, whole / 7, whole * 1e9,
        whole * 0.001, -whole / 60,
      ]
    }
    #expect(mismatch(numbers) == nil)
  }

  @Test func `powers of two and of ten and their neighbours are written right`() {
    var numbers: [Double] = []
    for exponent in -1074...1023 {
      let power = Double(sign: .plus, exponent: exponent, significand: 1)
      numbers += [power, power.nextUp, power.nextDown]
    }
    for exponent in -323...308 {
      let power = Double("1e\(exponent)")!
      numbers += [power, power.nextUp, power.nextDown, power * 5]
    }
    #expect(mismatch(numbers) == nil)
  }

  @Test(arguments: [
    (0.0, "0"), (-0.0, "-0"), (9e15, "9000000000000000"),
    (9_007_199_254_740_992, "9007199254740992"),
    (1e21, "1e+21"), (999_999_999_999_999_868_928, "999999999999999900000"), (1e-6, "0.000001"),
    (9.999e-7, "9.999e-07"), (1.7976931348623157e308, "1.7976931348623157e+308"),
    (Double.leastNonzeroMagnitude, "5e-324"), (-1.2345e-300, "-1.2345e-300"), (0.1, "0.1"),
    (999.999, "999.999"),
    (0.0005, "0.0005"), (999_999_999_999.999, "999999999999.999"),
  ])
  func `borders of the forms`(value: Double, text: String) {
    #expect(FloatText.json(value) == text)
  }
}
