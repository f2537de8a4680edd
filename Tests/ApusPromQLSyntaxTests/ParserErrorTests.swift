import ApusPromQLSyntax
import Testing

struct ParserErrorTests {
  static let syntax = TextCase.load("syntax-errors.txt")
  static let semantic = TextCase.load("semantic-errors.txt")

  @Test(arguments: syntax)
  func `syntax errors stand where Prometheus puts them, in its words`(_ test: TextCase) {
    #expect(ParserErrorTests.message(test.query) == test.outcome)
  }

  @Test(arguments: semantic)
  func `wrong types and misplaced modifiers are named as in Prometheus`(_ test: TextCase) {
    #expect(ParserErrorTests.message(test.query) == test.outcome)
  }

  @Test func `the tables are there`() {
    #expect(ParserErrorTests.syntax.count > 50)
    #expect(ParserErrorTests.semantic.count > 40)
  }

  @Test(arguments: [
    ("", "unknown position: parse error: no expression found in input"),
    ("  # nothing", "1:1: parse error: no expression found in input"),
    ("\n a b", #"2:4: parse error: unexpected identifier "b""#),
    ("a +\n\n)", "3:2: parse error: unexpected right parenthesis ')'"),
  ])
  func `positions count lines and columns from one`(query: String, message: String) {
    #expect(ParserErrorTests.message(query) == message)
  }

  static func message(_ query: String, _ options: ParserOptions = .init()) -> String {
    do {
      return "parsed as \(try Parser.parse(query, options: options))"
    } catch {
      return "\(error)"
    }
  }
}
