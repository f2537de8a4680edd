import ApusModel
import ApusStorage
import ApusWeb
import Testing

struct SeriesHandlersTests {
  private func store() -> FakeStore {
    FakeStore(
      [
        .init(labels: ["__name__": "up", "job": "a"], times: [1000], values: [1]),
        .init(labels: ["__name__": "up", "job": "b"], times: [1000], values: [1]),
        .init(labels: ["__name__": "z", "job": "a", "a.b": "x"], times: [9_000_000], values: [1]),
      ],
      exemplars: [
        SeriesExemplars(
          seriesLabels: ["__name__": "up", "job": "a"],
          exemplars: [Exemplar(labels: ["trace_id": "t"], value: 6, timeMs: 1500)])
      ])
  }

  private func answer(_ path: String) async throws -> String {
    try await Fixture.handlers(Fixture.backends(store: store())).get("/api/v1/" + path).bodyText
  }

  private func data(_ text: String) -> String { #"{"status":"success","data":\#(text)}"# }

  @Test(arguments: [
    ("labels", #"["__name__","a.b","job"]"#), ("labels?match[]=up", #"["__name__","job"]"#),
    ("labels?start=0&end=2", #"["__name__","job"]"#), ("labels?start=100&end=200", "[]"),
    ("label/job/values", #"["a","b"]"#), ("label/job/values?match[]=z", #"["a"]"#),
    ("label/job/values?match[]=z&match[]=up", #"["a","b"]"#), ("label/nope/values", "[]"),
    ("label/U__a_2e_b/values", #"["x"]"#), ("label/a%2Eb/values", #"["x"]"#),
    ("series?match[]=z", #"[{"__name__":"z","a.b":"x","job":"a"}]"#),
    (
      "series?match[]=up&match[]=up{job=%22b%22}",
      #"[{"__name__":"up","job":"a"},{"__name__":"up","job":"b"}]"#
    ),
    // Those of one selector stand in the order of the store.
    ("series?match[]=up", #"[{"__name__":"up","job":"b"},{"__name__":"up","job":"a"}]"#),
    ("series?match[]=up&start=5", "[]"),
  ])
  func `labels and series are found`(path: String, expected: String) async throws {
    #expect(try await answer(path) == data(expected))
  }

  @Test(arguments: [
    ("labels?limit=2", #"["__name__","a.b"]"#), ("label/job/values?limit=1", #"["a"]"#),
    ("series?match[]=up&limit=1", #"[{"__name__":"up","job":"b"}]"#),
  ])
  func `a limit cuts, and warns`(path: String, expected: String) async throws {
    #expect(
      try await answer(path)
        == #"{"status":"success","data":\#(expected),"#
        + #""warnings":["results truncated due to limit"]}"#)
  }

  @Test func `a limit that nothing exceeds does not warn`() async throws {
    #expect(try await answer("label/job/values?limit=2") == data(#"["a","b"]"#))
  }

  @Test(arguments: [
    ("series", "no match[] parameter provided"),
    ("series?match[]={}", "match[] must contain at least one non-empty matcher"),
    ("label/%FF/values", "invalid label name"), ("labels?start=x", "cannot parse"),
  ])
  func `what cannot be answered is bad data`(path: String, text: String) async throws {
    let response = try await Fixture.handlers(Fixture.backends(store: store()))
      .get("/api/v1/" + path)
    #expect(response.status == 400)
    #expect(response.bodyText.contains(text))
  }

  @Test func `selectors may come in a form`() async throws {
    let handlers = try Fixture.handlers(Fixture.backends(store: store()))
    let response = await handlers.post("/api/v1/series", form: "match%5B%5D=z")
    #expect(response.bodyText.contains(#""__name__":"z""#))
  }

  @Test func `a store that fails is an execution error`() async throws {
    let store = FakeStore(failure: StorageError(.corrupt, "block broken"))
    let response = try await Fixture.handlers(Fixture.backends(store: store))
      .get("/api/v1/labels")
    #expect(response.status == 422)
    #expect(response.bodyText.contains(#""errorType":"execution","error":"block broken""#))
  }

  @Test func `exemplars of the selectors in an expression`() async throws {
    #expect(
      try await answer("query_exemplars?query=rate(up[5m])%2Bz&start=0&end=10")
        == data(
          #"[{"seriesLabels":{"__name__":"up","job":"a"},"exemplars":"#
            + #"[{"labels":{"trace_id":"t"},"value":"6","timestamp":1.500}]}]"#))
    #expect(try await answer("query_exemplars?query=z") == data("[]"))
    let none = try await Fixture.handlers().get("/api/v1/query_exemplars?query=1")
    #expect(none.status == 204)
    let bad = try await Fixture.handlers().get("/api/v1/query_exemplars?query=up{")
    #expect(bad.bodyText.contains(#""error":"1:4: parse error"#))
    let backwards = try await Fixture.handlers().get(
      "/api/v1/query_exemplars?query=up&start=2&end=1")
    #expect(backwards.bodyText.contains("end timestamp must not be before start timestamp"))
  }

  @Test func `federation gives the newest sample of every series, by name`() async throws {
    let now = Fixture.nowMs
    let store = FakeStore([
      .init(labels: ["__name__": "up", "job": "b"], times: [now - 1000], values: [1]),
      .init(labels: ["__name__": "a", "instance": "i"], times: [now - 2000], values: [0.5]),
      .init(labels: ["__name__": "old", "job": "b"], times: [now - 400_000], values: [1]),
      .init(
        labels: ["__name__": "stale"], times: [now - 1000], values: [StaleMarker.value]),
    ])
    var status = StatusBackend()
    status.externalLabels = { ["cluster": "c", "job": "never"] }
    let handlers = try Fixture.handlers(Fixture.backends(store: store, status: status))
    let response = await handlers.get(
      "/federate?match[]=up&match[]=%7B__name__=~%22.%2B%22%7D")
    #expect(
      response.bodyText == """
        # TYPE a untyped
        a{instance="i",cluster="c",job="never"} 0.5 1767225598000
        # TYPE up untyped
        up{job="b",cluster="c",instance=""} 1 1767225599000

        """)
    #expect(await handlers.get("/federate").bodyText == "")
    let bad = await handlers.get("/federate?match[]=up{")
    #expect(bad.status == 400)
    #expect(
      bad.bodyText == "1:4: parse error: unexpected end of input inside braces\n")
  }
}
