internal import ApusModel
internal import ApusPromQL
internal import ApusPromQLSyntax
internal import ApusSystem

/// Compares a result with what a script expects.
struct ScriptComparison {
  private let evaluation: Script.Evaluation

  init(_ evaluation: Script.Evaluation) { self.evaluation = evaluation }

  func matches(_ expectation: Script.Expectation, _ text: String) -> Bool {
    guard let pattern = expectation.pattern else { return text.contains(expectation.text) }
    guard let compiled = try? RE2Pattern(pattern) else { return false }
    return compiled.groupsOfFirstMatch(text.utf8.span, start: 0) != nil
  }

  func checkAnnotations(_ annotations: Annotations) -> String? {
    let all = evaluation.expectations
    if all.contains(where: { $0.kind == .noWarning }), !annotations.warnings.isEmpty {
      return "warnings: \(annotations.warnings)"
    }
    if all.contains(where: { $0.kind == .noInfo }), !annotations.infos.isEmpty {
      return "infos: \(annotations.infos)"
    }
    return check(all.filter { $0.kind == .warning }, annotations.warnings, "warning")
      ?? check(all.filter { $0.kind == .info }, annotations.infos, "info")
  }

  private func check(
    _ expected: [Script.Expectation], _ found: [String], _ kind: String
  ) -> String? {
    if expected.isEmpty { return nil }
    for expectation in expected where !found.contains(where: { matches(expectation, $0) }) {
      return "no \(kind) like \(expectation.text): \(found)"
    }
    for text in found where !expected.contains(where: { matches($0, text) }) {
      return "unexpected \(kind): \(text)"
    }
    return nil
  }

  func check(_ value: QueryResult.Value) -> String? {
    switch value {
    case .string(_, let text):
      return text == evaluation.text ? nil : "string \(text)"
    case .scalar(_, let number):
      guard let wanted = evaluation.scalar else { return "scalar \(number)" }
      return ScriptComparison.almostEqual(number, wanted) ? nil : "scalar \(number)"
    case .vector(let elements): return check(elements)
    case .matrix(let rows):
      if let times = evaluation.rangeVector {
        return check(rows, startMs: times.startMs, stepMs: times.stepMs)
      }
      guard case .range(let startMs, _, let stepMs) = evaluation.time else {
        return "a matrix for an instant query"
      }
      return check(rows, startMs: startMs, stepMs: stepMs)
    }
  }

  private func check(_ elements: [InstantSeries]) -> String? {
    if evaluation.scalar != nil { return "a vector, not a scalar" }
    if elements.count != evaluation.series.count {
      return "\(elements.count) elements: \(elements.map { "\($0.labels) \($0.value)" })"
    }
    for (i, element) in elements.enumerated() {
      let place =
        evaluation.isOrdered
        ? i : evaluation.series.firstIndex { $0.labels == element.labels }
      guard let place, evaluation.series[place].labels == element.labels else {
        return "unexpected \(element.labels) at \(i)"
      }
      let wanted = evaluation.series[place].values.first ?? .omitted
      if !matches(element.value, wanted) {
        return "\(element.labels): \(element.value), wanted \(wanted)"
      }
    }
    return nil
  }

  private func check(_ rows: [RangeSeries], startMs: Int64, stepMs: Int64) -> String? {
    let wantedSeries = evaluation.series.filter { series in
      series.values.contains { $0 != .omitted }
    }
    if rows.count != wantedSeries.count {
      return "\(rows.count) series: \(rows.map { "\($0.labels) \($0.values)" })"
    }
    for row in rows {
      guard let wanted = wantedSeries.first(where: { $0.labels == row.labels }) else {
        return "unexpected \(row.labels)"
      }
      let points = ScriptComparison.points(row)
      var count = 0
      for (i, value) in wanted.values.enumerated() where value != .omitted {
        count += 1
        let timeMs = startMs + Int64(i) * stepMs
        guard let point = points[timeMs] else { return "\(row.labels): nothing at \(timeMs)" }
        if !matches(point, value) {
          return "\(row.labels) at \(timeMs): \(point), wanted \(value)"
        }
      }
      if points.count != count { return "\(row.labels): \(points.count) points, not \(count)" }
    }
    return nil
  }

  /// Of a range query, only the step that stands for an instant query.
  func checkMiddle(_ rows: [RangeSeries], _ timeMs: Int64) -> String? {
    var elements: [InstantSeries] = []
    for row in rows {
      guard let point = ScriptComparison.points(row)[timeMs] else { continue }
      elements.append(InstantSeries(labels: row.labels, timeMs: timeMs, value: point))
    }
    if let wanted = evaluation.scalar {
      guard elements.count == 1, case .float(let number) = elements[0].value else {
        return "no scalar"
      }
      return ScriptComparison.almostEqual(number, wanted) ? nil : "scalar \(number)"
    }
    return check(elements)
  }

  private static func points(_ row: RangeSeries) -> [Int64: PointValue] {
    var points: [Int64: PointValue] = [:]
    for (time, value) in zip(row.times, row.values) { points[time] = .float(value) }
    for (time, value) in zip(row.histogramTimes, row.histograms) {
      points[time] = .histogram(value)
    }
    return points
  }

  private func matches(_ point: PointValue, _ wanted: SeriesValue) -> Bool {
    switch (point, wanted) {
    case (.float(let a), .float(let b)): ScriptComparison.almostEqual(a, b)
    case (.histogram(let a), .histogram(let b, let isHintSet)):
      ScriptComparison.almostEqual(a.compacted, b.compacted)
        && (!isHintSet || a.resetHint == b.resetHint)
    default: false
    }
  }

  private static func almostEqual(_ a: FloatHistogram, _ b: FloatHistogram) -> Bool {
    a.schema == b.schema && almostEqual(a.count, b.count) && almostEqual(a.sum, b.sum)
      && (!a.usesCustomBuckets || a.customBounds == b.customBounds)
      && a.zeroThreshold == b.zeroThreshold && almostEqual(a.zeroCount, b.zeroCount)
      && a.positiveSpans == b.positiveSpans && a.negativeSpans == b.negativeSpans
      && zip(a.positiveBuckets, b.positiveBuckets).allSatisfy { almostEqual($0, $1) }
      && zip(a.negativeBuckets, b.negativeBuckets).allSatisfy { almostEqual($0, $1) }
  }

  /// Equal but for a millionth; every NaN is equal.
  static func almostEqual(_ a: Double, _ b: Double) -> Bool {
    let epsilon = 1e-6
    if a.isNaN && b.isNaN { return true }
    if a == b { return true }
    let size = abs(a) + abs(b)
    let difference = abs(a - b)
    if a == 0 || b == 0 || size < .leastNormalMagnitude {
      return difference < epsilon * .leastNormalMagnitude
    }
    return difference / min(size, .greatestFiniteMagnitude) < epsilon
  }
}
