import ApusModel
import ApusPromQL
import ApusStorage
import Foundation
import Testing

/// Random expressions over native histograms: the engine agrees with what they are by definition.
///
/// `APUS_PROMQL_SEEDS` and `APUS_PROMQL_FIRST` as in `ReferenceTests`.
@Suite struct HistogramReferenceTests {
  private static func setting(_ name: String, _ standard: Int) -> Int {
    ProcessInfo.processInfo.environment[name].flatMap { Int($0) } ?? standard
  }

  @Test func `the engine agrees with the reference on native histograms`() throws {
    let first = Self.setting("APUS_PROMQL_FIRST", 1)
    var answered = 0
    var total = 0
    for seed in first..<first + Self.setting("APUS_PROMQL_SEEDS", 60) {
      var dice = Dice(seed: UInt64(seed))
      let data = RandomHistogramData(&dice)
      let trial = HistogramTrial(data, Fixtures.engine(.allFeatures(delaysNames: false)))
      for _ in 0..<50 {
        let expression = RandomHistograms.expression(&dice, depth: dice.below(4))
        let question = RandomHistograms.question(expression, &dice)
        let startMs = 30_000 + Int64(dice.below(1_100_000))
        let stepMs = Int64(dice.pick([15_000, 60_000, 7_777]))
        let times = (0..<Int64(1 + dice.below(6))).map { startMs + $0 * stepMs }
        total += 1
        switch trial.compare(question, times, stepMs) {
        case .same(let points): answered += points > 0 ? 1 : 0
        case .differs(let why):
          Issue.record("seed \(seed): \(question.text) at \(times[0]) step \(stepMs): \(why)")
        }
      }
    }
    #expect(answered * 2 > total, "\(answered) of \(total) have points")
  }
}

/// What is asked about an expression.
enum HistogramQuestion {
  case itself(HistogramExpression)
  /// A function of every histogram.
  case measured(HistogramExpression, String, (ReferenceHistogram) -> Double)
  /// count, changes or resets of a window.
  case window(String, String, rangeMs: Int64)

  var text: String {
    switch self {
    case .itself(let expression): expression.text
    case .measured(let expression, let function, _): "\(function) \(expression.text))"
    case .window(let function, let name, let rangeMs): "\(function)(\(name)[\(rangeMs)ms])"
    }
  }
}

enum RandomHistograms {
  static func expression(_ dice: inout Dice, depth: Int) -> HistogramExpression {
    let name = dice.pick(RandomHistogramData.names)
    guard depth > 0 else {
      return .selector(name, offsetMs: dice.once(in: 4) ? Int64(dice.below(90_000)) : 0)
    }
    switch dice.below(10) {
    case 0...2: return window(&dice)
    case 3:
      return .scaled(
        expression(&dice, depth: depth - 1), by: dice.pick([2, 0.5, -1, 3]),
        isDivided: dice.once(in: 2))
    case 4: return .negated(expression(&dice, depth: depth - 1))
    case 5, 6:
      return .joined(
        expression(&dice, depth: depth - 1), expression(&dice, depth: depth - 1),
        isSum: dice.once(in: 2))
    case 7, 8:
      return .aggregated(
        dice.pick(["sum", "sum", "avg"]), by: dice.pick([[], ["a"], ["a", "b"]]),
        expression(&dice, depth: depth - 1))
    default:
      return .set(
        dice.pick(["and", "or", "unless"]), expression(&dice, depth: depth - 1),
        expression(&dice, depth: depth - 1))
    }
  }

  private static func window(_ dice: inout Dice) -> HistogramExpression {
    let function = dice.pick([
      "rate", "increase", "rate", "delta", "irate", "idelta", "sum_over_time", "avg_over_time",
      "last_over_time", "first_over_time",
    ])
    // Of gauges the counts alone do not tell whether there was a reset.
    let name =
      switch function {
      case "delta", "idelta": "hg"
      case "rate", "increase", "irate": dice.pick(["hc_total", "hb_total"])
      default: dice.pick(RandomHistogramData.names)
      }
    return .window(function, name, rangeMs: dice.pick([30_000, 60_000, 300_000]))
  }

  static func question(
    _ expression: HistogramExpression, _ dice: inout Dice
  ) -> HistogramQuestion {
    switch dice.below(12) {
    case 0: return .measured(expression, "histogram_count(") { $0.count }
    case 1: return .measured(expression, "histogram_sum(") { $0.sum }
    case 2: return .measured(expression, "histogram_avg(") { $0.sum / $0.count }
    case 3: return .measured(expression, "histogram_stdvar(") { $0.variance }
    case 4: return .measured(expression, "histogram_stddev(") { $0.variance.squareRoot() }
    case 5, 6:
      let q = dice.pick([0, 0.1, 0.49, 0.5, 0.75, 0.99, 1, -1, 2])
      return .measured(plain(&dice), "histogram_quantile(\(q),") { $0.quantile(q) }
    case 7:
      let lower = dice.pick([-2, 0, 0.3, 1])
      let upper = lower + dice.pick([0.5, 3, 0, 100])
      return .measured(plain(&dice), "histogram_fraction(\(lower), \(upper),") {
        $0.fraction(lower, upper)
      }
    case 8:
      return .window(
        dice.pick(["count_over_time", "changes", "resets"]), dice.pick(RandomHistogramData.names),
        rangeMs: dice.pick([60_000, 300_000]))
    default: return .itself(expression)
    }
  }

  /// With counts that no rounding has touched: whether a rank is reached must not depend on it.
  private static func plain(_ dice: inout Dice) -> HistogramExpression {
    let name = dice.pick(RandomHistogramData.names)
    return dice.once(in: 2)
      ? .selector(name, offsetMs: 0)
      : .aggregated("sum", by: ["a"], .selector(name, offsetMs: 0))
  }
}

extension EngineOptions {
  fileprivate static func allFeatures(delaysNames: Bool) -> EngineOptions {
    var options = EngineOptions.allFeatures
    options.delayedNameRemoval = delaysNames
    return options
  }
}

/// Asks engine and reference.
private struct HistogramTrial {
  enum Outcome {
    case same(points: Int)
    case differs(String)
  }

  private enum Value {
    case histogram(ReferenceHistogram)
    case float(Double)
  }

  private let data: RandomHistogramData
  private let store: any Queryable
  private let engine: Engine

  init(_ data: RandomHistogramData, _ engine: Engine) {
    self.data = data
    self.engine = engine
    store = data.memoryStore
  }

  func compare(
    _ question: HistogramQuestion, _ times: [Int64], _ stepMs: Int64
  ) -> Outcome {
    var points = 0
    do {
      let found = try answer(question.text, times, stepMs)
      for (step, timeMs) in times.enumerated() {
        let expected = expected(question, timeMs)
        for labels in found[step].keys where expected[labels] == nil {
          return .differs("\(labels) at \(timeMs) should not be there")
        }
        for (labels, value) in expected {
          guard let other = found[step][labels] else {
            return .differs("\(labels) missing at \(timeMs)")
          }
          points += 1
          guard Self.isLike(value, other) else {
            return .differs("\(labels) at \(timeMs) is \(other), not \(value)")
          }
        }
      }
    } catch {
      return .differs("error \(error)")
    }
    return .same(points: points)
  }

  private static func isLike(_ a: Value, _ b: Value) -> Bool {
    switch (a, b) {
    case (.float(let x), .float(let y)): ReferenceHistogram.near(x, y, sum: 1e3)
    case (.histogram(let x), .histogram(let y)): x.isLike(y)
    default: false
    }
  }

  private func expected(_ question: HistogramQuestion, _ timeMs: Int64) -> [Labels: Value] {
    switch question {
    case .itself(let expression):
      return expression.row(data, atMs: timeMs).mapValues { .histogram($0) }
    case .measured(let expression, _, let measure):
      let row = HistogramExpression.nameless(expression.row(data, atMs: timeMs))
      return row.mapValues { .float(measure($0)) }
    case .window(let function, let name, let rangeMs):
      let values = data.series(name).compactMap { labels, samples -> (Labels, Value)? in
        let inside = samples.filter { $0.timeMs <= timeMs && $0.timeMs > timeMs - rangeMs }
        if inside.isEmpty { return nil }
        let window = HistogramWindow(inside, endMs: timeMs, lengthMs: rangeMs)
        let value =
          function == "count_over_time"
          ? Double(inside.count) : window.changes(resetsOnly: function == "resets")
        var builder = LabelsBuilder(labels)
        builder.set("__name__", "")
        return (builder.labels(), .float(value))
      }
      return Dictionary(uniqueKeysWithValues: values)
    }
  }

  private func answer(
    _ text: String, _ times: [Int64], _ stepMs: Int64
  ) throws -> [[Labels: Value]] {
    let request = QueryRequest(
      expression: text,
      time: .range(startMs: times[0], endMs: times[times.count - 1], stepMs: stepMs))
    guard case .matrix(let rows) = try engine.evaluate(request, on: store).value else {
      return []
    }
    var found = times.map { _ in [Labels: Value]() }
    for row in rows {
      for (timeMs, value) in zip(row.times, row.values) {
        found[Int((timeMs - times[0]) / stepMs)][row.labels] = .float(value)
      }
      for (timeMs, histogram) in zip(row.histogramTimes, row.histograms) {
        found[Int((timeMs - times[0]) / stepMs)][row.labels] =
          .histogram(ReferenceHistogram(histogram))
      }
    }
    return found
  }
}
