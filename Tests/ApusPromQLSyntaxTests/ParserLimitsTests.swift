import ApusPromQLSyntax
import Testing

struct ParserLimitsTests {
  static func repeated(_ text: String, _ count: Int) -> String {
    String(repeating: text, count: count)
  }

  @Test(arguments: [
    repeated("(", 10_000) + "1" + repeated(")", 10_000),
    repeated("-", 10_000) + "a",
    repeated("abs(", 10_000) + "a" + repeated(")", 10_000),
    repeated("1 ^ ", 10_000) + "1",
    repeated("1 + ", 10_000) + "1",
    "a[" + repeated("(", 10_000) + "1m" + repeated(")", 10_000) + "]",
    "a[" + repeated("1m+", 10_000) + "1m]",
    "a offset (" + repeated("1m-", 10_000) + "1m)",
    "a[" + repeated("(", 600) + "1m" + repeated("+1m)", 600) + repeated("+1m", 600) + "]",
    "a" + repeated("[5m:1m]", 10_000),
    repeated("sum(", 10_000) + "a" + repeated(")", 10_000),
    repeated("sum(", 10_000),
  ])
  func `an expression that is nested too deeply is an error`(query: String) {
    let message = ParserErrorTests.message(query)
    #expect(message.contains("nested too deeply") || message.contains("unclosed"))
  }

  @Test(arguments: [
    repeated("(", 900) + "1" + repeated(")", 900),
    repeated("abs(", 900) + "a" + repeated(")", 900),
    repeated("1 + ", 900) + "1",
  ])
  func `an expression just below the bound is read and printed`(query: String) throws {
    let expression = try Parser.parse(query)
    #expect("\(expression)" == query)
    #expect(ASTJSON.json(expression).count > query.utf8.count)
    #expect(PrettyPrinter.pretty(expression).utf8.count > query.utf8.count)
  }

  @Test(arguments: [
    repeated("(", 9_000) + "1" + repeated(")", 9_000),
    repeated("-", 9_000) + "a",
    repeated("a or ", 9_000) + "a",
    repeated("1 ^ ", 9_000) + "1",
    "a" + repeated("[5m:1m]", 4_000),
  ])
  func `a deep expression is read and written on a large stack`(query: String) {
    #expect(Parser.mayBeDeep(query))
    let outcome = Result { () throws(ParseError) in
      try Parser.withTree(of: query) { ("\($0)", ASTJSON.json($0).count) }
    }
    switch outcome {
    case .success(let (text, bytes)):
      #expect(text == query)
      #expect(bytes > query.utf8.count)
    case .failure(let error):
      #expect(error.description.contains("subquery is only allowed on instant vector"))
    }
  }

  @Test func `there is a bound on a large stack too`() {
    let query = Self.repeated("(", 10_001) + "1" + Self.repeated(")", 10_001)
    #expect {
      try Parser.withTree(of: query) { _ in }
    } throws: { error in
      "\(error)"
        == "1:10002: parse error: expression is nested too deeply: more than 10000 levels"
    }
  }

  @Test(arguments: [
    ("sum(rate(http_requests_total[5m])) by (job) or vector(0)", false),
    (repeated("x", 5_000), false),
    ("x{" + repeated(#"l="v","#, 1_000) + "}", false),
    (repeated("x and ", 1_001) + "x", true),
    (repeated("x\nUNLESS(", 1_001), true),
    (repeated("x==bool ", 1_001), true),
  ])
  func `what may be deep is known before it is parsed`(query: String, isDeep: Bool) {
    #expect(Parser.mayBeDeep(query) == isDeep)
  }

  @Test func `a megabyte of matchers is read`() throws {
    let matchers = (0..<50_000).map { #"l\#($0)!="value""# }.joined(separator: ",")
    let expression = try Parser.parse("a{\(matchers)}")
    guard case .vectorSelector(let selector) = expression else {
      Issue.record("no selector")
      return
    }
    #expect(selector.matchers.count == 50_001)
  }
}
