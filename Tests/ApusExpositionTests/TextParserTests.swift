import ApusExposition
import ApusModel
import Testing

/// What a body holds, entry by entry, as text; the error last, where there is one.
func read(_ body: String, _ format: ExpositionFormat = .text) -> [String] {
  read(bytes: Array(body.utf8), format)
}

func read(bytes: [UInt8], _ format: ExpositionFormat = .text) -> [String] {
  var parser = ExpositionParser(bytes.span, format: format)
  var out: [String] = []
  while true {
    do throws(ExpositionError) {
      switch try parser.next() {
      case .end: return out
      case .comment: out.append("comment")
      case .help: out.append("help \(parser.metadataName) \(parser.metadataText())")
      case .type: out.append("type \(parser.metadataName) \(parser.metadataKind.rawValue)")
      case .unit: out.append("unit \(parser.metadataName) \(parser.metadataText())")
      case .series:
        let time = parser.timeMs.map { " @\($0)" } ?? ""
        var line = "\(try parser.labels()) \(FloatText.g(parser.value))\(time)"
        if let exemplar = try parser.exemplar() {
          line += " # \(exemplar.labels) \(FloatText.g(exemplar.value))"
          if let time = exemplar.timeMs { line += " @\(time)" }
        }
        out.append(line)
      }
    } catch {
      return out + ["error: \(error)"]
    }
  }
}

@Suite struct TextParserTests {
  @Test func `samples, metadata and comments come in order`() {
    let body = """
      # HELP go_gc A summary of \\n the \\\\ durations.
      # TYPE go_gc summary
      go_gc{quantile="0"} 4.9351e-05

      # just a comment
      #nothing
      go_gc_sum 0.5 1520430000123
      plain 1
      \tspaced { a = "b" , } \t -2.5e3
      """
    #expect(
      read(body) == [
        "help go_gc A summary of \n the \\ durations.",
        "type go_gc summary",
        #"{__name__="go_gc", quantile="0.0"} 4.9351e-05"#,
        "comment", "comment",
        #"{__name__="go_gc_sum"} 0.5 @1520430000123"#,
        #"{__name__="plain"} 1"#,
        #"{__name__="spaced", a="b"} -2500"#,
      ])
  }

  @Test func `names in quotes may be any UTF-8`() {
    let body = #"""
      {"my.metric",l="v"} 1
      {"http.duration", "label.with.dots"="x\"y\\z\n"} 2
      {l="v","last"} 3
      # TYPE "my.metric" gauge
      """#
    #expect(
      read(body) == [
        #"{__name__="my.metric", l="v"} 1"#,
        #"{__name__="http.duration", "label.with.dots"="x\"y\\z\n"} 2"#,
        #"{__name__="last", l="v"} 3"#,
        "type my.metric gauge",
      ])
  }

  @Test(arguments: [
    ("+Inf", "+Inf"), ("-inf", "-Inf"), ("Nan", "NaN"), ("1e400x", nil), ("0x1p3", nil),
    ("1_000", nil), ("9007199254740993", "9.007199254740992e+15"), ("1e-400", "0"),
    ("0.30000000000000004", "0.30000000000000004"), (".5", "0.5"), ("5.", "5"), ("+3", "3"),
    ("123456789012345678901234567890", "1.2345678901234568e+29"), ("1e23", "1e+23"),
  ])
  func `values are those of Go's ParseFloat`(text: String, expected: String?) {
    let lines = read("a \(text)")
    #expect(lines.count == 1)
    if let expected {
      #expect(lines == [#"{__name__="a"} "# + expected])
    } else {
      #expect(lines[0].hasPrefix("error: "))
    }
  }

  @Test(arguments: [
    ("a", #"expected value after metric, got "\n" ("INVALID") while parsing: "a\n""#),
    ("a{b='c'} 1\n", #"expected label value, got "'" ("INVALID") while parsing: "a{b='""#),
    ("a{b=\n", #"expected label value, got "\n" ("INVALID") while parsing: "a{b=\n""#),
    (
      "a{\u{e9}=\"foo\"} 1\n",
      #"expected label name, got "\xc3" ("INVALID") while parsing: "a{\xc3""#
    ),
    ("a{b=\"c\"", #"expected label name, got "\n" ("INVALID") while parsing: "a{b=\"c\"\n""#),
    (
      "something_weird 1x",
      #"strconv.ParseFloat: parsing "1x": invalid syntax while parsing: "something_weird 1x""#
    ),
    ("a true", #"strconv.ParseFloat: parsing "true": invalid syntax while parsing: "a true""#),
    (
      "a 1e999",
      #"strconv.ParseFloat: parsing "1e999": value out of range while parsing: "a 1e999""#
    ),
    ("a 0x1p-3", #"unsupported character in float while parsing: "a 0x1p-3""#),
    (
      "a 1 1z", #"expected next entry after timestamp, got "z" ("INVALID") while parsing: "a 1 1z""#
    ),
    (
      "a 1 # {x=\"y\"} 1",
      ##"expected timestamp or new record, got "#" ("INVALID") while parsing: "a 1 #""##
    ),
    (
      "a 1 99999999999999999999",
      #"strconv.ParseInt: parsing "99999999999999999999": value out of range"#
        + #" while parsing: "a 1 99999999999999999999""#
    ),
    ("!", #"expected a valid start token, got "!" ("INVALID") while parsing: "!""#),
    ("# TYPE a wrong\n", #"invalid metric type "wrong""#),
    (
      "# TYPE 1a gauge\n",
      ##"expected metric name after TYPE, got "1" ("INVALID") while parsing: "# TYPE 1""##
    ),
    ("{a=\"b\"} 1", #"metric name not set while parsing: "{a=\"b\"} 1""#),
    ("{\"a\",\"b\"} 1", #"metric name already set while parsing: "{\"a\",\"b\"}""#),
    ("a{b=\"x\",b=\"y\"} 1", #"label name "b" is not unique: invalid sample"#),
    (
      "a\0{b=\"c\"} 1",
      #"expected value after metric, got "\x00" ("INVALID") while parsing: "a\x00""#
    ),
  ])
  func `what is wrong is said in Prometheus's words`(body: String, error: String) {
    #expect(read(body).last == "error: \(error)")
  }

  @Test func `a label with an empty value is not there, and so not there twice`() {
    #expect(read("a{b=\"\",b=\"\",c=\"d\"} 1\n") == [#"{__name__="a", c="d"} 1"#])
    #expect(read("a{b=\"x\",b=\"\"} 1\n") == [#"{__name__="a"} 1"#])
  }

  @Test func `bytes that are not UTF-8 are refused`() {
    let start = Array("a{b=\"".utf8) + [0xFF]
    #expect(
      read(bytes: start + Array("\"} 1\n".utf8)) == [
        #"error: invalid UTF-8 label value: "\"\xff\"""#
      ])
    #expect(
      read(bytes: Array("# HELP a ".utf8) + [0xC3, 0x28, 0x0A]) == [
        #"error: help text "\xc3(" is not a valid utf8 string"#
      ])
    #expect(
      read(bytes: Array("{\"".utf8) + [0xFE] + Array("\"} 1".utf8)).last?.hasPrefix("error: ")
        == true)
  }

  @Test func `every cut of a body is an error or an end, never a crash`() {
    let body = Array(
      "# HELP a b\n# TYPE a histogram\na_bucket{le=\"1\",x=\"\\\"y\"} 1.5e3 17\n{\"z\"} 1\n".utf8)
    for count in 0...body.count {
      let lines = read(bytes: Array(body.prefix(count)))
      #expect(lines.count <= 5)
    }
    for position in body.indices {
      for byte: UInt8 in [0, 0x0A, 0x22, 0x5C, 0x7B, 0x7D, 0xFF] {
        var broken = body
        broken[position] = byte
        #expect(read(bytes: broken).count <= 8)
      }
    }
  }

  @Test func `a line of 10 MB that never ends is an error with a short text`() {
    var body = Array("a{b=\"".utf8)
    body += [UInt8](repeating: 0x78, count: 10 << 20)
    let lines = read(bytes: body)
    #expect(lines.count == 1)
    #expect(lines[0].utf8.count < 3_000)
    #expect(lines[0].hasPrefix("error: expected label value, got "))
  }

  @Test func `an error knows its line`() throws {
    let body = Array("a 1\nb 2\n!\n".utf8)
    var parser = ExpositionParser(body.span, format: .text)
    _ = try parser.next()
    _ = try parser.next()
    do throws(ExpositionError) {
      _ = try parser.next()
      Issue.record("no error")
    } catch {
      #expect(error.line == 3)
    }
  }

  @Test func `le and quantile become floats only where the type is known`() {
    let body = """
      a{le="1"} 1
      # TYPE h histogram
      h_bucket{le="1"} 1
      h_bucket{le="1000000"} 1
      h_bucket{le="+Inf",quantile="1"} 1
      # TYPE s summary
      s{quantile="1",le="1"} 1
      """
    #expect(
      read(body).filter { !$0.hasPrefix("type") } == [
        #"{__name__="a", le="1"} 1"#,
        #"{__name__="h_bucket", le="1.0"} 1"#,
        #"{__name__="h_bucket", le="1e+06"} 1"#,
        #"{__name__="h_bucket", le="+Inf", quantile="1"} 1"#,
        #"{__name__="s", le="1", quantile="1.0"} 1"#,
      ])
  }

  @Test func `a known series part is taken over and only the rest is read`() throws {
    let body = Array("a{b=\"c\"} 17 5\na{b=\"c\"} -0.25\na{b=\"c\"}\tNaN\n".utf8)
    var parser = ExpositionParser(body.span, format: .text)
    try parser.resume(series: 0, 8)
    #expect(parser.value == 17)
    #expect(parser.timeMs == 5)
    let second = parser.at
    try parser.resume(series: second, second + 8)
    #expect(parser.value == -0.25)
    #expect(parser.timeMs == nil)
    let third = parser.at
    try parser.resume(series: third, third + 8)
    #expect(parser.value.bitPattern == StaleMarker.normalNaN.bitPattern)
    #expect(try parser.next() == .end)
  }
}
