import ApusExposition
import ApusModel
import Testing

@Suite struct OpenMetricsParserTests {
  @Test func `all entry kinds are read`() {
    let body = ##"""
      # HELP foo_seconds Help "text" with \"quotes\".
      # TYPE foo_seconds histogram
      # UNIT foo_seconds seconds
      foo_seconds_bucket{le="1"} 4 # {trace_id="KOO5S4vxi0o"} 0.67
      foo_seconds_bucket{le="+Inf"} 17 1520879607.789 # {t="oHg5SJYRHA0",b="c"} 9.8 1520879607.789
      foo_seconds_count 17
      # TYPE s stateset
      s{s="on"} 1.0
      {"utf.8",a="b"} 2 1.5
      # EOF

      """##
    #expect(
      read(body, .openMetrics) == [
        #"help foo_seconds Help "text" with "quotes"."#,
        "type foo_seconds histogram",
        "unit foo_seconds seconds",
        ##"{__name__="foo_seconds_bucket", le="1.0"} 4 # {trace_id="KOO5S4vxi0o"} 0.67"##,
        ##"{__name__="foo_seconds_bucket", le="+Inf"} 17 @1520879607789 # {b="c","##
          + ##" t="oHg5SJYRHA0"} 9.8 @1520879607789"##,
        #"{__name__="foo_seconds_count"} 17"#,
        "type s stateset",
        #"{__name__="s", s="on"} 1"#,
        #"{__name__="utf.8", a="b"} 2 @1500"#,
      ])
  }

  @Test(arguments: [
    ("", "data does not end with # EOF"),
    ("a 1\n", "data does not end with # EOF"),
    ("a 1", "data does not end with # EOF"),
    ("# EOF\na 1\n", "unexpected data after # EOF"),
    ("# EOF\n\n", "unexpected data after # EOF"),
    ("\n# EOF\n", #"expected a valid start token, got "\n" ("INVALID") while parsing: "\n""#),
    ("a\t1\n# EOF\n", #"expected value after metric, got "\t" ("INVALID") while parsing: "a\t""#),
    ("a  1\n# EOF\n", #"expected value after metric, got "  " ("INVALID") while parsing: "a  ""#),
    ("# TYPE c wrong\n# EOF\n", #"invalid metric type "wrong""#),
    ("# UNIT foo_seconds metres\n# EOF\n", #"unit "metres" not a suffix of metric "foo_seconds""#),
    ("# HELP foo", "expected text in HELP"),
    (
      "a{b=\"c\" d=\"e\"} 1\n# EOF\n",
      #"expected comma or brace close, got " " ("INVALID") while parsing: "a{b=\"c\" ""#
    ),
    ("a 1 NaN\n# EOF\n", "invalid timestamp NaN"),
    (
      "a 1 # {b=\"c\"}\n# EOF\n",
      ##"expected value after exemplar labels, got "\n" ("INVALID")"##
        + ##" while parsing: "a 1 # {b=\"c\"}\n""##
    ),
    (
      "a 1 # {\"q\"} 1\n# EOF\n",
      ##"expected label name, got "} " ("BCLOSE") while parsing: "a 1 # {\"q\"} ""##
    ),
  ])
  func `what is wrong is said in Prometheus's words`(body: String, error: String) {
    #expect(read(body, .openMetrics).last == "error: \(error)")
  }

  @Test func `every cut of a body is an error`() {
    let body = Array(
      "# TYPE a counter\n# UNIT a_x x\na_total{x=\"y\"} 1 2 # {z=\"1\"} 3 4\n# EOF\n".utf8)
    for count in 0..<(body.count - 1) {
      #expect(read(bytes: Array(body.prefix(count)), .openMetrics).last?.hasPrefix("error") == true)
    }
    #expect(read(bytes: body, .openMetrics).count == 3)
    for position in body.indices {
      for byte: UInt8 in [0, 0x0A, 0x20, 0x22, 0x5C, 0x7B, 0x7D, 0xFF] {
        var broken = body
        broken[position] = byte
        #expect(read(bytes: broken, .openMetrics).count <= 8)
      }
    }
  }
}
