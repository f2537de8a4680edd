import ApusModel
import ApusWeb
import Testing

struct JSONWriterTests {
  private func written(_ write: (inout JSONWriter) -> Void) -> String {
    var json = JSONWriter()
    write(&json)
    return String(decoding: json.bytes, as: UTF8.self)
  }

  @Test(arguments: [
    ("plain", #""plain""#), ("", #""""#), (#"a"b\c"#, #""a\"b\\c""#),
    ("line\nbreak\ttab\rreturn", #""line\nbreak\ttab\rreturn""#),
    ("\u{01}\u{1f}", #""\u0001\u001f""#), ("<a & b>", #""\u003ca \u0026 b\u003e""#),
    ("naïve 数 😀", #""naïve 数 😀""#), ("a\u{2028}b", #""a\u2028b""#),
  ])
  func `strings are escaped as Go escapes them`(text: String, expected: String) {
    #expect(written { $0.string(text) } == expected)
  }

  @Test func `what is not UTF-8 becomes the replacement character`() {
    let bytes: [UInt8] = [0x61, 0xFF, 0x62]
    #expect(written { $0.string(bytes.span, escapesHTML: true) } == "\"a\u{FFFD}b\"")
  }

  @Test(arguments: [
    (0.0, #""0""#), (1.0, #""1""#), (-2.5, #""-2.5""#), (1e20, #""100000000000000000000""#),
    (1e21, #""1e+21""#), (1e-6, #""0.000001""#), (1e-7, #""1e-07""#),
    (0.1 + 0.2, #""0.30000000000000004""#),
    (Double.nan, #""NaN""#), (.infinity, #""+Inf""#), (-Double.infinity, #""-Inf""#),
    (Double.leastNonzeroMagnitude, #""5e-324""#), (1_767_225_600.5, #""1767225600.5""#),
    (-0.0, #""-0""#),
    (123456789012345680, #""123456789012345680""#), (99.99, #""99.99""#),
  ])
  func `sample values are quoted and as short as can be`(value: Double, expected: String) {
    #expect(written { $0.sampleValue(value) } == expected)
  }

  @Test(arguments: [
    (Int64(0), "0"), (1_795_223_040_000, "1795223040"), (1_795_223_278_010, "1795223278.010"),
    (1, "0.001"), (100, "0.100"), (-1500, "-1.500"), (-1000, "-1"),
    (Int64.min, "-9223372036854775.808"),
  ])
  func `timestamps have three decimals or none`(ms: Int64, expected: String) {
    #expect(written { $0.seconds(ms: ms) } == expected)
  }

  @Test(arguments: [(0.5, "0.5"), (1e-9, "1e-9"), (1e21, "1e+21"), (Double.nan, "0")])
  func `plain numbers are as Go's encoder writes them`(value: Double, expected: String) {
    #expect(written { $0.number(value) } == expected)
  }

  @Test func `labels are an object in their own order`() {
    let labels: Labels = ["__name__": "up", "job": "a<b", "q": "\""]
    #expect(written { $0.labels(labels) } == #"{"__name__":"up","job":"a<b","q":"\""}"#)
    #expect(written { $0.labels(.empty) } == "{}")
  }

  @Test func `times are in RFC 3339, no time is Go's zero time`() {
    #expect(written { $0.time(ms: 1_767_225_600_500) } == #""2026-01-01T00:00:00.5Z""#)
    #expect(written { $0.time(ms: nil) } == #""0001-01-01T00:00:00Z""#)
  }
}
