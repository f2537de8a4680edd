internal import ApusModel
package import ApusSystem
package import ApusTelemetry
internal import Synchronization

/// A file with one line of JSON for every query that has ended.
///
///     {"time":"...","level":"INFO","msg":"promql query logged","params":{"end":"...",
///      "query":"up","start":"...","step":0},"stats":{"timings":{...},"samples":{...}},...}
///
/// The file may be another one after a reload of the configuration, or none.
package final class QueryLog: Sendable {
  private let file = Mutex<(any AppendFile)?>(nil)
  private let files: any FileSystem
  private let enabled: Gauge
  private let failures: Counter
  private let log: Log

  package init(files: any FileSystem, metrics: MetricRegistry, log: Log) {
    self.files = files
    self.log = log
    enabled = metrics.gauge(
      "prometheus_engine_query_log_enabled", help: "State of the query log.")
    failures = metrics.counter(
      "prometheus_engine_query_log_failures_total", help: "The number of query log failures.")
  }

  /// Logs into a file from now on, at its end; nil switches logging off.
  package func setPath(_ path: String?) throws(PosixError) {
    let next = if let path { try open(path) } else { (any AppendFile)?.none }
    let previous = file.withLock { current in
      let previous = current
      current = next
      return previous
    }
    enabled.set(next == nil ? 0 : 1)
    try previous?.close()
  }

  private func open(_ path: String) throws(PosixError) -> any AppendFile {
    try files.status(path) == nil
      ? try files.create(path, .written) : try files.append(to: path)
  }

  func write(
    _ request: QueryRequest, _ statistics: QueryStatistics, _ error: QueryError?, atMs: Int64
  ) {
    guard file.withLock({ $0 != nil }) else { return }
    let line = Array(QueryLogLine.text(request, statistics, error, atMs: atMs).utf8)
    let failure = file.withLock { current -> PosixError? in
      do throws(PosixError) {
        try current?.append(line.span)
        return nil
      } catch {
        return error
      }
    }
    if let failure {
      failures.increment()
      log.error("failed to log query", ["error": "\(failure)"])
    }
  }
}

/// The JSON of one query.
enum QueryLogLine {
  static func text(
    _ request: QueryRequest, _ statistics: QueryStatistics, _ error: QueryError?, atMs: Int64
  ) -> String {
    var out = "{\"time\":\"\(TimeText.rfc3339(atMs))\",\"level\":\"INFO\""
    out += ",\"msg\":\"promql query logged\",\"params\":\(parameters(request))"
    out += ",\"stats\":\(stats(statistics))"
    for (key, value) in request.origin where !key.contains(".") {
      out += ",\(JSONText.quoted(key)):\(JSONText.quoted(value))"
    }
    out += groups(request.origin)
    if let error { out += ",\"error\":\(JSONText.quoted(error.description))" }
    return out + "}\n"
  }

  private static func parameters(_ request: QueryRequest) -> String {
    let startMs: Int64
    let endMs: Int64
    let stepMs: Int64
    switch request.time {
    case .instant(let timeMs): (startMs, endMs, stepMs) = (timeMs, timeMs, 0)
    case .range(let first, let last, let step): (startMs, endMs, stepMs) = (first, last, step)
    }
    return
      "{\"end\":\"\(TimeText.rfc3339(endMs))\",\"query\":\(JSONText.quoted(request.expression))"
      + ",\"start\":\"\(TimeText.rfc3339(startMs))\",\"step\":\(stepMs / 1000)}"
  }

  private static func stats(_ statistics: QueryStatistics) -> String {
    "{\"timings\":{\"evalTotalTime\":\(FloatText.json(statistics.evalTotalSeconds))"
      + ",\"resultSortTime\":\(FloatText.json(statistics.resultSortSeconds))"
      + ",\"queryPreparationTime\":\(FloatText.json(statistics.queryPreparationSeconds))"
      + ",\"innerEvalTime\":\(FloatText.json(statistics.innerEvalSeconds))"
      + ",\"execQueueTime\":\(FloatText.json(statistics.execQueueSeconds))"
      + ",\"execTotalTime\":\(FloatText.json(statistics.execTotalSeconds))}"
      + ",\"samples\":{\"totalQueryableSamples\":\(statistics.totalQueryableSamples)"
      + ",\"samplesRead\":\(statistics.samplesRead)"
      + ",\"peakSamples\":\(statistics.peakSamples)}}"
  }

  /// Keys such as `httpRequest.clientIP` become objects.
  private static func groups(_ origin: [(key: String, value: String)]) -> String {
    var names: [String] = []
    var members: [String: [String]] = [:]
    for (key, value) in origin {
      let parts = key.split(separator: ".", maxSplits: 1).map(String.init)
      guard parts.count == 2 else { continue }
      if members[parts[0]] == nil { names.append(parts[0]) }
      members[parts[0], default: []].append(
        "\(JSONText.quoted(parts[1])):\(JSONText.quoted(value))")
    }
    return names.map { name in
      ",\(JSONText.quoted(name)):{\((members[name] ?? []).joined(separator: ","))}"
    }.joined()
  }
}
