internal import ApusModel
internal import ApusPromQL
internal import ApusPromQLSyntax
internal import ApusStorage
internal import ApusSystem

extension WebHandlers {
  func query(_ request: WebRequest) async -> WebResponse {
    await answering { () async throws(APIError) in
      let form = request.form
      let limit = try Parameters.limit(form)
      let now = backends.clock.nowMs
      let timeMs = try Parameters.time(form, "time", default: now)
      var wanted = QueryRequest(
        expression: form.first("query"), time: .instant(timeMs: timeMs))
      try setOptions(of: &wanted, request)
      return try await run(wanted, limit: limit, request)
    }
  }

  func queryRange(_ request: WebRequest) async -> WebResponse {
    await answering { () async throws(APIError) in
      let form = request.form
      let limit = try Parameters.limit(form)
      let start = try Parameters.requiredTime(form, "start")
      let end = try Parameters.requiredTime(form, "end")
      guard end >= start else {
        throw .invalid("end", "end timestamp must not be before start time")
      }
      let step = try rangeStep(form)
      let (length, isTooLong) = end.subtractingReportingOverflow(start)
      guard !isTooLong, length / step <= Limits.rangePointsMax else {
        throw APIError(
          .badData,
          "exceeded maximum resolution of 11,000 points per timeseries. "
            + "Try decreasing the query resolution (?step=XX)")
      }
      var wanted = QueryRequest(
        expression: form.first("query"),
        time: .range(startMs: start, endMs: end, stepMs: step))
      try setOptions(of: &wanted, request)
      return try await run(wanted, limit: limit, request)
    }
  }

  private func rangeStep(_ form: FormValues) throws(APIError) -> Int64 {
    switch Parameters.duration(form.first("step")) {
    case .success(let step) where step > 0: return step
    case .success:
      throw .invalid(
        "step",
        "zero or negative query resolution step widths are not accepted. "
          + "Try a positive integer")
    case .failure(let problem): throw .invalid("step", problem.text)
    }
  }

  private func setOptions(
    of wanted: inout QueryRequest, _ request: WebRequest
  ) throws(APIError) {
    let form = request.form
    wanted.timeoutMs = try Parameters.duration(form, "timeout")
    let lookback = form.first("lookback_delta")
    if !lookback.isEmpty {
      switch Parameters.duration(lookback) {
      case .success(let ms): wanted.lookbackDeltaMs = ms
      case .failure(let problem):
        throw APIError(.badData, "error parsing lookback delta duration: \(problem.text)")
      }
    }
    wanted.wantsSamplesPerStep = form.first("stats") == "all"
    wanted.wantsExplanation = ["1", "true"].contains(form.first("explain"))
    wanted.origin = [
      ("httpRequest.clientIP", request.peer),
      ("httpRequest.method", request.method?.rawValue ?? ""),
      ("httpRequest.path", request.path),
    ]
  }

  private func run(
    _ wanted: QueryRequest, limit: Int, _ request: WebRequest
  ) async throws(APIError) -> WebResponse {
    var result: QueryResult
    do throws(QueryError) {
      result = try await backends.queries.execute(wanted)
    } catch {
      throw APIError(error)
    }
    truncate(&result, to: limit)
    var encoder = ResultEncoder(
      result, showsStatistics: !request.form.first("stats").isEmpty)
    if ResultEncoder.isLarge(result) {
      return WebResponse(status: 200, headers: Envelope.headers, body: .pieces(encoder))
    }
    var all: [UInt8] = []
    while let piece = encoder.next() { all = all.isEmpty ? piece : all + piece }
    return WebResponse(status: 200, headers: Envelope.headers, body: .bytes(all))
  }

  private func truncate(_ result: inout QueryResult, to limit: Int) {
    guard limit > 0 else { return }
    switch result.value {
    case .scalar, .string: return
    case .vector(let series):
      guard series.count > limit else { return }
      result.value = .vector(Array(series.prefix(limit)))
    case .matrix(let series):
      guard series.count > limit else { return }
      result.value = .matrix(Array(series.prefix(limit)))
    }
    result.annotations.warn(WebHandlers.truncated)
  }

  /// The warning of an answer that `limit` cut off.
  static let truncated = "results truncated due to limit"
}

extension WebHandlers {
  func formatQuery(_ request: WebRequest) async -> WebResponse {
    await answering { () async throws(APIError) in
      let expression = try parsed(request)
      return Envelope.success { $0.string(PrettyPrinter.pretty(expression)) }
    }
  }

  func parseQuery(_ request: WebRequest) async -> WebResponse {
    await answering { () async throws(APIError) in
      let json: [UInt8]
      do throws(ParseError) {
        json = try Parser.withTree(
          of: request.form.first("query"), options: backends.queries.parserOptions
        ) { ASTJSON.json($0) }
      } catch {
        throw .invalid("query", error.description)
      }
      return Envelope.success { $0.bytes += json }
    }
  }

  private func parsed(_ request: WebRequest) throws(APIError) -> Expression {
    do throws(ParseError) {
      return try Parser.parse(
        request.form.first("query"), options: backends.queries.parserOptions)
    } catch {
      throw .invalid("query", error.description)
    }
  }
}
