internal import ApusConfig
internal import ApusModel
internal import ApusPromQL
internal import ApusPromQLSyntax

/// An alert as tests compare and show it.
struct ShownAlert: Comparable {
  let labels: Labels
  let annotations: Labels

  static func < (a: ShownAlert, b: ShownAlert) -> Bool {
    a.labels == b.labels ? a.annotations < b.annotations : a.labels < b.labels
  }

  /// A numbered list, indented to stand behind `exp:`.
  static func text(_ alerts: [ShownAlert]) -> String {
    if alerts.isEmpty { return "[]" }
    let indent = String(repeating: " ", count: 12)
    let items = alerts.enumerated().map { index, alert in
      "\(indent)\(index):\n\(indent)  Labels:\(alert.labels)\n"
        + "\(indent)  Annotations:\(alert.annotations)"
    }
    return "[\n" + items.joined(separator: ",\n") + "\n\(indent)]"
  }
}

/// One element of a result as tests compare and show it.
struct ShownSample: Comparable {
  let labels: Labels
  let value: Double
  /// In the notation of tests; empty for a float.
  let histogram: String

  init(_ labels: Labels, _ value: PointValue) {
    self.labels = labels
    switch value {
    case .float(let number):
      self.value = number
      histogram = ""
    case .histogram(let native):
      self.value = 0
      histogram = native.testNotation
    }
  }

  static func expected(
    _ samples: [RuleTestFile.ExpectedSample]
  ) throws(CommandFailure) -> [ShownSample] {
    var shown: [ShownSample] = []
    for sample in samples {
      do {
        let value: PointValue =
          sample.histogram.isEmpty
          ? .float(sample.value) : .histogram(try histogram(sample.histogram))
        shown.append(ShownSample(try Parser.parseMetric(sample.series), value))
      } catch {
        throw CommandFailure("labels \(GoQuote.quote(sample.series)): \(error)")
      }
    }
    return shown
  }

  private static func histogram(_ text: String) throws -> FloatHistogram {
    let values = try SeriesNotation.parse("{} \(text)", combine: SeriesNotation.addSteps).values
    guard values.count == 1 else {
      throw CommandFailure("expected 1 value, got \(values.count)")
    }
    guard case .histogram(let native, _) = values[0] else {
      throw CommandFailure("expected histogram, got \(values[0])")
    }
    return native
  }

  static func < (a: ShownSample, b: ShownSample) -> Bool { a.labels < b.labels }

  /// - Parameter isFuzzy: values may be neighbours.
  static func areEqual(_ a: [ShownSample], _ b: [ShownSample], isFuzzy: Bool) -> Bool {
    a.count == b.count
      && zip(a, b).allSatisfy { one, other in
        let isEqual =
          one.value == other.value
          || isFuzzy && (one.value.nextUp == other.value || one.value.nextDown == other.value)
        return one.labels == other.labels && isEqual
          && one.comparedHistogram == other.comparedHistogram
      }
  }

  /// That a counter went on is what a store may or may not know: it is not compared.
  private var comparedHistogram: String {
    histogram.replacing(" counter_reset_hint:not_reset", with: "")
  }

  static func text(_ samples: [ShownSample]) -> String {
    samples.isEmpty ? "nil" : samples.map(\.text).joined(separator: ", ")
  }

  private var text: String {
    let number = histogram.isEmpty ? FloatText.text(value, .e) : histogram
    return "\(labels) \(histogram.isEmpty ? number.replacing("e", with: "E") : number)"
  }
}

extension FloatHistogram {
  /// `{{schema:1 count:3 sum:4.5 offset:2 buckets:[1 2]}}`: what a test would have to say to get
  /// this histogram (Prometheus, FloatHistogram.TestExpression).
  var testNotation: String {
    var parts: [String] = []
    func addNumber(_ key: String, _ number: Double) {
      if number != 0 { parts.append("\(key):\(FloatText.g(number))") }
    }
    if schema != 0 { parts.append("schema:\(schema)") }
    addNumber("count", count)
    addNumber("sum", sum)
    addNumber("z_bucket", zeroCount)
    addNumber("z_bucket_w", zeroThreshold)
    if usesCustomBuckets {
      parts.append("custom_values:[\(customBounds.map(FloatText.g).joined(separator: " "))]")
    }
    switch resetHint {
    case .unknown: break
    case .reset: parts.append("counter_reset_hint:reset")
    case .notReset: parts.append("counter_reset_hint:not_reset")
    case .gauge: parts.append("counter_reset_hint:gauge")
    }
    addBuckets(
      positiveSpans, positiveBuckets, offsetKey: "offset", bucketsKey: "buckets", to: &parts)
    addBuckets(
      negativeSpans, negativeBuckets, offsetKey: "n_offset", bucketsKey: "n_buckets", to: &parts)
    return "{{\(parts.joined(separator: " "))}}"
  }

  private func addBuckets(
    _ spans: [Span], _ buckets: [Double], offsetKey: String, bucketsKey: String,
    to parts: inout [String]
  ) {
    var dense: [Double] = []
    var first: Int?
    var index = 0
    var rest = buckets[...]
    for span in spans {
      index += Int(span.offset)
      for _ in 0..<span.length {
        let count = rest.popFirst() ?? 0
        if count != 0 || first != nil {
          let start = first ?? index
          first = start
          dense += [Double](repeating: 0, count: max(0, index - start - dense.count)) + [count]
        }
        index += 1
      }
    }
    while dense.last == 0 { dense.removeLast() }
    guard let first, !dense.isEmpty else { return }
    if first != 0 { parts.append("\(offsetKey):\(first)") }
    parts.append("\(bucketsKey):[\(dense.map(FloatText.g).joined(separator: " "))]")
  }
}
