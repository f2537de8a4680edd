internal import ApusModel
internal import ApusStorage

extension WebHandlers {
  func labelNames(_ request: WebRequest) async -> WebResponse {
    await labelQuery(request) { querier, matchers, limit throws(StorageError) in
      try querier.labelNames(matching: matchers, limit: limit)
    }
  }

  func labelValues(_ request: WebRequest) async -> WebResponse {
    let name = LabelNameEscaping.unescape(request.pathValue)
    guard LabelNames.isValid(name) else {
      let shown = GoQuote.quote(name)
      return Envelope.failure(APIError(.badData, "invalid label name: \(shown)"))
    }
    return await labelQuery(request) { querier, matchers, limit throws(StorageError) in
      try querier.labelValues(of: name, matching: matchers, limit: limit)
    }
  }

  /// Answers with the sorted union of what `read` finds for each matcher list.
  private func labelQuery(
    _ request: WebRequest,
    _ read: @escaping @Sendable (any Querier, [LabelMatcher], Int) throws(StorageError) -> [String]
  ) async -> WebResponse {
    await answering { () async throws(APIError) in
      let form = request.form
      let limit = try Parameters.limit(form)
      let range = try Parameters.range(form)
      let lists = try Parameters.matchers(form)
      let queryable = backends.storage.queryable
      return try await onWorker { () throws(APIError) in
        // One more than asked for shows whether there is more.
        let hint = limit > 0 ? limit + 1 : 0
        var found: [String] = []
        do throws(StorageError) {
          let querier = try queryable.querier(in: range)
          if lists.isEmpty { found = try read(querier, [], hint) }
          for list in lists { found += try read(querier, list, hint) }
        } catch {
          throw APIError(reading: error)
        }
        if lists.count > 1 { found = sortedUnion(found) }
        return WebHandlers.limited(found, to: limit) { json, names in json.array(names) }
      }
    }
  }

  func series(_ request: WebRequest) async -> WebResponse {
    await answering { () async throws(APIError) in
      let form = request.form
      let limit = try Parameters.limit(form)
      let lists = try Parameters.requiredMatchers(form)
      let range = try Parameters.range(form)
      let queryable = backends.storage.queryable
      return try await onWorker { () throws(APIError) in
        let found = try WebHandlers.seriesLabels(queryable, lists, range, limit)
        return WebHandlers.limited(found, to: limit) { json, series in
          json.raw("[")
          for (i, labels) in series.enumerated() {
            json.comma(before: i)
            json.labels(labels)
          }
          json.raw("]")
        }
      }
    }
  }

  private static func seriesLabels(
    _ queryable: any Queryable, _ lists: [[LabelMatcher]], _ range: TimeRange, _ limit: Int
  ) throws(APIError) -> [Labels] {
    var hints = SelectHints()
    hints.function = "series"
    // In the order in which they came, as Prometheus gives them, unless lists must be merged.
    hints.isSorted = lists.count > 1
    hints.limit = limit > 0 ? limit + 1 : 0
    var found: [Labels] = []
    do throws(StorageError) {
      let querier = try queryable.querier(in: range)
      for list in lists {
        let cursor = try querier.select(list, in: range, hints: hints)
        while try cursor.next() {
          found.append(cursor.labels)
          if found.count % 4096 == 0 && Task.isCancelled {
            throw StorageError(.cancelled, "the client went away")
          }
          if lists.count == 1 && limit > 0 && found.count > limit { break }
        }
      }
    } catch {
      throw APIError(reading: error)
    }
    guard lists.count > 1 else { return found }
    found.sort()
    var distinct: [Labels] = []
    for labels in found where distinct.last != labels { distinct.append(labels) }
    return distinct
  }

  /// Cuts `values` at `limit`, and says so in a warning.
  static func limited<Value>(
    _ values: [Value], to limit: Int, _ write: (inout JSONWriter, [Value]) -> Void
  ) -> WebResponse {
    var annotations = Annotations()
    var shown = values
    if limit > 0 && values.count > limit {
      shown = Array(values.prefix(limit))
      annotations.warn(truncated)
    }
    return Envelope.success(annotations: annotations) { write(&$0, shown) }
  }
}

/// Sorted by bytes, each once.
func sortedUnion(_ values: [String]) -> [String] {
  Array(Set(values)).sorted { compareBytes($0.utf8.span, $1.utf8.span) < 0 }
}

/// `U__a_2e_b`: how a label name with any characters is written in a path.
///
/// Source: prometheus/common, model/metric.go, UnescapeName with ValueEncodingEscaping.
enum LabelNameEscaping {
  /// The name meant; the text itself where it is not an escaped name.
  static func unescape(_ text: String) -> String {
    guard text.hasPrefix("U__") else { return text }
    var out = String.UnicodeScalarView()
    var rest = text.unicodeScalars.dropFirst(3)
    while let scalar = rest.popFirst() {
      guard scalar == "_" else {
        out.append(scalar)
        continue
      }
      guard let next = rest.first else { return text }
      if next == "_" {
        out.append("_")
        rest = rest.dropFirst()
        continue
      }
      let digits = String(Substring(rest.prefix { $0 != "_" }))
      rest = rest.dropFirst(digits.unicodeScalars.count)
      guard rest.first == "_", digits.utf8.count <= 6, let value = UInt32(digits, radix: 16),
        let meant = Unicode.Scalar(value)
      else { return text }
      out.append(meant)
      rest = rest.dropFirst()
    }
    return String(out)
  }
}
