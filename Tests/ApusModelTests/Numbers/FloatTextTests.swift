import ApusModel
import Testing

struct FloatTextTests {
  @Test func `the digits are the fewest, also next to powers of two and ten`() throws {
    for exponent in -18...48 {
      let power = Double(sign: .plus, exponent: exponent, significand: 1)
      for value in [power, power.nextUp, power.nextDown, power * 1.1, power / 3] {
        let digits = FloatText.f(value).filter { $0 != "." && $0 != "0" }
        let expected = FloatText.text(value, .e).prefix { $0 != "e" }
        #expect(digits == expected.filter { $0 != "." && $0 != "0" }, "\(value)")
        #expect(try FloatText.parse(FloatText.f(value)) == value)
      }
    }
    #expect(FloatText.f(999_999_999_999.9999) == "999999999999.9999")
    #expect(FloatText.f(0.000001234567890123) == "0.000001234567890123")
    #expect(FloatText.f(5e-5) == "0.00005")
  }

  @Test(arguments: [
    (0.0, "0", "0", "0"),
    (-0.0, "-0", "-0", "-0"),
    (1, "1", "1", "1"),
    (-17.25, "-17.25", "-17.25", "-17.25"),
    (0.1, "0.1", "0.1", "0.1"),
    (0.30000000000000004, "0.30000000000000004", "0.30000000000000004", "0.30000000000000004"),
    (1_000_000, "1000000", "1e+06", "1000000"),
    (1_234_567, "1234567", "1.234567e+06", "1234567"),
    (123_456.75, "123456.75", "123456.75", "123456.75"),
    (1_435_781_451.781, "1435781451.781", "1.435781451781e+09", "1435781451.781"),
    (1e15, "1000000000000000", "1e+15", "1000000000000000"),
    (1e20, "100000000000000000000", "1e+20", "100000000000000000000"),
    (1e21, "1000000000000000000000", "1e+21", "1e+21"),
    (1.5e300, "15" + String(repeating: "0", count: 299), "1.5e+300", "1.5e+300"),
    (0.0001, "0.0001", "0.0001", "0.0001"),
    (0.00001, "0.00001", "1e-05", "0.00001"),
    (1e-6, "0.000001", "1e-06", "0.000001"),
    (1.25e-7, "0.000000125", "1.25e-07", "1.25e-07"),
    (
      Double.leastNonzeroMagnitude, "0." + String(repeating: "0", count: 323) + "5", "5e-324",
      "5e-324"
    ),
    (9_007_199_254_740_992, "9007199254740992", "9.007199254740992e+15", "9007199254740992"),
    (3.141592653589793, "3.141592653589793", "3.141592653589793", "3.141592653589793"),
    (Double.infinity, "+Inf", "+Inf", "+Inf"),
    (-Double.infinity, "-Inf", "-Inf", "-Inf"),
    (Double.nan, "NaN", "NaN", "NaN"),
  ])
  func `floats print as Go prints them`(value: Double, f: String, g: String, json: String) {
    #expect(FloatText.f(value) == f)
    #expect(FloatText.g(value) == g)
    #expect(FloatText.json(value) == json)
  }

  @Test func `every printed float reads back to the same bits`() throws {
    var state: UInt64 = 0x9E37_79B9_7F4A_7C15
    for i in 0..<20_000 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      var value = Double(bitPattern: state)
      if i % 3 == 1 { value = Double(state >> 40) / 1000 }
      if i % 3 == 2 { value = Double(state >> 30) / 7 }
      guard value.isFinite else { continue }
      for layout in [FloatText.Layout.f, .g, .e, .json] {
        let text = FloatText.text(value, layout)
        #expect(try FloatText.parse(text).bitPattern == value.bitPattern, "\(text)")
      }
      #expect(
        FloatText.text(value, .e).utf8.filter { $0 >= 48 && $0 <= 57 }.count
          <= value.description.utf8.count + 3)
    }
  }

  @Test(
    arguments: [
      (0, "0"), (1, "0.001"), (10, "0.01"), (100, "0.1"), (120, "0.12"), (1000, "1"),
      (1_435_781_451_781, "1435781451.781"), (1_435_781_451_000, "1435781451"), (-1500, "-1.5"),
      (Int64.min, "-9223372036854775.808"),
    ] as [(Int64, String)])
  func `milliseconds print as seconds without trailing zeros`(ms: Int64, text: String) {
    var out: [UInt8] = []
    FloatText.appendSeconds(ms: ms, to: &out)
    #expect(String(decoding: out, as: UTF8.self) == text)
  }

  @Test(arguments: [
    ("0", 0), ("1", 1), ("+1.5", 1.5), ("-2e3", -2000), (".5", 0.5), ("5.", 5), ("1e22", 1e22),
    ("1e-7", 1e-7), ("123456789012345678901234567890", 1.2345678901234568e29),
    ("0.1234567890123456789", 0.12345678901234568), ("inf", .infinity), ("+Inf", .infinity),
    ("-Infinity", -.infinity), ("0x1p4", 16), ("0x1.8p1", 3), ("-0X.8P0", -0.5),
    ("1_000.5", 1000.5), ("0x_1p0", 1), ("1e-400", 0), ("08", 8),
    ("2.2250738585072011e-308", Double(bitPattern: 0x000F_FFFF_FFFF_FFFF)),
  ])
  func `floats parse as Go parses them`(text: String, value: Double) throws {
    #expect(try FloatText.parse(text) == value)
  }

  @Test(arguments: [
    "", "-", ".", "e5", "1e", "1e+", "1x", " 1", "1 ", "0x1", "0xp1", "1__0", "_1", "1_", "1_.5",
    "+nan", "-nan", "infin", "1.2.3", "--1",
  ])
  func `what Go refuses is refused`(text: String) {
    #expect(throws: FloatText.ParseFailure.syntax) { try FloatText.parse(text) }
  }

  @Test func `numbers beyond the largest are out of range`() {
    #expect(throws: FloatText.ParseFailure.range) { try FloatText.parse("1e309") }
    #expect(throws: FloatText.ParseFailure.range) { try FloatText.parse("-1e400") }
    #expect(
      FloatText.ParseFailure.range.text(parsing: "1e309")
        == #"strconv.ParseFloat: parsing "1e309": value out of range"#)
  }

  @Test func `a parsed NaN has the bits of arithmetic's NaN, never those of staleness`() throws {
    #expect(try FloatText.parse("NaN").bitPattern == StaleMarker.normalNaN.bitPattern)
  }

  @Test(arguments: ["0x1p4", "1_000", "1e400", "", "nope", "1e5x"])
  func `an exposition takes no hexadecimals, underscores or overflows`(text: String) {
    #expect(FloatText.parseExposition(text.utf8.span) == nil)
  }

  @Test(arguments: [
    ("1.7976931348623157e308", 1.7976931348623157e308), ("4.9e-324", Double.leastNonzeroMagnitude),
    ("-0.5e+1", -5),
    ("1234567890123456789012", 1.2345678901234568e21), ("00000000000000000000001.5", 1.5),
    ("0.000000000000000000000015", 1.5e-23),
  ])
  func `an exposition's numbers are rounded exactly`(text: String, value: Double) {
    #expect(FloatText.parseExposition(text.utf8.span) == value)
  }
}
