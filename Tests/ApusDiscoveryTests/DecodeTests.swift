import Testing

@testable import ApusDiscovery

struct DecodeTests {
  private func json(_ text: String) throws -> JSONTree { try JSONTree.parse(Array(text.utf8)) }
  private func xml(_ text: String) throws -> XMLTree { try XMLTree.parse(Array(text.utf8)) }

  @Test func `JSON is read with its escapes and numbers`() throws {
    let tree = try json(
      #" {"a": [1, -2.5e1, true, false, null], "b": {"t": "x\n\"\u00e9\ud83d\ude00\/"}, "a2": ""} "#
    )
    #expect(tree["a"].items.map(\.integer) == [1, -25, nil, nil, nil])
    #expect(tree["a"].items[2].isTrue)
    #expect(tree["b"]["t"].text == "x\n\"é😀/")
    #expect(tree["none"]["deeper"].text == "")
    #expect(try json(#""\ud83d x""#).text == "\u{FFFD} x")
    #expect(try json("9223372036854775808").integer == nil)
    #expect(try json("12").integerText == "12")
  }

  @Test(arguments: [
    "", "{", "[1,", "{\"a\"}", "{\"a\":1,}", "[1 2]", "\"\\x\"", "\"a", "01", "1.", "-", "nul",
    "{} {}", "\"\u{01}\"", "\"\\u12\"", "1e", "{1:2}", "]",
  ])
  func `what is no JSON is refused`(text: String) {
    #expect(throws: JSONTreeError.self) { try json(text) }
  }

  @Test func `JSON that is nested too deeply is refused, and the deepest that is allowed is not`()
    throws
  {
    let most = Limits.decodeDepthMax
    _ = try json(
      String(repeating: "[", count: most) + String(repeating: "]", count: most))
    #expect(throws: JSONTreeError.self) { try json(String(repeating: "[", count: 100_000)) }
    #expect(throws: JSONTreeError.self) {
      try json(String(repeating: "{\"a\":", count: 100_000))
    }
  }

  @Test func `a list that is something else is refused, and null counts as none`() throws {
    #expect(try json("null").list("x").isEmpty)
    #expect(throws: JSONTreeError.self) { try json("{}").list("x") }
    #expect(throws: JSONTreeError.self) { try json("[]").object("x") }
  }

  @Test func `XML is read with attributes, entities, comments and literal text`() throws {
    let tree = try xml(
      """
      <?xml version="1.0"?><!-- c --><n:a x='1' n:y="&lt;2&#x41;">
      <b> t&amp;u </b><b/><c><![CDATA[<raw>]]></c><d>in <e>ner</e></d></n:a>
      """)
    #expect(tree.name == "a")
    #expect(tree.attributes == ["x": "1", "y": "<2A"])
    #expect(tree.all("b").map(\.trimmed) == ["t&u", ""])
    #expect(tree.text("c") == "<raw>")
    #expect(tree["d"]?.inner == "in <e>ner</e>")
  }

  @Test(arguments: [
    "", "text", "<a>", "<a></b>", "<a", "<a x>", "<a x=1>", "<a>&bomb;</a>", "<a>&lt</a>",
    "<!DOCTYPE a [<!ENTITY x \"y\">]><a>&x;</a>", "<a><!-- </a>", "< a/>", "</a>",
    "<a>&#x110000;</a>",
  ])
  func `what is no XML is refused, document types too`(text: String) {
    #expect(throws: XMLTreeError.self) { try xml(text) }
  }

  @Test func `XML that is nested too deeply is refused`() {
    #expect(throws: XMLTreeError.self) { try xml(String(repeating: "<a>", count: 100_000)) }
  }
}
