import ApusSystem
import Testing

struct TextTests {
  @Test func `numbers are padded with zeros behind their sign`() {
    #expect(7.padded(to: 3) == "007")
    #expect((-7).padded(to: 3) == "-007")
    #expect(12345.padded(to: 3) == "12345")
    #expect(Int64.min.padded(to: 2) == "-9223372036854775808")
    #expect(255.hexadecimal(to: 4) == "00ff")
  }

  @Test func `JSON strings are escaped as Go does`() {
    let text = "a\"\\\n\r\t\u{08}\u{0C}\u{01}\u{7F}<é>&\u{2028}"
    #expect(
      JSONText.quoted(text) == #""a\"\\\n\r\t\b\f\u0001"# + "\u{7F}<é>&" + #"\u2028""#)
    #expect(JSONText.quoted("<a>&", escapesHTML: true) == #""\u003ca\u003e\u0026""#)
  }

  @Test func `texts are escaped for the query and the path of an address`() {
    #expect(URLText.queryEscaped("rate(x[5m]) + é~/") == "rate%28x%5B5m%5D%29+%2B+%C3%A9~%2F")
    #expect(URLText.pathEscaped("/a b/c:d?e") == "/a%20b/c:d%3Fe")
  }

  @Test(arguments: [
    ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="),
    ("fooba", "Zm9vYmE="), ("foobar", "Zm9vYmFy"),
  ])
  func `base 64 goes there and back`(text: String, encoded: String) {
    #expect(Base64.encode(text) == encoded)
    #expect(Base64.decode(encoded) == Array(text.utf8))
  }

  @Test func `base 64 knows all its digits and nothing else`() {
    let bytes = (0...255).map { UInt8($0) }
    #expect(Base64.decode(Base64.encode(bytes.span)) == bytes)
    #expect(Base64.decode("Zm 9v\n") == Array("foo".utf8))
    for text in ["Zm9", "Zm9v=", "Z===", "Zm9-", "Zg==Zg=="] { #expect(Base64.decode(text) == nil) }
  }
}
