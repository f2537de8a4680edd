import ApusModel
import ApusPromQLSyntax
import Glibc

/// PromQL as a textbook would have it: every part is evaluated at every step and kept, series by
/// series, sample by sample. Slow, and as plain as can be; floats only.
///
/// What the engine must agree with to the bit. It shares the parser with the engine and nothing
/// else.
struct Reference {
  let store: ReferenceStore
  let startMs: Int64
  let endMs: Int64
  /// 0 for an instant query.
  let stepMs: Int64
  let delaysNames: Bool
  let lookbackMs: Int64 = 300_000
  let subqueryStepMs: Int64 = 60_000

  var times: [Int64] {
    stepMs == 0 ? [startMs] : Array(stride(from: startMs, through: endMs, by: Int(stepMs)))
  }

  /// The rows of a query's answer: for each step the elements by their labels.
  func answer(_ expression: Expression) throws -> [[Labels: Double]] {
    switch try value(expression, times) {
    case .scalar(let values): return values.map { [.empty: $0] }
    case .string: return []
    case .vector(let steps):
      return try steps.map { elements in
        var row: [Labels: Double] = [:]
        for element in elements {
          let labels = ReferenceStore.labels(
            element.dropsName ? Self.withoutName(element.labels) : element.labels)
          guard row.updateValue(element.value, forKey: labels) == nil else {
            throw ReferenceError.duplicateLabels
          }
        }
        return row
      }
    }
  }

  func value(_ expression: Expression, _ times: [Int64]) throws -> ReferenceValue {
    switch expression {
    case .number(let literal): return .scalar(times.map { _ in literal.value })
    case .string(let literal): return .string(literal.value)
    case .parentheses(let parentheses): return try value(parentheses.inner, times)
    case .vectorSelector(let selector): return .vector(select(selector, times))
    case .unary(let unary): return try negated(unary, times)
    case .binary(let binary): return try self.binary(binary, times)
    case .aggregate(let aggregate): return .vector(try self.aggregate(aggregate, times))
    case .call(let call): return try self.call(call, times)
    case .matrixSelector, .subquery: throw ReferenceError(text: "a range vector by itself")
    }
  }

  func vector(_ expression: Expression, _ times: [Int64]) throws -> [[ReferenceSample]] {
    guard case .vector(let steps) = try value(expression, times) else {
      throw ReferenceError(text: "no vector")
    }
    return steps
  }

  func scalar(_ expression: Expression, _ times: [Int64]) throws -> [Double] {
    guard case .scalar(let values) = try value(expression, times) else {
      throw ReferenceError(text: "no scalar")
    }
    return values
  }

  func text(_ expression: Expression) throws -> String {
    guard case .string(let text) = try value(expression, times) else {
      throw ReferenceError(text: "no string")
    }
    return text
  }

  // MARK: Time and selectors

  /// The time at which a selector reads for a step.
  func readTime(_ at: AtModifier?, _ offset: DurationValue, _ timeMs: Int64) -> Int64 {
    let base: Int64 =
      switch at {
      case nil: timeMs
      case .timeMs(let fixed): fixed
      case .start: startMs
      case .end: endMs
      }
    return base - milliseconds(offset)
  }

  func milliseconds(_ value: DurationValue) -> Int64 {
    if case .ms(let ms) = value { return ms }
    return 0
  }

  private func select(_ selector: VectorSelector, _ times: [Int64]) -> [[ReferenceSample]] {
    let found = store.matching(selector.matchers)
    return times.map { timeMs in
      let atMs = readTime(selector.at, selector.offset, timeMs)
      return found.compactMap { series in
        if selector.isSmoothed { return smoothed(series, atMs) }
        guard
          let newest = series.samples.last(where: {
            $0.timeMs <= atMs && $0.timeMs > atMs - lookbackMs
          }), !StaleMarker.isStale(newest.value)
        else { return nil }
        return ReferenceSample(
          labels: series.labels, value: newest.value, timeMs: newest.timeMs)
      }
    }
  }

  /// By a straight line between the samples on both sides; the older one where there is only that.
  private func smoothed(_ series: ReferenceSeries, _ atMs: Int64) -> ReferenceSample? {
    let live = series.samples.filter { !StaleMarker.isStale($0.value) }
    let before = live.last { $0.timeMs < atMs && $0.timeMs > atMs - lookbackMs }
    let after = live.first { $0.timeMs >= atMs && $0.timeMs <= atMs + lookbackMs }
    if let after, after.timeMs == atMs {
      return ReferenceSample(labels: series.labels, value: after.value)
    }
    guard let before else { return nil }
    let value =
      after.map { ReferenceFunctions.interpolated(before, $0, atMs, false) } ?? before.value
    return ReferenceSample(labels: series.labels, value: value)
  }

  // MARK: Names

  static func withoutName(_ labels: [String: String]) -> [String: String] {
    labels.filter { !["__name__", "__type__", "__unit__"].contains($0.key) }
  }

  /// The elements have lost their meaning of the metric they came from.
  func droppingNames(_ steps: [[ReferenceSample]]) throws -> [[ReferenceSample]] {
    try unique(
      steps.map { elements in
        elements.map { element in
          var element = element
          element.timeMs = nil
          if delaysNames {
            element.dropsName = true
          } else {
            element.labels = Self.withoutName(element.labels)
          }
          return element
        }
      })
  }

  /// Where names are dropped at once, two elements may not have the same labels after that.
  func unique(_ steps: [[ReferenceSample]]) throws -> [[ReferenceSample]] {
    if delaysNames { return steps }
    for elements in steps {
      guard Set(elements.map { $0.labels }).count == elements.count else {
        throw ReferenceError.duplicateLabels
      }
    }
    return steps
  }

  private func negated(_ unary: UnaryExpression, _ times: [Int64]) throws -> ReferenceValue {
    let inner = try value(unary.operand, times)
    guard unary.isNegated else { return inner }
    switch inner {
    case .scalar(let values): return .scalar(values.map { -$0 })
    case .vector(let steps):
      return .vector(
        try droppingNames(
          steps.map { elements in
            elements.map { element in
              var element = element
              element.value = -element.value
              return element
            }
          }))
    case .string: throw ReferenceError(text: "a string cannot be negated")
    }
  }
}
