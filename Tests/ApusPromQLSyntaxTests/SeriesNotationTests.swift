import ApusModel
import ApusPromQLSyntax
import Testing

struct SeriesNotationTests {
  /// Adds counts and sums only: enough to see when it is called.
  static func combine(
    _ base: FloatHistogram, _ change: FloatHistogram, _ isSubtraction: Bool
  ) -> FloatHistogram {
    var sum = base
    sum.count += isSubtraction ? -change.count : change.count
    return sum
  }

  static func floats(_ text: String) throws -> [Double?] {
    try SeriesNotation.parse("m " + text, combine: combine).values.map {
      if case .float(let value) = $0 { return value }
      return nil
    }
  }

  @Test(
    arguments: [
      ("1 2 3", [1, 2, 3]), ("1x3", [1, 1, 1, 1]), ("1+2x3", [1, 3, 5, 7]),
      ("10-5x2", [10, 5, 0]), ("-1x1", [-1, -1]), ("_ 1 _x2 2", [nil, 1, nil, nil, 2]),
      ("0x0", [0]), ("+Inf -Inf", [.infinity, -.infinity]), ("1e3+0.5x1", [1000, 1000.5]),
      ("", []), ("  7  ", [7]),
    ] as [(String, [Double?])])
  func `values are written out`(text: String, values: [Double?]) throws {
    #expect(try SeriesNotationTests.floats(text) == values)
  }

  @Test func `stale is the marker's bits`() throws {
    let series = try SeriesNotation.parse("m stale 1", combine: SeriesNotationTests.combine)
    guard case .float(let first)? = series.values.first else {
      Issue.record("no value")
      return
    }
    #expect(StaleMarker.isStale(first))
  }

  @Test func `labels are those of the series, the name among them`() throws {
    let series = try SeriesNotation.parse(
      #"http:requests{job="a", "l.x"='b'} 1"#, combine: SeriesNotationTests.combine)
    #expect(series.labels == ["__name__": "http:requests", "job": "a", "l.x": "b"])
    let nameless = try SeriesNotation.parse(
      #"{"my.metric", a="b"} 1"#, combine: SeriesNotationTests.combine)
    #expect(nameless.labels == ["__name__": "my.metric", "a": "b"])
    #expect(try SeriesNotation.parse("{} 3", combine: SeriesNotationTests.combine).labels.isEmpty)
  }

  @Test func `a histogram is described by its keys`() throws {
    let text =
      "m {{schema:1 sum:-0.3 count:3.1 z_bucket:7.1 z_bucket_w:0.05 "
      + "buckets:[5.1 10 -7] offset:-3 n_buckets:[4.1 5] n_offset:-5 counter_reset_hint:gauge}}"
    let series = try SeriesNotation.parse(text, combine: SeriesNotationTests.combine)
    var expected = FloatHistogram()
    expected.schema = 1
    expected.sum = -0.3
    expected.count = 3.1
    expected.zeroCount = 7.1
    expected.zeroThreshold = 0.05
    expected.positiveSpans = [.init(offset: -3, length: 3)]
    expected.positiveBuckets = [5.1, 10, -7]
    expected.negativeSpans = [.init(offset: -5, length: 2)]
    expected.negativeBuckets = [4.1, 5]
    expected.resetHint = .gauge
    #expect(series.values == [.histogram(expected, isResetHintSet: true)])
  }

  @Test func `histograms repeat and grow`() throws {
    let series = try SeriesNotation.parse(
      "m {{}} {{count:1}}x1 {{count:1}}+{{count:2}}x2 {{schema:-53 custom_values:[1 2]}}",
      combine: SeriesNotationTests.combine)
    let counts = series.values.map { value in
      if case .histogram(let histogram, _) = value { return histogram.count }
      return -1
    }
    #expect(counts == [0, 1, 1, 1, 3, 5, 0])
    guard case .histogram(let last, false)? = series.values.last else {
      Issue.record("no histogram")
      return
    }
    #expect(last.customBounds == [1, 2])
  }

  @Test(arguments: [
    (
      "m nope",
      "1:3: parse error: unexpected identifier \"nope\" in series values, "
        + "expected number or \"stale\""
    ),
    ("m 1x", "1:5: parse error: unexpected end of input in series values"),
    ("m 1+2", "1:6: parse error: unexpected end of input in series values"),
    (
      "m 1x1.5",
      "1:5: parse error: invalid repetition in series values: strconv.ParseUint: "
        + "parsing \"1.5\": invalid syntax"
    ),
    ("m $", "1:3: parse error: unexpected character in series sequence: '$'"),
    ("m {{count 1}}", "1:5: parse error: missing `:` for histogram descriptor"),
    ("m {{foo:1}}", #"1:5: parse error: bad histogram descriptor found: "foo""#),
    (
      "m {{schema:1}}+{{schema:0}}x1",
      "1:30: parse error: error combining histograms: cannot merge from schema 0 to 1"
    ),
    ("m 1x99999999999", "1:5: parse error: more than 10000000 series values"),
    (#"m{a} 1"#, #"1:4: parse error: unexpected "}" in label set, expected "=""#),
  ])
  func `bad notation is refused`(text: String, message: String) {
    #expect {
      try SeriesNotation.parse(text, combine: SeriesNotationTests.combine)
    } throws: {
      "\($0)" == message
    }
  }
}
