import ApusModel
import ApusPromQL
import ApusPromQLSyntax
import ApusStorage
import Foundation
import Testing

/// Random expressions over random data: the engine and the reference agree to the bit.
///
/// `APUS_PROMQL_SEEDS` says how many stores, `APUS_PROMQL_FIRST` which comes first; a seed and the
/// expression are printed where the two differ.
@Suite struct ReferenceTests {
  private static func setting(_ name: String, _ standard: Int) -> Int {
    ProcessInfo.processInfo.environment[name].flatMap { Int($0) } ?? standard
  }

  private static let seeds = setting("APUS_PROMQL_SEEDS", 60)
  private static let firstSeed = setting("APUS_PROMQL_FIRST", 1)
  private static let expressionsPerSeed = 100

  @Test(arguments: [0, 1])
  func `the engine agrees with the reference on random expressions`(half: Int) throws {
    var answered = 0
    var total = 0
    for seed in Self.firstSeed..<Self.firstSeed + Self.seeds where seed % 2 == half {
      var dice = Dice(seed: UInt64(seed))
      let trial = Trial(&dice)
      var expressions = RandomExpressions(seed: dice.next())
      for _ in 0..<Self.expressionsPerSeed {
        let text = expressions.expression()
        total += 1
        let time = Trial.time(&dice)
        switch trial.compare(text, time) {
        case .same(let points): answered += points > 0 ? 1 : 0
        case .differs(let why): Issue.record("seed \(seed): \(text) at \(time): \(why)")
        }
      }
    }
    // Most expressions have an answer with points: else little would be compared.
    #expect(answered * 2 > total, "\(answered) of \(total) have points")
  }
}

/// One store, read by engine and reference.
private struct Trial {
  enum Outcome {
    case same(points: Int)
    case differs(String)
  }

  private let data: ReferenceStore
  private let store: any Queryable
  private let engine: Engine
  private let delaysNames: Bool

  init(_ dice: inout Dice) {
    data = RandomData.store(&dice)
    store = data.memoryStore
    delaysNames = dice.once(in: 3)
    var options = EngineOptions.allFeatures
    options.delayedNameRemoval = delaysNames
    if dice.once(in: 2) {
      // Every range query in two halves.
      options.threadsPerQuery = 2
      options.splitPointsMin = 0
    }
    engine = Fixtures.engine(options)
  }

  static func time(_ dice: inout Dice) -> QueryRequest.Time {
    let startMs = Int64(dice.below(1_900_000))
    if dice.once(in: 4) { return .instant(timeMs: startMs) }
    let stepMs = Int64(dice.pick([1_000, 7_777, 15_000, 60_000, 250_000]))
    return .range(
      startMs: startMs, endMs: startMs + Int64(dice.below(14)) * stepMs, stepMs: stepMs)
  }

  func compare(_ text: String, _ time: QueryRequest.Time) -> Outcome {
    let expression: ApusPromQLSyntax.Expression
    do {
      expression = try Parser.parse(text, options: .all)
    } catch {
      return .differs("not an expression: \(error)")
    }
    var reference = Reference(
      store: data, startMs: 0, endMs: 0, stepMs: 0, delaysNames: delaysNames)
    switch time {
    case .instant(let timeMs):
      reference = Reference(
        store: data, startMs: timeMs, endMs: timeMs, stepMs: 0, delaysNames: delaysNames)
    case .range(let startMs, let endMs, let stepMs):
      reference = Reference(
        store: data, startMs: startMs, endMs: endMs, stepMs: stepMs, delaysNames: delaysNames)
    }
    let expected = Result { try reference.answer(expression) }
    let found = Result {
      try engine.evaluate(QueryRequest(expression: text, time: time), on: store)
    }
    switch (expected, found) {
    case (.success(let rows), .success(let result)):
      return Self.compare(rows, result.value, reference.times)
    case (.failure(let a as ReferenceError), .failure(let b)):
      return Self.isSame(a.text, "\(b)")
        ? .same(points: 1) : .differs("error \(b), not \(a.text)")
    case (.failure(let error), _): return .differs("no error, but \(error)")
    case (_, .failure(let error)): return .differs("error \(error)")
    }
  }

  /// Which of several duplicates is named depends on the order of series, which is free.
  private static func isSame(_ a: String, _ b: String) -> Bool {
    let duplicates = "found duplicate series for the match group"
    return a == b || (a.hasPrefix(duplicates) && b.hasPrefix(duplicates))
  }

  private static func compare(
    _ expected: [[Labels: Double]], _ value: QueryResult.Value, _ times: [Int64]
  ) -> Outcome {
    var found = times.map { _ in [Labels: Double]() }
    var points = 0
    func note(_ step: Int, _ labels: Labels, _ value: Double) -> Bool {
      points += 1
      return found[step].updateValue(value, forKey: labels) == nil
    }
    switch value {
    case .scalar(_, let value): _ = note(0, .empty, value)
    case .string: break
    case .vector(let all):
      for element in all {
        guard case .float(let value) = element.value, note(0, element.labels, value) else {
          return .differs("\(element.labels) is there twice")
        }
      }
    case .matrix(let all):
      let places = Dictionary(uniqueKeysWithValues: times.enumerated().map { ($1, $0) })
      for row in all {
        for (timeMs, value) in zip(row.times, row.values) {
          guard let step = places[timeMs], note(step, row.labels, value) else {
            return .differs("\(row.labels) has a second or stray point at \(timeMs)")
          }
        }
      }
    }
    for (step, timeMs) in times.enumerated() {
      let a = expected[step]
      let b = found[step]
      for (labels, value) in a {
        guard let other = b[labels] else { return .differs("\(labels) missing at \(timeMs)") }
        if value.bitPattern != other.bitPattern && !(value.isNaN && other.isNaN) {
          return .differs("\(labels) at \(timeMs) is \(other), not \(value)")
        }
      }
      for labels in b.keys where a[labels] == nil {
        return .differs("\(labels) at \(timeMs) should not be there")
      }
    }
    return .same(points: points)
  }
}
