import ApusPromQLSyntax
import Testing

struct PrettyPrinterTests {
  @Test func `a short expression stays on its line`() throws {
    let expression = try Parser.parse("sum(rate(a[5m]))>0.5")
    #expect(PrettyPrinter.pretty(expression) == "sum(rate(a[5m])) > 0.5")
  }

  @Test(arguments: [
    ("sum by(job) (task:errors{job=\"s\"})", "sum by (job) (\n  task:errors{job=\"s\"}\n)"),
    ("topk(10, long_name_here)", "topk(\n  10,\n  long_name_here\n)"),
    ("foo_1 + foo_2 + foo_3", "    foo_1\n  +\n    foo_2\n+\n  foo_3"),
    ("foo + baar + foo_3", "  foo + baar\n+\n  foo_3"),
    ("a == bool on(x) b_long", "  a\n== bool on (x)\n  b_long"),
    ("rate(foo[1m])", "rate(\n  foo[1m]\n)"),
    ("(_foo_long_)", "(\n  _foo_long_\n)"),
    ("((foo_long))", "(\n  (foo_long)\n)"),
    ("-rate(foo_long[1m])", "-rate(\n  foo_long[1m]\n)"),
    ("rate(foo_long[1m])[1m:]", "rate(\n  foo_long[1m]\n)[1m:]"),
    ("abs(-abs(foo_long))", "abs(\n  -abs(\n    foo_long\n  )\n)"),
  ])
  func `a long expression is split, each part one step further in`(
    query: String, text: String
  ) throws {
    let expression = try Parser.parse(query)
    #expect(PrettyPrinter.pretty(expression, lineBytesMax: 10) == text)
  }
}
