import ApusTelemetry
import ApusWeb
import Synchronization
import Testing

struct ManagementTests {
  @Test func `health and readiness`() async throws {
    let handlers = try Fixture.handlers()
    #expect(await handlers.get("/-/healthy").bodyText == "Prometheus Server is Healthy.\n")
    #expect(await handlers.get("/-/ready").bodyText == "Prometheus Server is Ready.\n")
    #expect(await handlers.send(.head, "/-/ready").status == 200)
  }

  @Test func `lifecycle calls are refused unless switched on`() async throws {
    let handlers = try Fixture.handlers()
    for path in ["/-/reload", "/-/quit"] {
      let response = await handlers.post(path)
      #expect(response.status == 403)
      #expect(response.bodyText == "Lifecycle API is not enabled.")
      let read = await handlers.get(path)
      #expect(read.status == 405)
      #expect(read.bodyText == "Only POST or PUT requests allowed")
    }
  }

  @Test func `a reload answers with what went wrong`() async throws {
    let good = try Fixture.handlers { $0.allowsLifecycle = true }
    #expect(await good.post("/-/reload").status == 200)
    let bad = try Fixture.handlers(
      Fixture.backends(lifecycle: Fixture.lifecycle(reloadProblem: "line 3: no"))
    ) { $0.allowsLifecycle = true }
    let response = await bad.send(.put, "/-/reload")
    #expect(response.status == 500)
    #expect(response.bodyText == "failed to reload config: line 3: no\n")
  }

  @Test func `quit begins the end`() async throws {
    let quits = QuitCount()
    let handlers = try Fixture.handlers(
      Fixture.backends(lifecycle: Fixture.lifecycle { quits.count.withLock { $0 += 1 } })
    ) { $0.allowsLifecycle = true }
    #expect(await handlers.get("/-/quit").status == 405)
    #expect(await handlers.post("/-/quit").bodyText == "Requesting termination... Goodbye!")
    #expect(quits.count.withLock { $0 } == 1)
  }

  private final class QuitCount: Sendable {
    let count = Mutex(0)
  }

  @Test func `profiles of Go are not there, and it says what is`() async throws {
    let response = try await Fixture.handlers().get("/debug/pprof/heap")
    #expect(response.status == 404)
    #expect(response.bodyText.contains("perf record"))
  }

  @Test func `own metrics are text, or OpenMetrics where that is asked for`() async throws {
    let backends = Fixture.backends()
    backends.metrics.counters("c_total", help: "a \\ b\nc", labels: ["l"]).child(["x\"y"])
      .increment(by: 2)
    backends.metrics.gauge("g", help: "h") { 1e6 }
    let handlers = try Fixture.handlers(backends)
    let text = await handlers.get("/metrics")
    #expect(text.header("Content-Type")?.hasPrefix("text/plain; version=0.0.4") == true)
    #expect(
      text.bodyText.contains(
        "# HELP c_total a \\\\ b\\nc\n# TYPE c_total counter\nc_total{l=\"x\\\"y\"} 2\n"))
    #expect(text.bodyText.contains("# HELP g h\n# TYPE g gauge\ng 1e+06\n"))
    #expect(text.bodyText.contains("\nprometheus_ready 1\n"))
    let open = await handlers.get(
      "/metrics", headers: ["Accept": "application/openmetrics-text;version=1.0.0,*/*;q=0.1"])
    #expect(open.header("Content-Type")?.hasPrefix("application/openmetrics-text") == true)
    #expect(open.bodyText.contains("# TYPE c counter\nc_total{l=\"x\\\"y\"} 2\n"))
    #expect(open.bodyText.hasSuffix("# EOF\n"))
  }

  @Test func `own metrics as the JSON of their protobuf`() async throws {
    let backends = Fixture.backends()
    backends.metrics.counters("c_total", help: "h", labels: ["l"]).child(["x"]).increment(by: 2)
    let seconds = backends.metrics.distributions(
      "d_seconds", help: "h", labels: ["l"], bounds: [1])
    seconds.child(["x"]).observe(0.5)
    backends.metrics.gauge("nan", help: "h") { .nan }
    let handlers = try Fixture.handlers(backends)
    let path = "/api/v1/status/self_metrics?metric_name_pattern="
    let label = #"{"label":[{"name":"l","value":"x"}],"#
    #expect(
      await handlers.get(path + "c_.*").bodyText
        == #"{"status":"success","data":[{"name":"c_total","help":"h","type":"COUNTER","#
        + #""metric":[\#(label)"counter":{"value":2}}]}]}"#)
    #expect(
      await handlers.get(path + "d_seconds").bodyText.hasSuffix(
        #""type":"HISTOGRAM","metric":[\#(label)"histogram":{"sampleCount":"1","sampleSum":0.5,"#
          + #""bucket":[{"cumulativeCount":"1","upperBound":1},"#
          + #"{"cumulativeCount":"1","upperBound":"Infinity"}]}}]}]}"#))
    #expect(await handlers.get(path + "nan").bodyText.contains(#"{"gauge":{"value":"NaN"}}"#))
    #expect(await handlers.get(path + "c_").bodyText.hasSuffix(#""data":[]}"#))
    #expect(await handlers.get(path + "(").status == 400)
  }

  @Test func `the version is JSON in plain text`() async throws {
    var status = StatusBackend()
    status.build.version = "3.12.0"
    let response = try await Fixture.handlers(Fixture.backends(status: status)).get("/version")
    #expect(response.header("Content-Type") == "text/plain; charset=utf-8")
    #expect(response.bodyText.hasPrefix(#"{"version":"3.12.0","revision":"","#))
  }
}
