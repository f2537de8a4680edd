import ApusTelemetry
import Logging
import Synchronization
import Testing

/// Collects the lines that a log writes.
private final class Lines: Sendable {
  private let kept = Mutex<[String]>([])

  var all: [String] { kept.withLock { $0 } }

  func log(_ format: LogFormat, level: Logger.Level = .info) -> Log {
    let handler = LineLogHandler(level: level, format: format, nowMs: { 1_795_223_012_045 }) {
      line in self.kept.withLock { $0.append(line) }
    }
    return Log(Logger(label: "test") { _ in handler })
  }
}

@Suite struct LogTests {
  @Test func `logfmt prints time, level, source, message and fields in the order given`() {
    let lines = Lines()
    lines.log(.logfmt).info(
      "Server is ready", ["zeta": "1", "alpha": "two words", "q": "a\"b"], file: "X/Y.swift",
      line: 7)
    #expect(
      lines.all == [
        "time=2026-11-21T01:03:32.045Z level=INFO source=Y.swift:7 msg=\"Server is ready\""
          + " zeta=1 alpha=\"two words\" q=\"a\\\"b\"\n"
      ])
  }

  @Test func `json prints the same fields as one object a line`() {
    let lines = Lines()
    lines.log(.json).with("component", "tsdb").warning(
      "slow", ["error": "line\nbreak\u{1}"], file: "X/Y.swift", line: 7)
    #expect(
      lines.all == [
        "{\"time\":\"2026-11-21T01:03:32.045Z\",\"level\":\"WARN\",\"source\":\"Y.swift:7\","
          + "\"msg\":\"slow\",\"component\":\"tsdb\",\"error\":\"line\\nbreak\\u0001\"}\n"
      ])
  }

  @Test func `an event below the level costs nothing and prints nothing`() {
    let lines = Lines()
    var computed = false
    lines.log(.logfmt, level: .warning).info(
      "quiet",
      {
        computed = true
        return [:]
      }())
    #expect(lines.all.isEmpty)
    #expect(!computed)
  }

  @Test func `a library's own metadata is printed by name`() {
    let lines = Lines()
    lines.log(.logfmt).logger.info("from afar", metadata: ["b": "2", "a": "1"])
    #expect(lines.all.first?.hasSuffix("msg=\"from afar\" a=1 b=2\n") == true)
  }

  @Test(arguments: [
    (0, "1970-01-01T00:00:00.000Z"), (-1, "1969-12-31T23:59:59.999Z"),
    (951_782_400_000, "2000-02-29T00:00:00.000Z"),
    (4_102_444_799_999, "2099-12-31T23:59:59.999Z"),
  ])
  func `times are RFC 3339 in UTC`(timeMs: Int64, text: String) {
    let line = LogLine(timeMs: timeMs, level: .info, source: "", message: "", fields: [])
    #expect(line.timeText == text)
  }
}
