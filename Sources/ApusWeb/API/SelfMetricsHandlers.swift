internal import ApusModel
internal import ApusSystem
internal import ApusTelemetry

extension WebHandlers {
  /// The server's own metrics as the JSON of their protobuf messages; `metric_name_pattern` is
  /// matched by whole names.
  ///
  /// Layout: io.prometheus.client.MetricFamily in proto3 JSON, where 64 bit integers are strings.
  func selfMetricsJSON(_ request: WebRequest) async -> WebResponse {
    await answering { () async throws(APIError) in
      let text = request.form.first("metric_name_pattern")
      var pattern: RE2Pattern?
      if !text.isEmpty {
        do throws(RegexError) {
          pattern = try RE2Pattern(text)
        } catch {
          throw .invalid("metric_name_pattern", error.message)
        }
      }
      let families = backends.metrics.snapshot().filter { family in
        !family.points.isEmpty && pattern?.fullyMatches(family.name.utf8.span) != false
      }
      return Envelope.success(.list(families.map(\.json)))
    }
  }
}

extension MetricRegistry.Family {
  fileprivate var json: JSONValue {
    [
      "name": .string(name), "help": .string(help), "type": .string(kind.rawValue.uppercased()),
      "metric": .list(metrics),
    ]
  }

  /// One message for each set of labels, in order of appearance.
  private var metrics: [JSONValue] {
    var order: [[String]] = []
    var groups: [[String]: [MetricRegistry.Point]] = [:]
    for point in points {
      let key = point.ownLabels.flatMap { [$0.name, $0.value] }
      if groups[key] == nil { order.append(key) }
      groups[key, default: []].append(point)
    }
    return order.map { key in
      let points = groups[key] ?? []
      let labels = (points.first?.ownLabels ?? []).map { label -> JSONValue in
        ["name": .string(label.name), "value": .string(label.value)]
      }
      var members: [(name: String, value: JSONValue)] = []
      if !labels.isEmpty { members.append(("label", .list(labels))) }
      members.append((kind.rawValue, value(of: points)))
      return .object(members)
    }
  }

  private func value(of points: [MetricRegistry.Point]) -> JSONValue {
    switch kind {
    case .counter, .gauge: return ["value": .protobuf(points.first?.value ?? 0)]
    case .histogram, .summary: break
    }
    let sum = points.first { $0.suffix == "_sum" }?.value ?? 0
    let count = points.first { $0.suffix == "_count" }?.value ?? 0
    let parts = points.compactMap { point -> JSONValue? in
      guard let bound = point.bound else { return nil }
      return kind == .histogram
        ? ["cumulativeCount": .count(point.value), "upperBound": .protobuf(bound)]
        : ["quantile": .protobuf(bound), "value": .protobuf(point.value)]
    }
    return [
      "sampleCount": .count(count), "sampleSum": .protobuf(sum),
      kind == .histogram ? "bucket" : "quantile": .list(parts),
    ]
  }
}

extension MetricRegistry.Point {
  /// `le` and `quantile` are not labels but parts of one metric.
  fileprivate var ownLabels: [(name: String, value: String)] {
    labels.filter { $0.name != "le" && $0.name != "quantile" }
  }

  fileprivate var bound: Double? {
    labels.first { $0.name == "le" || $0.name == "quantile" }
      .flatMap { try? FloatText.parse($0.value) }
  }
}

extension JSONValue {
  fileprivate static func count(_ value: Double) -> JSONValue {
    .string(String(UInt64(exactly: value.rounded()) ?? 0))
  }

  /// Numbers that JSON does not know are words.
  fileprivate static func protobuf(_ value: Double) -> JSONValue {
    if value.isNaN { return .string("NaN") }
    if value.isInfinite { return .string(value > 0 ? "Infinity" : "-Infinity") }
    return .number(value)
  }
}
