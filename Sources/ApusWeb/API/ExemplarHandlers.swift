internal import ApusModel
internal import ApusPromQLSyntax
internal import ApusStorage

extension WebHandlers {
  func queryExemplars(_ request: WebRequest) async -> WebResponse {
    await answering { () async throws(APIError) in
      let range = try Parameters.range(request.form)
      guard !range.isEmpty else {
        throw APIError(.badData, "end timestamp must not be before start timestamp")
      }
      let expression: Expression
      do throws(ParseError) {
        expression = try Parser.parse(
          request.form.first("query"), options: backends.queries.parserOptions)
      } catch {
        throw APIError(.badData, error.description)
      }
      let selectors = expression.selectors
      if selectors.isEmpty { return .noContent }
      let queryable = backends.storage.queryable
      return try await onWorker { () throws(APIError) in
        do throws(StorageError) {
          let found = try queryable.exemplars(in: range, matching: selectors)
          return Envelope.success { $0.exemplars(found) }
        } catch {
          throw APIError(reading: error)
        }
      }
    }
  }
}

extension Expression {
  /// The matchers of every selector in the expression, in order of appearance.
  fileprivate var selectors: [[LabelMatcher]] {
    switch self {
    case .number, .string: []
    case .vectorSelector(let e): [e.matchers]
    case .matrixSelector(let e): [e.selector.matchers]
    case .subquery(let e): e.inner.selectors
    case .call(let e): e.arguments.flatMap(\.selectors)
    case .aggregate(let e): (e.parameter?.selectors ?? []) + e.inner.selectors
    case .binary(let e): e.left.selectors + e.right.selectors
    case .unary(let e): e.operand.selectors
    case .parentheses(let e): e.inner.selectors
    }
  }
}

extension JSONWriter {
  /// `[{"seriesLabels":{...},"exemplars":[{"labels":{...},"value":"6","timestamp":1.5}]}]`
  fileprivate mutating func exemplars(_ found: [SeriesExemplars]) {
    raw("[")
    for (i, series) in found.enumerated() {
      comma(before: i)
      raw(#"{"seriesLabels":"#)
      labels(series.seriesLabels)
      raw(#","exemplars":["#)
      for (j, exemplar) in series.exemplars.enumerated() {
        comma(before: j)
        raw(#"{"labels":"#)
        labels(exemplar.labels)
        raw(#","value":"#)
        sampleValue(exemplar.value)
        raw(#","timestamp":"#)
        seconds(ms: exemplar.timeMs ?? 0)
        raw("}")
      }
      raw("]}")
    }
    raw("]")
  }
}
