import ApusModel
import ApusPromQL
import ApusStorage
import ApusTesting
import Testing

/// What a range query says at a step, an instant query at that time says too: of native
/// histograms, for which there is no reference, and of floats among them.
@Suite struct StepConsistencyTests {
  @Test func `every step of a range query is an instant query`() throws {
    var compared = 0
    for seed in 1...60 {
      var dice = Dice(seed: UInt64(seed))
      let store = HistogramData.store(&dice)
      var options = EngineOptions.allFeatures
      options.delayedNameRemoval = dice.once(in: 2)
      if dice.once(in: 2) {
        options.threadsPerQuery = 2
        options.splitPointsMin = 0
      }
      let engine = Fixtures.engine(options)
      for _ in 0..<25 {
        let text = HistogramData.expression(&dice, depth: 2)
        let startMs = Int64(dice.below(1_200_000))
        let stepMs = Int64(dice.pick([7_777, 15_000, 60_000]))
        compared += try compare(engine, store, text, startMs, stepMs, seed)
      }
    }
    #expect(compared > 5_000, "\(compared) points compared")
  }

  /// - Returns: points that agree.
  private func compare(
    _ engine: Engine, _ store: MemoryStore, _ text: String, _ startMs: Int64, _ stepMs: Int64,
    _ seed: Int
  ) throws -> Int {
    let range = QueryRequest.Time.range(
      startMs: startMs, endMs: startMs + 7 * stepMs, stepMs: stepMs)
    guard
      let whole = try? engine.evaluate(
        QueryRequest(expression: text, time: range), on: store)
    else { return 0 }
    guard case .matrix(let rows) = whole.value else { return 0 }
    var points = 0
    for step in 0..<8 {
      let timeMs = startMs + Int64(step) * stepMs
      let instant = try engine.evaluate(
        QueryRequest(expression: text, time: .instant(timeMs: timeMs)), on: store)
      guard case .vector(let elements) = instant.value else { return 0 }
      let expected = Dictionary(
        uniqueKeysWithValues: elements.map { ($0.labels, Self.shown($0.value)) })
      var found: [Labels: String] = [:]
      for row in rows {
        if let place = row.times.firstIndex(of: timeMs) {
          found[row.labels] = Self.shown(.float(row.values[place]))
        }
        if let place = row.histogramTimes.firstIndex(of: timeMs) {
          found[row.labels] = Self.shown(.histogram(row.histograms[place]))
        }
      }
      if expected != found {
        Issue.record("seed \(seed): \(text) at \(timeMs): \(found), not \(expected)")
        return points
      }
      points += found.count
    }
    return points
  }

  private static func shown(_ value: PointValue) -> String {
    switch value {
    case .float(let value): value.isNaN ? "NaN" : "\(value.bitPattern)"
    case .histogram(let histogram): "\(histogram) \(histogram.resetHint)"
    }
  }
}

/// Native histograms of all kinds, with floats among them, and expressions over them.
private enum HistogramData {
  static func store(_ dice: inout Dice) -> MemoryStore {
    let store = MemoryStore()
    for a in ["x", "y"] {
      for b in ["1", "2"] where !dice.once(in: 5) {
        store.append(["__name__": "h", "a": a, "b": b], samples(&dice))
        var batch = SampleBatch()
        batch.times = (0..<80).map { Int64($0) * 15_000 + 77 }
        batch.values = (0..<80).map { Double($0 % 17) }
        store.append(["__name__": "f_total", "a": a, "b": b], batch)
        for bound in ["0.5", "1", "2", "+Inf"] {
          batch.values = (0..<80).map { Double($0 * (bound.utf8.count + 1)) }
          store.append(["__name__": "c_bucket", "a": a, "b": b, "le": bound], batch)
        }
      }
    }
    return store
  }

  private static func samples(_ dice: inout Dice) -> SampleBatch {
    var batch = SampleBatch()
    let isCustom = dice.once(in: 4)
    let isGauge = dice.once(in: 5)
    let schema = Int32(dice.below(3))
    var counts = [Double](repeating: 1, count: 4)
    var timeMs = Int64(dice.below(15_000))
    while timeMs < 1_200_000 {
      if dice.once(in: 30) { counts = [0, 0, 1, 0] }
      for i in counts.indices { counts[i] += Double(dice.below(4)) }
      var histogram = FloatHistogram()
      histogram.schema = isCustom ? -53 : (dice.once(in: 9) ? schema + 1 : schema)
      if isCustom { histogram.customBounds = [0.5, 1, 2] }
      histogram.positiveSpans = [.init(offset: 0, length: 4)]
      histogram.positiveBuckets = counts
      histogram.count = counts.reduce(0, +)
      histogram.sum = counts[0] + counts[3] * 4
      if isGauge { histogram.resetHint = .gauge }
      if dice.once(in: 40) {
        batch.times.append(timeMs)
        batch.values.append(dice.once(in: 3) ? StaleMarker.value : 3)
      } else {
        batch.histogramTimes.append(timeMs)
        batch.histograms.append(histogram)
      }
      timeMs += dice.once(in: 30) ? 400_000 : 15_000
    }
    return batch
  }

  static func expression(_ dice: inout Dice, depth: Int) -> String {
    let window = dice.pick(["30s", "1m", "5m", "10m"])
    let leaf = dice.pick([
      "h", "h offset 1m", "rate(h[\(window)])", "increase(h[\(window)])", "delta(h[\(window)])",
      "irate(h[\(window)])", "idelta(h[\(window)])", "sum_over_time(h[\(window)])",
      "avg_over_time(h[\(window)])", "last_over_time(h[\(window)])", "resets(h[\(window)])",
      "changes(h[\(window)])", "count_over_time(h[\(window)])", "f_total", "h{a=\"x\"}",
      "first_over_time(h[\(window)])", "max_over_time(f_total[\(window)])",
      "sum_over_time(rate(h[1m])[\(window):30s])", "rate(c_bucket[\(window)])", "h @ 600",
    ])
    if depth == 0 { return leaf }
    let inner = expression(&dice, depth: depth - 1)
    switch dice.below(14) {
    case 0: return "histogram_quantile(0.9, \(inner))"
    case 1: return "histogram_\(dice.pick(["count", "sum", "avg", "stddev", "stdvar"]))(\(inner))"
    case 2: return "histogram_fraction(0, 1.5, \(inner))"
    case 3: return "\(dice.pick(["sum", "avg", "count", "group"])) by (a) (\(inner))"
    case 4: return "\(dice.pick(["sum", "avg", "max", "count"])) (\(inner))"
    case 5: return "(\(inner) \(dice.pick(["+", "-", "==", "!=", "and", "or"])) \(leaf))"
    case 6: return "(\(inner) \(dice.pick(["*", "/", "</", ">/"])) \(dice.pick(["2", "0.7"])))"
    case 7: return "-\(inner)"
    case 8: return "sum by (le) (\(inner))"
    default: return inner
    }
  }
}
