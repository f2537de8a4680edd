import ApusExposition
import Testing

@Suite struct ContentNegotiationTests {
  @Test(arguments: [
    ("text/plain", ExpositionFormat.text), ("text/plain; version=0.0.4; charset=utf-8", .text),
    ("TEXT/PLAIN;Version=1.0.0;escaping=allow-utf-8", .text),
    ("application/openmetrics-text; version=1.0.0; charset=utf-8", .openMetrics),
    ("application/openmetrics-text; version=\"0.0.1\"", .openMetrics),
  ])
  func `the header chooses the parser`(header: String, format: ExpositionFormat) throws {
    let choice = try ContentNegotiation.format(contentType: header, fallback: nil)
    #expect(choice.format == format)
    #expect(choice.warning == nil)
  }

  @Test(arguments: [
    (
      "",
      "non-compliant scrape target sending blank Content-Type"
        + " and no fallback_scrape_protocol specified for target"
    ),
    (
      "application/json",
      #"received unsupported Content-Type "application/json""#
        + #" and no fallback_scrape_protocol specified for target"#
    ),
    (
      "text/ht ml;;=",
      #"cannot parse Content-Type "text/ht ml;;=" and no fallback_scrape_protocol for target"#
    ),
  ])
  func `an unknown header fails without a fallback`(header: String, error: String) {
    #expect(throws: ExpositionError(error)) {
      try ContentNegotiation.format(contentType: header, fallback: nil)
    }
  }

  @Test func `the fallback is used and said so`() throws {
    let choice = try ContentNegotiation.format(contentType: "text/html", fallback: "text/plain")
    #expect(choice.format == .text)
    #expect(
      choice.warning
        == #"received unsupported Content-Type "text/html", using"#
        + #" fallback_scrape_protocol "text/plain""#
    )
    let other = try ContentNegotiation.format(
      contentType: "", fallback: "application/openmetrics-text")
    #expect(other.format == .openMetrics)
  }

  @Test func `the Accept header is Prometheus's`() {
    let choices: [AcceptHeader.Choice] = [
      AcceptHeader.openMetrics1, AcceptHeader.openMetrics0, AcceptHeader.text1,
      AcceptHeader.text0,
    ]
    #expect(
      AcceptHeader.value(choices, escaping: "allow-utf-8")
        == "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
        + "application/openmetrics-text;version=0.0.1;q=0.5,"
        + "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,"
        + "*/*;q=0.2")
  }
}
