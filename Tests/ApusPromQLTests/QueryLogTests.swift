import ApusModel
import ApusPromQL
import ApusSystem
import ApusTelemetry
import Testing

@Suite struct QueryLogTests {
  @Test func `every query leaves a line of JSON, also one that fails`() throws {
    let files = MemoryFileSystem()
    let metrics = MetricRegistry()
    let log = QueryLog(files: files, metrics: metrics, log: .none)
    try log.setPath("/query.log")
    let engine = Engine(
      options: EngineOptions(), clock: SystemWallClock(),
      pool: WorkerPool(name: "test", threadCount: 1), metrics: metrics, queryLog: log)
    var request = QueryRequest(
      expression: "1 + \"a\\n\"", time: .range(startMs: 0, endMs: 1_500, stepMs: 1_000))
    request.origin = [("httpRequest.clientIP", "127.0.0.1"), ("httpRequest.method", "GET")]
    #expect(throws: QueryError.self) {
      try engine.evaluate(request, on: Fixtures.store("x"))
    }
    request.expression = "vector(2)"
    _ = try engine.evaluate(request, on: Fixtures.store("x"))
    let text = String(decoding: try files.read("/query.log"), as: UTF8.self)
    let lines = text.split(separator: "\n")
    #expect(lines.count == 2)
    #expect(lines[0].contains("\"query\":\"1 + \\\"a\\\\n\\\"\""))
    #expect(lines[0].contains("\"error\":\"1:5: parse error: "))
    #expect(
      lines[1].contains(
        "\"params\":{\"end\":\"1970-01-01T00:00:01.5Z\",\"query\":\"vector(2)\","
          + "\"start\":\"1970-01-01T00:00:00Z\",\"step\":1}"))
    #expect(
      lines[1].contains("\"httpRequest\":{\"clientIP\":\"127.0.0.1\",\"method\":\"GET\"}"))
    try log.setPath(nil)
    _ = try engine.evaluate(request, on: Fixtures.store("x"))
    #expect(try files.read("/query.log").count == text.utf8.count)
  }
}
