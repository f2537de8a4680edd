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
