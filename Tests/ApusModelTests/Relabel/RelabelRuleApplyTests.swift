import ApusModel
import Testing

struct RelabelRuleApplyTests {
  private func apply(_ rules: RelabelRule..., to labels: Labels) -> Labels? {
    RelabelRule.apply(rules, to: labels)
  }

  @Test func `replace sets the target from groups of the joined source`() throws {
    let rule = try RelabelRule(
      sourceLabels: ["a", "b"], regex: "f(.*);(.*)r", targetLabel: "c",
      replacement: "ch${1}-ch${2}")
    #expect(
      apply(rule, to: ["a": "foo", "b": "bar"]) == ["a": "foo", "b": "bar", "c": "choo-chba"])
  }

  @Test func `replace leaves the labels alone where the pattern does not match the whole`() throws {
    let rule = try RelabelRule(sourceLabels: ["a"], regex: "f", targetLabel: "b")
    #expect(apply(rule, to: ["a": "foo"]) == ["a": "foo"])
  }

  @Test func `an empty replacement deletes the target`() throws {
    let rule = try RelabelRule(
      sourceLabels: ["a"], regex: "(f).*", targetLabel: "a", replacement: "")
    #expect(apply(rule, to: ["a": "foo", "b": "bar"]) == ["b": "bar"])
  }

  @Test func `replace without a source sets a constant`() throws {
    let rule = try RelabelRule(targetLabel: "x", replacement: "y")
    #expect(apply(rule, to: ["a": "b"]) == ["a": "b", "x": "y"])
  }

  @Test func `the target's name may come from a group, and an empty name changes nothing`() throws {
    let rule = try RelabelRule(
      sourceLabels: ["a"], regex: "(?P<first>[^,]*),(.*)", targetLabel: "${first}",
      replacement: "$2")
    #expect(apply(rule, to: ["a": "x,y"]) == ["a": "x,y", "x": "y"])
    #expect(apply(rule, to: ["a": ",y"]) == ["a": ",y"])
  }

  @Test func `a dot matches a newline`() throws {
    let rule = try RelabelRule(action: .drop, sourceLabels: ["a"], regex: "x.y")
    #expect(apply(rule, to: ["a": "x\ny"]) == nil)
  }

  @Test func `keep and drop decide on the whole set`() throws {
    let keep = try RelabelRule(action: .keep, sourceLabels: ["a"], regex: "foo")
    let drop = try RelabelRule(action: .drop, sourceLabels: ["a"], regex: "foo")
    #expect(apply(keep, to: ["a": "foo"]) == ["a": "foo"])
    #expect(apply(keep, to: ["a": "fool"]) == nil)
    #expect(apply(drop, to: ["a": "foo"]) == nil)
    #expect(apply(drop, to: ["b": "foo"]) == ["b": "foo"])
  }

  @Test func `a rule sees what the rule before it left, and none runs after a drop`() throws {
    let set = try RelabelRule(targetLabel: "b", replacement: "1")
    let keep = try RelabelRule(action: .keep, sourceLabels: ["b"], regex: "1")
    #expect(apply(set, keep, to: ["a": "x"]) == ["a": "x", "b": "1"])
    #expect(apply(keep, set, to: ["a": "x"]) == nil)
  }

  @Test func `keepequal and dropequal compare with the target`() throws {
    let keep = try RelabelRule(action: .keepequal, sourceLabels: ["a"], targetLabel: "b")
    let drop = try RelabelRule(action: .dropequal, sourceLabels: ["a"], targetLabel: "b")
    #expect(apply(keep, to: ["a": "1", "b": "1"]) != nil)
    #expect(apply(keep, to: ["a": "1", "b": "2"]) == nil)
    #expect(apply(drop, to: ["a": "1", "b": "1"]) == nil)
    #expect(apply(drop, to: ["a": "1", "b": "2"]) != nil)
    // Both missing are equal.
    #expect(apply(keep, to: ["c": "1"]) != nil)
  }

  @Test func `hashmod takes the last eight bytes of the MD5`() throws {
    let rule = try RelabelRule(
      action: .hashmod, sourceLabels: ["c"], modulus: 1_000, targetLabel: "d")
    #expect(apply(rule, to: ["a": "foo", "b": "bar", "c": "baz"])?["d"] == "976")
    #expect(apply(rule, to: ["c": "foo\nbar"])?["d"] == "734")
  }

  @Test func `labelmap copies labels under names made from theirs`() throws {
    let rule = try RelabelRule(
      action: .labelmap, regex: "__meta_(my.*)", replacement: "${1}")
    #expect(
      apply(rule, to: ["__meta_my_bar": "aaa", "__meta_my_baz": "bbb", "__meta_other": "ccc"])
        == [
          "__meta_my_bar": "aaa", "__meta_my_baz": "bbb", "__meta_other": "ccc",
          "my_bar": "aaa", "my_baz": "bbb",
        ])
  }

  @Test func `labeldrop and labelkeep look at names`() throws {
    let labels: Labels = ["__name__": "m", "le": "1", "pod": "p"]
    let drop = try RelabelRule(action: .labeldrop, regex: "p.*")
    let keep = try RelabelRule(action: .labelkeep, regex: "__name__|le")
    #expect(apply(drop, to: labels) == ["__name__": "m", "le": "1"])
    #expect(apply(keep, to: labels) == ["__name__": "m", "le": "1"])
  }

  @Test func `lowercase and uppercase know more than ASCII`() throws {
    let lower = try RelabelRule(action: .lowercase, sourceLabels: ["a"], targetLabel: "b")
    let upper = try RelabelRule(action: .uppercase, sourceLabels: ["a"], targetLabel: "b")
    #expect(apply(lower, to: ["a": "BÄR"])?["b"] == "bär")
    #expect(apply(upper, to: ["a": "bär"])?["b"] == "BÄR")
  }

  @Test func `two dollars are one, and a broken reference stays as it is`() throws {
    let rule = try RelabelRule(
      sourceLabels: ["a"], targetLabel: "b", replacement: "$$1 $1 ${1 $9 $")
    #expect(apply(rule, to: ["a": "x"])?["b"] == "$1 x ${1  $")
  }
}

struct MD5Tests {
  /// The test suite of RFC 1321, A.5.
  @Test(arguments: [
    ("", "d41d8cd98f00b204e9800998ecf8427e"), ("abc", "900150983cd24fb0d6963f7d28e17f72"),
    ("message digest", "f96b697d7cb7938d525a2f31aaf161d0"),
    (
      "12345678901234567890123456789012345678901234567890123456789012345678901234567890",
      "57edf4a22be3c955ac49da2e2107b67a"
    ),
    (String(repeating: "a", count: 56), "3b0c8ac703f828b04c6c197006d17218"),
    (String(repeating: "a", count: 64), "014842d480b571495a4a0363793f7367"),
  ])
  func `hashes are those of the standard`(text: String, expected: String) {
    let hex = MD5.hash(text.utf8.span).map { byte in
      (byte < 16 ? "0" : "") + String(byte, radix: 16)
    }
    #expect(hex.joined() == expected)
  }
}
