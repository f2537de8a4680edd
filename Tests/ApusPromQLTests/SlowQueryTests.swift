import ApusPromQL
import ApusSystem
import ApusTelemetry
import Logging
import Synchronization
import Testing

@Suite struct SlowQueryTests {
  private func lines(slowMs: Int64, _ expression: String) -> [String] {
    let kept = KeptLines()
    var options = EngineOptions()
    options.slowQueryMs = slowMs
    let handler = LineLogHandler(level: .info, format: .logfmt, nowMs: { 0 }) { line in
      kept.lines.withLock { $0.append(line) }
    }
    let engine = Engine(
      options: options, clock: HastyClock(), pool: WorkerPool(name: "test", threadCount: 1),
      metrics: MetricRegistry(), log: Log(Logger(label: "test") { _ in handler }))
    var request = QueryRequest(expression: expression, time: .instant(timeMs: 0))
    request.origin = [("httpRequest.path", "/api/v1/query")]
    _ = try? engine.evaluate(request, on: Fixtures.store("x"))
    return kept.lines.withLock { $0 }
  }

  @Test func `a query that took long is in the log with its expression`() throws {
    let all = lines(slowMs: 1_000, "sum(x)")
    #expect(all.count == 1)
    let line = try #require(all.first)
    for part in ["Slow query", "sum(x)", "httpRequest.path=/api/v1/query", "seconds"] {
      #expect(line.contains(part), "\(line)")
    }
  }

  @Test func `one that fails is there too, with its error`() throws {
    let line = try #require(lines(slowMs: 1_000, "sum(").first)
    #expect(line.contains("parse error"), "\(line)")
  }

  @Test func `quick ones are not, and none where it is switched off`() {
    #expect(lines(slowMs: 1_000_000_000, "sum(x)").isEmpty)
    #expect(lines(slowMs: 0, "sum(x)").isEmpty)
  }
}

private final class KeptLines: Sendable {
  let lines = Mutex<[String]>([])
}
