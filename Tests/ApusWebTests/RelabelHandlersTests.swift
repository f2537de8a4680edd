import ApusModel
import ApusWeb
import Testing

struct RelabelHandlersTests {
  private func answer(_ query: String) async throws -> WebResponse {
    var status = StatusBackend()
    let rules = [
      try RelabelRule(sourceLabels: ["a"], targetLabel: "b"),
      try RelabelRule(action: .drop, sourceLabels: ["b"], regex: "x<.*"),
      try RelabelRule(action: .labeldrop, regex: "a"),
    ]
    status.relabelRules = { $0 == "j" ? rules : nil }
    return try await Fixture.handlers(Fixture.backends(status: status))
      .get("/api/v1/targets/relabel_steps?" + query)
  }

  private let first =
    #"{"source_labels":["a"],"separator":";","regex":"(.*)","target_label":"b","#
    + #""replacement":"$1","action":"replace"}"#

  @Test func `each rule shows what it leaves`() async throws {
    let text = try await answer("scrapePool=j&labels={%22a%22:%20%22v%5Cu00e9%22}").bodyText
    #expect(
      text.hasPrefix(
        #"{"status":"success","data":{"steps":[{"rule":\#(first),"#
          + #""output":{"a":"vé","b":"vé"},"keep":true},"#))
    #expect(text.hasSuffix(#""output":{"b":"vé"},"keep":true}]}}"#))
  }

  @Test func `behind a rule that drops them there are no labels`() async throws {
    let text = try await answer("scrapePool=j&labels={%22a%22:%22x%3C1%22}").bodyText
    #expect(text.contains(#""action":"drop"},"output":{},"keep":false}"#))
    #expect(text.hasSuffix(#""output":{},"keep":false}]}}"#))
  }

  @Test(arguments: [
    ("labels={}", "no scrapePool parameter provided"),
    ("scrapePool=j", "no labels parameter provided"),
    ("scrapePool=j&labels=[1]", "unable to parse labels"),
    ("scrapePool=j&labels={%22a%22:1}", "unable to parse labels"),
    ("scrapePool=j&labels={%22a%22:%22%5Cud800%22}", "unable to parse labels"),
    (
      "scrapePool=zz&labels={}",
      #"error retrieving scrape config: scrape pool \"zz\" not found"#
    ),
  ])
  func `what cannot be shown is bad data`(query: String, text: String) async throws {
    let response = try await answer(query)
    #expect(response.status == 400)
    #expect(response.bodyText.contains(text))
  }
}
