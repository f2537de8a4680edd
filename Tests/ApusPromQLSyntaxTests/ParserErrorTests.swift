import ApusPromQLSyntax
import Testing

struct ParserErrorTests {
  @Test(arguments: [
    ("", "unknown position: parse error: no expression found in input"),
    ("  # nothing", "1:1: parse error: no expression found in input"),
    ("up{", "1:4: parse error: unexpected end of input inside braces"),
    ("sum(", "1:5: parse error: unclosed left parenthesis"),
    ("foo bar", #"1:5: parse error: unexpected identifier "bar""#),
    ("'unterminated", "1:1: parse error: unterminated quoted string"),
    ("up[5m:", "1:7: parse error: unclosed left bracket"),
    ("5 % ", "1:5: parse error: unexpected end of input"),
    ("bool 1", "1:1: parse error: unexpected <bool>"),
    ("up @ abc", #"1:6: parse error: unexpected identifier "abc" in @, expected timestamp"#),
    (
      "sum by (a b) (up)",
      #"1:11: parse error: unexpected identifier "b" in grouping opts, expected "," or ")""#
    ),
    (")", "1:2: parse error: unexpected right parenthesis ')'"),
    ("a]", "1:2: parse error: unexpected right bracket ']'"),
    ("a[5m[", "1:5: parse error: unexpected left bracket '['"),
    ("=~", "1:1: parse error: unexpected character after '=': '~'"),
    ("a ! b", "1:3: parse error: unexpected character after '!': ' '"),
    ("a $ b", "1:3: parse error: unexpected character: '$'"),
    ("ä", "1:1: parse error: unexpected character: 'ä'"),
    ("{a!b}", "1:3: parse error: unexpected character after '!' inside braces: 'b'"),
    ("{{", "1:2: parse error: unexpected left brace '{'"),
    ("{a?}", "1:3: parse error: unexpected character inside braces: '?'"),
    (#"{"a":"b"}"#, "1:5: parse error: unexpected character inside braces: ':'"),
    (
      "{a b}",
      #"1:4: parse error: unexpected identifier "b" in label matching, expected label matching operator"#
    ),
    (
      "{a=b}", #"1:4: parse error: unexpected identifier "b" in label matching, expected string"#
    ),
    (
      #"{a="b" c="d"}"#,
      #"1:8: parse error: unexpected identifier "c" in label matching, expected "," or "}""#
    ),
    (
      "{,}",
      #"1:2: parse error: unexpected "," in label matching, expected identifier or "}""#
    ),
    (
      #"{"a" "b"}"#,
      #"1:6: parse error: unexpected string "\"b\"" in label matching, expected "," or "}""#
    ),
    ("sum(a b)", #"1:7: parse error: unexpected identifier "b" in aggregation"#),
    ("sum((rate(a b)))", #"1:13: parse error: unexpected identifier "b" in aggregation"#),
    ("sum by (a) b", #"1:12: parse error: unexpected identifier "b" in aggregation"#),
    ("sum some_metric", #"1:5: parse error: unexpected identifier "some_metric""#),
    (
      "sum (a) by b",
      #"1:12: parse error: unexpected identifier "b" in grouping opts, expected "(""#
    ),
    (
      "a + on b",
      #"1:8: parse error: unexpected identifier "b" in grouping opts, expected "(""#
    ),
    (
      "sum by (a:b) (c)",
      #"1:9: parse error: unexpected metric identifier "a:b" in grouping opts, expected label"#
    ),
    (
      "a offset b",
      #"1:10: parse error: unexpected identifier "b" in offset, expected number, duration, step(), or range()"#
    ),
    (
      "a[5m 3]",
      #"1:6: parse error: unexpected number "3" in subquery or range, expected ":" or "]""#
    ),
    (
      "a[]",
      #"1:3: parse error: unexpected "]" in subquery or range selector, expected number, duration, step(), or range()"#
    ),
    (
      "a[5m:1m 3]",
      #"1:9: parse error: unexpected number "3" in subquery selector, expected "]""#
    ),
    (
      "a[5m:*]",
      #"1:6: parse error: unexpected <op:*> in subquery selector, expected number, duration, step(), range(), or "]""#
    ),
    ("a[:1m]", "1:4: parse error: unexpected colon before duration in duration expression"),
    ("a[5m:1m:1m]", "1:8: parse error: unexpected colon ':'"),
    ("a[b]", "1:3: parse error: unexpected character in duration expression: 'b'"),
    ("a[5m", "1:5: parse error: unclosed left bracket"),
    ("a[", "1:3: parse error: unexpected end of input in duration expression"),
    ("1__0", #"1:1: parse error: bad number or duration syntax: "1__""#),
    ("5m1y", #"1:1: parse error: bad number or duration syntax: "5m1""#),
    ("1.5m", #"1:1: parse error: unknown unit "." in duration "1.5m""#),
    ("0x1.8", #"1:1: parse error: bad number or duration syntax: "0x1.""#),
    (
      "1e309",
      #"1:1: parse error: error parsing number: strconv.ParseFloat: parsing "1e309": value out of range"#
    ),
    ("5m5m", #"1:1: parse error: not a valid duration string: "5m5m""#),
    (#""\q""#, "1:1: parse error: unknown escape sequence U+0071 'q'"),
    (#""\x2g""#, "1:1: parse error: illegal character U+0067 'g' in escape sequence"),
    (#""\ud800""#, "1:1: parse error: escape sequence is an invalid Unicode code point"),
    (#""\400""#, "1:1: parse error: escape sequence is an invalid Unicode code point"),
    ("`abc", "1:1: parse error: unterminated raw string"),
    ("\n a b", #"2:4: parse error: unexpected identifier "b""#),
    (
      "a and string_that_is_quoted 'abcdefghijkl'",
      #"1:29: parse error: unexpected string "'abcdefghi"..."#
    ),
  ])
  func `syntax errors stand where Prometheus puts them, in its words`(
    query: String, message: String
  ) {
    #expect(ParserErrorTests.message(query) == message)
  }

  @Test(arguments: [
    (
      "rate(up)",
      #"1:6: parse error: expected type range vector in call to function "rate", got instant vector"#
    ),
    (
      #"1 + "a""#,
      "1:5: parse error: binary expression must contain only scalar and instant vector types"
    ),
    (
      "up[5m] + 1",
      "1:1: parse error: binary expression must contain only scalar and instant vector types"
    ),
    ("{}", "1:1: parse error: vector selector must contain at least one non-empty matcher"),
    (
      #"{__name__=~".*"}"#,
      "1:1: parse error: vector selector must contain at least one non-empty matcher"
    ),
    ("nofunc(up)", #"1:1: parse error: unknown function with name "nofunc""#),
    ("nofunc(up) 'abc", #"1:1: parse error: unknown function with name "nofunc""#),
    (
      "topk(up, 1)",
      "1:10: parse error: expected type instant vector in aggregation expression, got scalar"
    ),
    (
      "topk(up, up)",
      "1:6: parse error: expected type scalar in aggregation parameter, got instant vector"
    ),
    (
      "count_values(1, up)",
      "1:14: parse error: expected type string in aggregation parameter, got scalar"
    ),
    (
      "-up[5m]",
      #"1:1: parse error: unary expression only allowed on expressions of type scalar or instant vector, got "range vector""#
    ),
    ("1 == 1", "1:3: parse error: comparisons between scalars must use BOOL modifier"),
    ("up + bool 1", "1:4: parse error: bool modifier can only be used on comparison operators"),
    (
      "1 and up",
      #"1:1: parse error: set operator "and" not allowed in binary scalar expression"#
    ),
    (
      "up or on(a) group_left b",
      #"1:1: parse error: no grouping allowed for "or" operation"#
    ),
    (
      "up + on(a) 1", "1:1: parse error: vector matching only allowed between instant vectors"
    ),
    (
      "up * on(a) group_left(a) b",
      #"1:4: parse error: label "a" must not occur in ON and GROUP clause at once"#
    ),
    (
      #"up{__name__="x"}"#,
      #"1:1: parse error: metric name must not be set twice: "up" or "x""#
    ),
    ("floor()", #"1:1: parse error: expected 1 argument(s) in call to "floor", got 0"#),
    (
      "round(up, 1, 2)",
      #"1:1: parse error: expected at most 2 argument(s) in call to "round", got 3"#
    ),
    (
      "label_join(up)",
      #"1:1: parse error: expected at least 3 argument(s) in call to "label_join", got 1"#
    ),
    ("abs(up,)", "1:7: parse error: trailing commas not allowed in function call args"),
    ("sum()", "1:1: parse error: no arguments for aggregate expression provided"),
    (
      "sum(a, b)",
      "1:1: parse error: wrong number of arguments for aggregate expression provided, expected 1, got 2"
    ),
    ("mad_over_time(a[5m])", #"1:1: parse error: function "mad_over_time" is not enabled"#),
    (
      "limitk(1, a)",
      "1:1: parse error: limitk() is experimental and must be enabled with --enable-feature=promql-experimental-functions"
    ),
    (
      "a + fill(1) b", "1:1: parse error: binop fill modifiers are experimental and not enabled"
    ),
    ("a anchored", "1:1: parse error: anchored modifier is experimental and not enabled"),
    ("(a)[5m]", "1:4: parse error: ranges only allowed for vector selectors"),
    ("a offset 1m[5m]", "1:12: parse error: no offset modifiers allowed before range"),
    ("a @ 1 [5m]", "1:7: parse error: no @ modifiers allowed before range"),
    ("a[0s]", "1:3: parse error: duration must be greater than 0"),
    ("a[1m/0]", "1:5: parse error: division by zero"),
    ("a[1m%0]", "1:5: parse error: modulo by zero"),
    ("a offset 1e10", "1:10: parse error: duration out of range"),
    (
      "1[5m:]",
      "1:1: parse error: subquery is only allowed on instant vector, got scalar instead"
    ),
    (
      "topk(5,x) offset 1h30m",
      "1:1: parse error: offset modifier must be preceded by an instant vector selector or range vector selector or a subquery"
    ),
    (
      "1 @ 5",
      "1:1: parse error: @ modifier must be preceded by an instant vector selector or range vector selector or a subquery"
    ),
    ("a offset 1m offset 1m", "1:1: parse error: offset may not be set multiple times"),
    ("a @ 1 @ 2", "1:1: parse error: @ <timestamp> may not be set multiple times"),
    ("a @ Inf", "1:1: parse error: timestamp out of bounds for @ modifier: +Inf"),
    (
      "a @ 1e20",
      "1:1: parse error: timestamp out of bounds for @ modifier: 100000000000000000000.000000"
    ),
  ])
  func `wrong types and misplaced modifiers are named as in Prometheus`(
    query: String, message: String
  ) {
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
