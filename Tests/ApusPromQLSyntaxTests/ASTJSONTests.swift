import ApusPromQLSyntax
import Testing

struct ASTJSONTests {
  static let trees = TextCase.load("ast.txt")

  @Test(arguments: trees)
  func `the tree is written with Prometheus's keys in its order`(_ test: TextCase) throws {
    let json = ASTJSON.json(try Parser.parse(test.query))
    #expect(String(decoding: json, as: UTF8.self) == test.outcome)
  }

  @Test func `the table is there`() { #expect(ASTJSONTests.trees.count >= 7) }
}
