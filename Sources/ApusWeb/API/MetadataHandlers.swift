internal import ApusModel
internal import ApusScrape

extension WebHandlers {
  /// `{"metric":[{"type":...,"unit":...,"help":...}]}`, merged over all targets.
  func metricMetadata(_ request: WebRequest) async -> WebResponse {
    await answering { () async throws(APIError) in
      let limit = try bound(request, "limit")
      let limitPerMetric = try bound(request, "limit_per_metric")
      let metric = request.form.first("metric")
      let status = await backends.status.scrape()
      var found: [String: [MetricMetadata]] = [:]
      for target in status.activeTargets {
        for (name, metadata) in target.metadata where metric.isEmpty || name == metric {
          if found[name]?.contains(metadata) != true {
            found[name, default: []].append(metadata)
          }
        }
      }
      let sorted = found.sorted { $0.key < $1.key }
      let shown = sorted.prefix(limit ?? sorted.count)
      return Envelope.success { json in
        json.raw("{")
        for (i, (name, all)) in shown.enumerated() {
          json.comma(before: i)
          json.key(name)
          json.raw("[")
          let bound = limitPerMetric.flatMap { $0 > 0 ? $0 : nil } ?? all.count
          for (j, metadata) in all.prefix(bound).enumerated() {
            json.comma(before: j)
            json.raw("{")
            json.metadata(metadata)
          }
          json.raw("]")
        }
        json.raw("}")
      }
    }
  }

  /// Nil where the parameter is left out or negative.
  private func bound(_ request: WebRequest, _ name: String) throws(APIError) -> Int? {
    let text = request.form.first(name)
    if text.isEmpty { return nil }
    guard let bound = Int(text) else { throw APIError(.badData, "\(name) must be a number") }
    return bound < 0 ? nil : bound
  }

  /// What each target says about its metrics.
  func targetMetadata(_ request: WebRequest) async -> WebResponse {
    await answering { () async throws(APIError) in
      let limit = try bound(request, "limit")
      let selector = request.form.first("match_target")
      let matchers =
        selector.isEmpty
        ? [] : try Parameters.selector(selector, parameter: "match_target")
      let metric = request.form.first("metric")
      let targets = await backends.status.scrape().activeTargets.filter { target in
        matchers.allSatisfy { $0.matches(target.labels) }
      }
      let shown = targets.prefix(limit ?? targets.count)
      return Envelope.success { json in
        json.raw("[")
        var count = 0
        for target in shown {
          for (name, metadata) in target.metadata.sorted(by: { $0.key < $1.key })
          where metric.isEmpty || name == metric {
            json.comma(before: count)
            count += 1
            json.raw(#"{"target":"#)
            json.labels(target.labels)
            json.raw(",")
            if metric.isEmpty {
              json.raw(#""metric":"#)
              json.string(name)
              json.raw(",")
            }
            json.metadata(metadata)
          }
        }
        json.raw("]")
      }
    }
  }
}

extension JSONWriter {
  /// The fields and the bracket behind them.
  fileprivate mutating func metadata(_ metadata: MetricMetadata) {
    raw(#""type":"#)
    string(metadata.kind.rawValue)
    raw(#","help":"#)
    string(metadata.help)
    raw(#","unit":"#)
    string(metadata.unit)
    raw("}")
  }
}
