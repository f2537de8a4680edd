import ApusModel
import ApusPromQL
import ApusWeb
import Testing

struct QueryHandlersTests {
  private func handlers(_ engine: FakeEngine) throws -> WebHandlers {
    try Fixture.handlers(Fixture.backends(engine: engine))
  }

  @Test func `an instant query without a time is evaluated now`() async throws {
    let engine = FakeEngine(.scalar(timeMs: Fixture.nowMs, value: 1))
    let response = try await handlers(engine).get("/api/v1/query?query=1%2B1")
    #expect(
      response.bodyText
        == #"{"status":"success","data":{"resultType":"scalar","result":[1767225600,"1"]}}"#)
    #expect(response.header("Content-Type") == "application/json")
    let asked = try #require(engine.last)
    #expect(asked.expression == "1+1")
    guard case .instant(Fixture.nowMs) = asked.time else {
      Issue.record("evaluated at \(asked.time)")
      return
    }
  }

  @Test func `a form says all that the URL can`() async throws {
    let engine = FakeEngine()
    _ = try await handlers(engine).post(
      "/api/v1/query_range",
      form: "query=up&start=0&end=60&step=15&timeout=10s&lookback_delta=1m&stats=all")
    let asked = try #require(engine.last)
    #expect(asked.timeoutMs == 10_000)
    #expect(asked.lookbackDeltaMs == 60_000)
    #expect(asked.wantsSamplesPerStep)
    #expect(asked.origin.contains { $0.key == "httpRequest.clientIP" && $0.value == "127.0.0.1" })
    guard case .range(startMs: 0, endMs: 60_000, stepMs: 15_000) = asked.time else {
      Issue.record("evaluated at \(asked.time)")
      return
    }
  }

  @Test(arguments: [
    ("query?query=up&time=x", #"invalid parameter \"time\": invalid time value for 'time'"#),
    ("query?query=up&timeout=x", #"invalid parameter \"timeout\": cannot parse"#),
    ("query?query=up&limit=x", #"invalid parameter \"limit\": strconv.Atoi"#),
    ("query?query=up&lookback_delta=x", "error parsing lookback delta duration: cannot parse"),
    ("query_range?query=up", #"invalid parameter \"start\": cannot parse \"\" to a valid"#),
    ("query_range?query=up&start=1", #"invalid parameter \"end\": cannot parse"#),
    (
      "query_range?query=up&start=2&end=1&step=1",
      #"invalid parameter \"end\": end timestamp must not be before start time"#
    ),
    (
      "query_range?query=up&start=1&end=2&step=0",
      #"invalid parameter \"step\": zero or negative query resolution step widths"#
    ),
    ("query_range?query=up&start=1&end=2&step=x", #"invalid parameter \"step\": cannot parse"#),
    (
      "query_range?query=up&start=0&end=11001&step=1",
      "exceeded maximum resolution of 11,000 points per timeseries. "
        + "Try decreasing the query resolution (?step=XX)"
    ),
    (
      "query_range?query=up&start=-1e300&end=1e300&step=1",
      "exceeded maximum resolution of 11,000 points per timeseries. "
        + "Try decreasing the query resolution (?step=XX)"
    ),
  ])
  func `bad parameters are named`(path: String, text: String) async throws {
    let engine = FakeEngine()
    let response = try await handlers(engine).get("/api/v1/" + path)
    #expect(response.status == 400)
    #expect(response.bodyText.contains(#""errorType":"bad_data""#))
    #expect(response.bodyText.contains(text))
    #expect(engine.last == nil)
  }

  @Test func `eleven thousand points are allowed`() async throws {
    let response = try await handlers(FakeEngine(.matrix([])))
      .get("/api/v1/query_range?query=up&start=0&end=11000&step=1")
    #expect(response.status == 200)
  }

  @Test(arguments: [
    (
      QueryError.parse("1:1: parse error: x"), 400, "bad_data", #"invalid parameter \"query\": 1:1"#
    ),
    (.execution("bad <thing>"), 422, "execution", #"bad \u003cthing\u003e"#),
    (.timeout("query timed out"), 503, "timeout", "query timed out"),
    (.canceled("query was canceled"), 499, "canceled", "query was canceled"),
    (.storage("disk"), 500, "internal", "disk"),
  ])
  func `what the engine says becomes type and status`(
    failure: QueryError, status: Int, kind: String, text: String
  ) async throws {
    let engine = FakeEngine { _ throws(QueryError) in throw failure }
    let response = try await handlers(engine).get("/api/v1/query?query=up")
    #expect(response.status == status)
    #expect(
      response.bodyText.hasPrefix(#"{"status":"error","errorType":"\#(kind)","error":"\#(text)"#))
  }

  @Test func `a limit cuts the result, and says so`() async throws {
    let series = (1...3).map {
      InstantSeries(labels: ["i": "\($0)"], timeMs: 0, value: .float(0))
    }
    let response = try await handlers(FakeEngine(.vector(series)))
      .get("/api/v1/query?query=up&limit=1")
    #expect(
      response.bodyText.hasSuffix(
        #""result":[{"metric":{"i":"1"},"value":[0,"0"]}]},"#
          + #""warnings":["results truncated due to limit"]}"#))
    let all = try await handlers(FakeEngine(.vector(series)))
      .get("/api/v1/query?query=up&limit=3")
    #expect(!all.bodyText.contains("warnings"))
  }

  @Test func `statistics are shown where asked for`() async throws {
    let response = try await handlers(FakeEngine(.vector([])))
      .get("/api/v1/query?query=up&stats=true")
    #expect(response.bodyText.contains(#""stats":{"timings""#))
  }

  @Test func `a big result comes in pieces`() async throws {
    let points = 20_000
    let series = RangeSeries(
      labels: ["a": "b"], times: (0..<points).map { Int64($0) * 1000 },
      values: (0..<points).map(Double.init))
    let response = try await handlers(FakeEngine(.matrix([series])))
      .get("/api/v1/query_range?query=up&start=0&end=10&step=1")
    guard case .pieces(var source) = response.body else {
      Issue.record("one piece")
      return
    }
    let first = source.next()
    #expect((first?.count ?? .max) < 2 * Limits.pieceBytes)
    #expect(response.bodyText.hasSuffix(#"[19999,"19999"]]}]}}"#))
  }

  @Test func `an expression is formatted and parsed`() async throws {
    let handlers = try Fixture.handlers()
    let formatted = await handlers.post("/api/v1/format_query", form: "query=a%2Bb*c")
    #expect(formatted.bodyText == #"{"status":"success","data":"a + b * c"}"#)
    let parsed = await handlers.get("/api/v1/parse_query?query=1")
    #expect(
      parsed.bodyText == #"{"status":"success","data":{"type":"numberLiteral","val":"1"}}"#)
    let bad = await handlers.get("/api/v1/format_query?query=sum(")
    #expect(bad.status == 400)
    #expect(bad.bodyText.contains(#"invalid parameter \"query\": 1:5: parse error"#))
  }
}
