internal import ApusModel
internal import ApusTelemetry

/// Names queries that took long in the log.
enum SlowQuery {
  /// Bytes of an expression that are shown; what is longer ends in dots.
  private static let shownBytesMax = 4096

  static func warn(
    _ log: Log, _ request: QueryRequest, _ statistics: QueryStatistics, _ error: QueryError?
  ) {
    let origin = request.origin.map { "\($0.key)=\($0.value)" }.joined(separator: " ")
    log.warning(
      "Slow query",
      [
        "query": shown(request.expression), "at": time(request.time),
        "seconds": text(statistics.execTotalSeconds),
        "queued_seconds": text(statistics.execQueueSeconds),
        "samples": "\(statistics.totalQueryableSamples)",
        "peak_samples": "\(statistics.peakSamples)", "origin": origin,
        "error": error?.description ?? "",
      ])
  }

  private static func time(_ time: QueryRequest.Time) -> String {
    switch time {
    case .instant(let timeMs): TimeText.rfc3339(timeMs)
    case .range(let startMs, let endMs, let stepMs):
      [TimeText.rfc3339(startMs), TimeText.rfc3339(endMs), "\(text(Double(stepMs) / 1000))s"]
        .joined(separator: "/")
    }
  }

  /// Seconds, to the millisecond.
  private static func text(_ seconds: Double) -> String {
    FloatText.f((seconds * 1000).rounded() / 1000)
  }

  private static func shown(_ expression: String) -> String {
    guard expression.utf8.count > shownBytesMax else { return expression }
    return String(decoding: expression.utf8.prefix(shownBytesMax), as: UTF8.self) + "..."
  }
}
