import ApusPromQLSyntax
import Testing

struct ASTJSONTests {
  static let vector =
    #""offset":0,"offsetExpr":null,"smoothed":false,"startOrEnd":null,"#
    + #""timestamp":null,"type":"vectorSelector"}"#

  @Test(arguments: [
    ("1", #"{"type":"numberLiteral","val":"1"}"#),
    (#""<a>""#, #"{"type":"stringLiteral","val":"\u003ca\u003e"}"#),
    (
      "-(a)",
      #"{"expr":{"expr":{"anchored":false,"matchers":[{"name":"__name__","type":"=","value":"a"}],"name":"a","#
        + vector + #","type":"parenExpr"},"op":"-","type":"unaryExpr"}"#
    ),
    (
      "x[5m:1m] @ end()",
      #"{"expr":{"anchored":false,"matchers":[{"name":"__name__","type":"=","value":"x"}],"name":"x","#
        + vector
        + #","offset":0,"offsetExpr":null,"range":300000,"rangeExpr":null,"startOrEnd":"end","step":60000,"stepExpr":null,"timestamp":null,"type":"subquery"}"#
    ),
    (
      "count(1 > bool time())",
      "1:7: parse error: expected type instant vector in aggregation expression, got scalar"
    ),
    (
      "rate(x[1m+step()] @ 3)",
      #"{"args":[{"anchored":false,"matchers":[{"name":"__name__","type":"=","value":"x"}],"name":"x","offset":0,"offsetExpr":null,"range":0,"rangeExpr":{"lhs":{"duration":true,"type":"numberLiteral","val":"60"},"op":"+","rhs":{"lhs":null,"op":"step","rhs":null,"type":"durationExpr","wrapped":false},"type":"durationExpr","wrapped":false},"smoothed":false,"startOrEnd":null,"timestamp":3000,"type":"matrixSelector"}],"func":{"argTypes":["matrix"],"name":"rate","returnType":"vector","variadic":0},"type":"call"}"#
    ),
  ])
  func `the tree is written with Prometheus's keys in its order`(query: String, json: String) {
    let written =
      (try? Parser.parse(query)).map { String(decoding: ASTJSON.json($0), as: UTF8.self) }
    #expect((written ?? ParserErrorTests.message(query)) == json)
  }
}
