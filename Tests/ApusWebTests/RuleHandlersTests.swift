import ApusModel
import ApusRules
import ApusWeb
import Testing

struct RuleHandlersTests {
  private var status: StatusBackend {
    let alert = ActiveAlert(
      labels: ["alertname": "A", "severity": "page"], annotations: ["summary": "s"],
      state: .firing, activeAtMs: Fixture.nowMs, keepFiringSinceMs: nil, value: 1)
    let alerting = RuleStatus(
      name: "A", expression: "up == 0", labels: ["severity": "page", "t": "{{ $value }}"],
      health: .ok, lastError: "", evaluationSeconds: 0.5,
      kind: .alerting(
        AlertingRuleStatus(
          state: .firing, forMs: 60_000, keepFiringForMs: 0, annotations: ["summary": "x"],
          alerts: [alert])))
    let recording = RuleStatus(
      name: "a:b", expression: "sum(up)", labels: .empty, health: .error, lastError: "boom",
      evaluationSeconds: 0, kind: .recording)
    let groups = [
      RuleGroupStatus(
        name: "g", file: "f", rules: [recording, alerting], intervalMs: 15_000, limit: 0,
        evaluationSeconds: 0.001, lastEvaluationMs: Fixture.nowMs),
      RuleGroupStatus(
        name: "h", file: "f", rules: [recording], intervalMs: 500, limit: 3,
        evaluationSeconds: 0, lastEvaluationMs: nil),
    ]
    var status = StatusBackend()
    status.rules = { groups }
    return status
  }

  private let recording =
    #"{"name":"a:b","query":"sum(up)","labels":{},"health":"err","lastError":"boom","#
    + #""evaluationTime":0,"lastEvaluation":"0001-01-01T00:00:00Z","type":"recording"}"#
  private let alert =
    #"{"labels":{"alertname":"A","severity":"page"},"annotations":{"summary":"s"},"#
    + #""state":"firing","activeAt":"2026-01-01T00:00:00Z","value":"1e+00"}"#

  private func alerting(_ alerts: String) -> String {
    #"{"state":"firing","name":"A","query":"up == 0","duration":60,"keepFiringFor":0,"#
      + #""labels":{"severity":"page","t":"{{ $value }}"},"annotations":{"summary":"x"},"#
      + #""alerts":[\#(alerts)],"health":"ok","evaluationTime":0.5,"#
      + #""lastEvaluation":"0001-01-01T00:00:00Z","type":"alerting"}"#
  }

  private func first(_ rules: String) -> String {
    #"{"name":"g","file":"f","rules":[\#(rules)],"interval":15,"limit":0,"#
      + #""evaluationTime":0.001,"lastEvaluation":"2026-01-01T00:00:00Z"}"#
  }

  private var second: String {
    #"{"name":"h","file":"f","rules":[\#(recording)],"interval":0.5,"limit":3,"#
      + #""evaluationTime":0,"lastEvaluation":"0001-01-01T00:00:00Z"}"#
  }

  private func answer(_ path: String) async throws -> String {
    try await Fixture.handlers(Fixture.backends(status: status)).get("/api/v1/" + path).bodyText
  }

  private func data(_ groups: String) -> String {
    #"{"status":"success","data":{"groups":[\#(groups)]}}"#
  }

  @Test func `groups with all that is known of their rules`() async throws {
    let both = first(recording + "," + alerting(alert))
    #expect(try await answer("rules") == data(both + "," + second))
  }

  @Test func `rules are filtered by kind, name, group, file and labels`() async throws {
    #expect(try await answer("rules?type=alert") == data(first(alerting(alert))))
    #expect(
      try await answer("rules?type=alert&exclude_alerts=true") == data(first(alerting(""))))
    #expect(
      try await answer("rules?type=record") == data(first(recording) + "," + second))
    #expect(try await answer("rules?rule_name[]=A") == data(first(alerting(alert))))
    #expect(try await answer("rules?rule_group[]=h") == data(second))
    #expect(try await answer("rules?file[]=other") == data(""))
    #expect(
      try await answer("rules?match[]={severity=%22page%22}") == data(first(alerting(alert))))
    #expect(try await answer("rules?match[]={t=~%22.%2B%22}") == data(""))
  }

  @Test func `groups come in pages`() async throws {
    let page = try await answer("rules?group_limit=1&type=record")
    #expect(page.hasPrefix(#"{"status":"success","data":{"groups":[\#(first(recording))],"#))
    let marker = #""groupNextToken":""#
    let token = try #require(page.split(separator: marker).last).prefix { $0 != "\"" }
    #expect(
      try await answer("rules?group_limit=1&group_next_token=\(token)") == data(second))
  }

  @Test(arguments: [
    ("type=x", #"invalid parameter \"type\": not supported value \"x\""#),
    ("group_limit=0", "group_limit needs to be greater than 0"),
    ("group_limit=x", "group_limit needs to be a valid number"),
    ("group_next_token=q", "group_limit needs to be present in order to paginate"),
    (
      "group_limit=1&group_next_token=q",
      "invalid group_next_token 'q'. were rule groups changed?"
    ),
    ("exclude_alerts=maybe", "error converting exclude_alerts"),
  ])
  func `what cannot be asked is bad data`(query: String, text: String) async throws {
    let response = try await Fixture.handlers(Fixture.backends(status: status))
      .get("/api/v1/rules?" + query)
    #expect(response.status == 400)
    #expect(response.bodyText.contains(text))
  }

  @Test func `active alerts of all groups`() async throws {
    #expect(
      try await answer("alerts") == #"{"status":"success","data":{"alerts":[\#(alert)]}}"#)
  }
}
