internal import ApusModel
internal import ApusPromQLSyntax
internal import ApusStorage
internal import ApusSystem
internal import ApusTelemetry

extension WebHandlers {
  /// The newest sample of every series that matches, for another server to scrape.
  ///
  /// Source: Prometheus, web/federate.go.
  func federate(_ request: WebRequest) async -> WebResponse {
    var lists: [[LabelMatcher]] = []
    for text in request.form.all("match[]") {
      do throws(ParseError) {
        lists.append(try Parser.parseMetricSelector(text))
      } catch {
        return .text(error.description, status: 400)
      }
    }
    let wanted = Federation(
      selectors: lists, nowMs: backends.clock.nowMs,
      lookbackDeltaMs: backends.queries.lookbackDeltaMs,
      externalLabels: backends.status.externalLabels(),
      allowsUTF8: request.headers["accept"]?.contains("escaping=allow-utf-8") == true)
    let local = backends.storage.local
    do throws(APIError) {
      let text = try await onWorker { () throws(APIError) in
        do throws(StorageError) {
          return try wanted.text(from: local)
        } catch {
          throw APIError(reading: error)
        }
      }
      let escaping = wanted.allowsUTF8 ? "allow-utf-8" : "underscores"
      return WebResponse(
        status: 200,
        headers: [
          ("Content-Type", "text/plain; version=0.0.4; charset=utf-8; escaping=\(escaping)")
        ], body: .bytes(text))
    } catch {
      federationErrors.increment()
      return .text(error.text, status: 500)
    }
  }
}

/// One answer of /federate.
struct Federation: Sendable {
  let selectors: [[LabelMatcher]]
  let nowMs: Int64
  let lookbackDeltaMs: Int64
  let externalLabels: Labels
  /// Whether names with any characters may stand in quotes; else they are made legacy names.
  let allowsUTF8: Bool

  private struct Sample {
    let labels: Labels
    let timeMs: Int64
    let value: Double
  }

  func text(from store: any Queryable) throws(StorageError) -> [UInt8] {
    var samples: [Sample] = []
    // A store's range is closed on the left, a lookback is open.
    let range = TimeRange(nowMs - lookbackDeltaMs + 1, nowMs)
    let querier = try store.querier(in: range)
    if selectors.count > 1 { try querier.hold(selectors) }
    var hints = SelectHints()
    hints.isLatestOnly = true
    for selector in selectors {
      let cursor = try querier.select(selector, in: range, hints: hints)
      while try cursor.next() {
        if let sample = try newest(cursor) { samples.append(sample) }
      }
    }
    return write(distinct(samples))
  }

  private func newest(_ cursor: any SeriesCursor) throws(StorageError) -> Sample? {
    let found = try cursor.latest(atMs: nowMs, newerThanMs: nowMs - lookbackDeltaMs)
    // Native histograms are only to be had in protobuf, which is not spoken here.
    guard let found, case .float(let value) = found.value, !StaleMarker.isStale(value) else {
      return nil
    }
    return Sample(labels: cursor.labels, timeMs: found.timeMs, value: value)
  }

  /// In order of the metric's name; a series that several selectors found once.
  private func distinct(_ samples: [Sample]) -> [Sample] {
    let sorted = samples.map { (name: $0.labels.metricName, sample: $0) }.sorted { a, b in
      let names = compareBytes(a.name.utf8.span, b.name.utf8.span)
      return names == 0 ? a.sample.labels < b.sample.labels : names < 0
    }
    var out: [Sample] = []
    for (name, sample) in sorted where !name.isEmpty && out.last?.labels != sample.labels {
      out.append(sample)
    }
    return out
  }

  private func write(_ samples: [Sample]) -> [UInt8] {
    var external = LabelsBuilder(externalLabels)
    let hasInstance = externalLabels.has(LabelNames.instance)
    external.delete(LabelNames.instance)
    var tail = external.current.map { ($0.name, $0.value) }
    // An empty instance, so that the scraper does not add one of its own.
    let instance = hasInstance ? externalLabels.value(of: LabelNames.instance) : ""
    tail.append((LabelNames.instance, instance))
    tail.sort { compareBytes($0.0.utf8.span, $1.0.utf8.span) < 0 }
    var bytes: [UInt8] = []
    var lastName = ""
    for sample in samples {
      let name = sample.labels.metricName
      if name != lastName {
        bytes.append(contentsOf: "# TYPE \(shown(name, isMetric: true)) untyped\n".utf8)
        lastName = name
      }
      write(sample, name, tail, to: &bytes)
    }
    return bytes
  }

  private func write(
    _ sample: Sample, _ name: String, _ tail: [(String, String)], to bytes: inout [UInt8]
  ) {
    let isQuoted = allowsUTF8 && !LabelNames.isLegacyValidMetricName(name)
    bytes.append(contentsOf: (isQuoted ? "{" : shown(name, isMetric: true) + "{").utf8)
    if isQuoted { bytes.append(contentsOf: shown(name, isMetric: true).utf8) }
    var isFirst = !isQuoted
    func write(_ name: String, _ value: String) {
      if !isFirst { bytes.append(UInt8(ascii: ",")) }
      isFirst = false
      bytes.append(contentsOf: "\(shown(name, isMetric: false))=\"".utf8)
      MetricsText.escape(value, quotes: true, into: &bytes)
      bytes.append(UInt8(ascii: "\""))
    }
    for label in sample.labels where label.name != LabelNames.metricName {
      write(label.name, label.value)
    }
    for (name, value) in tail where !sample.labels.has(name) { write(name, value) }
    bytes.append(contentsOf: "} ".utf8)
    FloatText.append(sample.value, to: &bytes, .g)
    bytes.append(UInt8(ascii: " "))
    FloatText.append(sample.timeMs, to: &bytes)
    bytes.append(UInt8(ascii: "\n"))
  }

  /// A name as this answer may say it.
  private func shown(_ name: String, isMetric: Bool) -> String {
    let isLegacy =
      isMetric ? LabelNames.isLegacyValidMetricName(name) : LabelNames.isLegacyValid(name)
    if isLegacy { return name }
    if allowsUTF8 { return GoQuote.quote(name) }
    var out = ""
    for (i, scalar) in name.unicodeScalars.enumerated() {
      let text = String(scalar)
      let candidate = i == 0 ? text : "a" + text
      let isValid =
        isMetric
        ? LabelNames.isLegacyValidMetricName(candidate) : LabelNames.isLegacyValid(candidate)
      out += isValid ? text : "_"
    }
    return out
  }
}
