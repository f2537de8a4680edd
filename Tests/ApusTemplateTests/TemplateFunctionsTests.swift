import ApusTemplate
import Testing

struct TemplateFunctionsTests {
  @Test(arguments: [
    ("foo.example.com", "foo.example.com", "foo"),
    ("foo.example.com:12345", "foo.example.com", "foo:12345"),
    ("192.0.2.1", "192.0.2.1", "192.0.2.1"),
    ("192.0.2.1:12345", "192.0.2.1", "192.0.2.1:12345"),
    ("2001:0DB8::1", "2001:0DB8::1", "2001:0DB8::1"),
    ("[2001:0DB8::1]:12345", "2001:0DB8::1", "[2001:0DB8::1]:12345"),
    ("[2001:0DB8::1]::12345", "[2001:0DB8::1]::12345", "[2001:0DB8::1]::12345"),
  ])
  func `hosts lose their port or domain`(host: String, noPort: String, noDomain: String) {
    #expect(expand(#"{{ "\#(host)" | stripPort }}"#) == noPort)
    #expect(expand(#"{{ "\#(host)" | stripDomain }}"#) == noDomain)
  }

  static func list(_ name: String, _ values: [TemplateValue]) -> String {
    expand("{{ range . }}{{ \(name) . }}:{{ end }}", .list(values))
  }

  static func floats(_ values: [Double]) -> [TemplateValue] { values.map { .float($0) } }

  @Test func `numbers are made readable`() {
    #expect(
      TemplateFunctionsTests.list(
        "humanize", TemplateFunctionsTests.floats([0, 1, 1_234_567, 0.12, -1500, 1e30]))
        == "0:1:1.235M:120m:-1.5k:1e+06Y:")
    #expect(
      TemplateFunctionsTests.list("humanize", [.string("1234567.0"), .int(.max)])
        == "1.235M:9.223E:")
    #expect(
      TemplateFunctionsTests.list(
        "humanize1024", TemplateFunctionsTests.floats([0, 1, 1_048_576, 0.12, -2048]))
        == "0:1:1Mi:0.12:-2ki:")
    #expect(
      TemplateFunctionsTests.list(
        "humanizeDuration",
        TemplateFunctionsTests.floats([
          0, 1, 60, 3600, 86400, 90000, -183_845, 899.99, 0.1, 0.0001, 0.12345, 60.5, 1.2345,
          12.345,
        ]))
        == "0s:1s:1m 0s:1h 0m 0s:1d 0h 0m 0s:1d 1h 0m 0s:-2d 3h 4m 5s:14m 59s:100ms:100us:"
        + "123.5ms:1m 0s:1.234s:12.35s:")
    #expect(
      TemplateFunctionsTests.list(
        "humanizePercentage", TemplateFunctionsTests.floats([-0.22222, 0, 0.1234567, 1.23456]))
        == "-22.22%:0%:12.35%:123.5%:")
    for name in ["humanize", "humanize1024", "humanizeDuration", "humanizeTimestamp"] {
      #expect(
        TemplateFunctionsTests.list(
          name, TemplateFunctionsTests.floats([.infinity, -.infinity, .nan]))
          == "+Inf:-Inf:NaN:")
    }
  }

  @Test(arguments: [
    ("{{ 1435065584.128 | humanizeTimestamp }}", "2015-06-23 13:19:44.128 +0000 UTC"),
    (#"{{ "0" | humanizeTimestamp }}"#, "1970-01-01 00:00:00 +0000 UTC"),
    ("{{ -1 | humanizeTimestamp }}", "1969-12-31 23:59:59 +0000 UTC"),
    ("{{ 9223372036 | humanizeTimestamp }}", "2262-04-11 23:47:16 +0000 UTC"),
    (#"{{ (1435065584.128 | toTime).Format "2006" }}"#, "2015"),
    (
      #"{{ (1435065584.128 | toTime).Format "Mon, 2 Jan 06 03:04:05.000 PM -07:00" }}"#,
      "Tue, 23 Jun 15 01:19:44.128 PM +00:00"
    ),
    ("{{ (toTime 951782400).Weekday }} {{ (toTime 951782400).YearDay }}", "Tuesday 60"),
    ("{{ now }}", "1.435065584128e+09"), ("{{ (now | toTime).Year }}", "2015"),
    ("{{ toDuration 3661.5 }} {{ toDuration 0.0015 }}", "1h1m1.5s 1.5ms"),
    ("{{ (toDuration 90).Minutes }}", "1.5"),
    (#"{{ printf "%0.2f" (parseDuration "1h2m10ms") }}"#, "3720.01"),
    (#"{{ parseDuration "-5m" }}"#, "-300"),
    (#"{{ "aa bb CC" | title }} {{ toUpper "aß" }} {{ toLower "ÄB" }}"#, "Aa Bb CC Aß äb"),
    (#"{{ match "a+" "aa" }} {{ match "a+" "b" }} {{ match "a.b" "a\nb" }}"#, "true false false"),
    (#"{{ reReplaceAll "(a)b" "x$1" "ab" }}"#, "xa"),
    (#"{{ reReplaceAll "(?P<n>a)" "<${n}$$1$1x>" "aba" }}"#, "<a$1>b<a$1>"),
    (#"{{ reReplaceAll "x*" "-" "axb" }}"#, "-a-b-"),
    (#"{{ graphLink "up{a=\"b\"}" }}"#, "/graph?g0.expr=up%7Ba%3D%22b%22%7D&g0.tab=0"),
    (#"{{ tableLink "up" }}"#, "/graph?g0.expr=up&g0.tab=1"),
    ("{{ pathPrefix }} {{ externalURL }}", "/path/prefix http://testhost:9090/path/prefix"),
    (#"{{ urlQueryEscape "a b/ü" }} {{ safeHtml "<b>" }}"#, "a+b%2F%C3%BC <b>"),
    (#"{{ strvalue (query "x" | first) }}"#, ""),
  ])
  func `Prometheus's functions answer as in Prometheus`(text: String, output: String) {
    #expect(expand(text, .nothing, TemplateTests.one) == output)
  }

  static let printf = TemplateCase.load("printf.txt")

  @Test(arguments: printf)
  func `printf has Go's verbs`(_ test: TemplateCase) {
    #expect(expand(test.text) == test.outcome)
  }

  @Test func `the table is there`() { #expect(TemplateFunctionsTests.printf.count >= 8) }
}
