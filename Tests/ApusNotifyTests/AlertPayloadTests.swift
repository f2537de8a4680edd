import ApusModel
import Testing

import ApusNotify

struct AlertPayloadTests {
  @Test func `alerts are written in the order and with the escapes of Prometheus`() {
    let alert = Alert(
      labels: ["alertname": "A", "path": "C:\\\"x\""],
      annotations: ["summary": "a<b>&\n\u{1}é\u{2028}"],
      startsAtMs: 1_795_223_272_184, endsAtMs: 1_795_223_512_000,
      generatorURL: "http://h:9090/graph?g0.expr=up&g0.tab=1")
    #expect(
      String(decoding: AlertPayload.json([alert, alert]), as: UTF8.self)
        == "[" + [String](repeating: one, count: 2).joined(separator: ",") + "]")
  }

  @Test func `no annotations are not written`() {
    let alert = Alert(
      labels: ["alertname": "A"], annotations: .empty, startsAtMs: 0, endsAtMs: 1000,
      generatorURL: "")
    #expect(
      String(decoding: AlertPayload.json([alert]), as: UTF8.self)
        == #"[{"endsAt":"1970-01-01T00:00:01.000Z","startsAt":"1970-01-01T00:00:00.000Z","#
        + #""labels":{"alertname":"A"}}]"#)
  }

  private let one =
    #"{"annotations":{"summary":"a\u003cb\u003e\u0026\n\u0001é\u2028"},"#
    + #""endsAt":"2026-11-21T01:11:52.000Z","startsAt":"2026-11-21T01:07:52.184Z","#
    + #""generatorURL":"http://h:9090/graph?g0.expr=up\u0026g0.tab=1","#
    + #""labels":{"alertname":"A","path":"C:\\\"x\""}}"#
}
