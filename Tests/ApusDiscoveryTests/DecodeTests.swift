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

  /// Bytes with some of them changed, cut out or doubled; the same for each seed.
  private func mutated(_ bytes: [UInt8], seed: UInt64) -> [UInt8] {
    var state = seed &* 0x9E37_79B9_7F4A_7C15 | 1
    func next(_ bound: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(state >> 33) % max(bound, 1)
    }
    var out = bytes
    for _ in 0...next(4) where !out.isEmpty {
      let at = next(out.count)
      switch next(4) {
      case 0: out[at] = UInt8(next(256))
      case 1: out.remove(at: at)
      case 2: out.insert(contentsOf: out[at..<min(at + next(9), out.count)], at: at)
      default: out.removeLast(out.count - at)
      }
    }
    return out
  }

  @Test func `no bytes make a reader trap`() {
    let json = Array(#"{"a": [1, -2.5e1, true, null], "b": "x\n\u00e9\ud83d\ude00", "c": {}}"#.utf8)
    let xml = Array("<?x?><a b='&lt;'><!-- c --><d>&#x41;<![CDATA[e]]></d><f/></a>".utf8)
    let dns = DNSAnswer(id: 7).srv("s.x", target: "h.x", port: 80).aaaa("x", Array(0..<16))
      .mx("x", "m.x").answering([0, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 120, 0, 0, 1, 0, 1]).bytes
    for seed in 0..<20_000 {
      let seed = UInt64(seed)
      _ = try? JSONTree.parse(mutated(json, seed: seed))
      _ = try? XMLTree.parse(mutated(xml, seed: seed))
      _ = try? DNSMessage(mutated(dns, seed: seed))
    }
  }
}
